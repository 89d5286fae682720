"""Small states of Keras: whole models, weights and archives, with what the framework itself says of every slot.

    python make_keras.py OUTPUT              Keras 3.15.1 and tf_keras 2.21.0
    python3.7 make_keras.py OUTPUT old       Keras 2.3.1 on TensorFlow 1.15.5

Beside each file lies `<name>.slots.tsv`: the variable's name, the slot's name in Keras, shape, and the
bytes as the framework holds them, in hexadecimal.
"""
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np

OUTPUT = pathlib.Path(sys.argv[1])


def build(K, optimizer):
    inputs = K.layers.Input((4,), name="in")
    x = K.layers.Dense(3, name="first")(inputs)
    x = K.layers.BatchNormalization(name="batch")(x)
    model = K.models.Model(inputs, K.layers.Dense(2, name="a_last", use_bias=False)(x), name="mdl")
    model.compile(optimizer, "mse")
    generator = np.random.RandomState(7)
    for weight in model.weights:
        if "variance" not in weight.name:
            value = generator.uniform(-1, 1, weight.shape).astype("f4")
            weight.assign(value) if hasattr(weight, "assign") and len(sys.argv) < 3 else K.backend.set_value(weight, value)
    x = generator.uniform(-1, 1, (8, 4)).astype("f4")
    model.fit(x, x[:, :2], batch_size=8, epochs=2, verbose=0)
    return model


def note(name, rows):
    lines = ["variable\tslot\tshape\tbytes"]
    for variable, slot, value in rows:
        value = np.ascontiguousarray(value)
        lines.append("\t".join([
            variable, slot, ",".join(map(str, value.shape)), value.tobytes().hex()]))
    (OUTPUT / (name + ".slots.tsv")).write_text("\n".join(lines) + "\n")


def new():
    import keras
    import tf_keras

    def slots_of_keras3(model):
        variables = {v.path.replace("/", "_"): v.path for v in model.trainable_variables}
        for v in model.optimizer.variables:
            flat = v.path.split("/")[-1]
            owner = [p for p in variables if flat.startswith(p + "_")]
            if owner:
                yield variables[owner[0]], flat[len(owner[0]) + 1:], v.numpy()

    O = keras.optimizers
    for name, optimizer in {
        "adam": O.Adam(1e-2), "adam-amsgrad-average": O.Adam(1e-2, amsgrad=True, use_ema=True),
        "adam-schedule": O.Adam(O.schedules.CosineDecay(1e-2, 100)), "rmsprop": O.RMSprop(1e-2, momentum=0.9, centered=True),
        "loss-scale": O.LossScaleOptimizer(O.Adam(1e-2)),
    }.items():
        keras.utils.clear_session()
        model = build(keras, optimizer)
        model.save(OUTPUT / f"3-{name}.keras")
        note(f"3-{name}.keras", slots_of_keras3(model))
    keras.utils.clear_session()
    model = build(keras, O.Adam(1e-2))
    model.save_weights(OUTPUT / "3-adam.weights.h5")
    note("3-adam.weights.h5", slots_of_keras3(model))
    model.save(OUTPUT / "3-adam.h5")
    note("3-adam.h5", slots_of_keras3(model))

    for name, optimizer, words in [
        ("legacy-adam", tf_keras.optimizers.legacy.Adam(1e-2, amsgrad=True), ["m", "v", "vhat"]),
        ("legacy-rmsprop", tf_keras.optimizers.legacy.RMSprop(1e-2, momentum=0.9, centered=True), ["rms", "momentum", "mg"]),
    ]:
        tf_keras.backend.clear_session()
        model = build(tf_keras, optimizer)
        model.save(OUTPUT / f"tf-{name}.h5")
        note(f"tf-{name}.h5", [
            (v.name[:-2], word, optimizer.get_slot(v, word).numpy()) for v in model.trainable_variables for word in words])
    tf_keras.backend.clear_session()
    optimizer = tf_keras.optimizers.Adam(1e-2)
    model = build(tf_keras, optimizer)
    model.save(OUTPUT / "tf-new-adam.h5")
    rows = []
    for v, m, s in zip(model.trainable_variables, optimizer._momentums, optimizer._velocities):
        rows += [(v.name[:-2], "m", m.numpy()), (v.name[:-2], "v", s.numpy())]
    note("tf-new-adam.h5", rows)
    model.save_weights(OUTPUT / "tf-weights.h5")


def old():
    import keras

    for name, make in {
        "adam": lambda: keras.optimizers.Adam(1e-2), "sgd": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
        "nadam": lambda: keras.optimizers.Nadam(1e-2),
    }.items():
        keras.backend.clear_session()
        optimizer = make()
        model = build(keras, optimizer)
        model.save(str(OUTPUT / f"2.3.1-{name}.h5"))
        values = keras.backend.batch_get_value(optimizer.weights)
        n = len(model.trainable_weights)
        first = {"adam": 1, "sgd": 1, "nadam": 2}[name]
        words = {"adam": ["m", "v"], "sgd": ["moment"], "nadam": ["m", "v"]}[name]
        note(f"2.3.1-{name}.h5", [
            (v.name[:-2], word, values[first + k * n + i]) for k, word in enumerate(words)
            for i, v in enumerate(model.trainable_weights)])


OUTPUT.mkdir(parents=True, exist_ok=True)
old() if len(sys.argv) > 2 else new()
