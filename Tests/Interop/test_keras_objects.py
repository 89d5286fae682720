"""Object checkpoints of Keras' optimizers: each slot is its variable's, and what is none is no parameter."""
import json

import numpy as np
import pytest
import tensorflow as tf


def build(library, names=("hidden", "out")):
    L = library.layers
    return library.Sequential([L.Input((6,)), L.Dense(5, name=names[0]), L.Dense(2, name=names[1])])


def train(model, optimizer):
    numbers = np.random.default_rng(len(optimizer.variables if not callable(optimizer.variables) else optimizer.variables()))
    for _ in range(3):
        gradients = [tf.constant(numbers.standard_normal(v.shape).astype("f4")) for v in model.trainable_variables]
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))


def found(optstate, path, status=0):
    return json.loads(optstate("inspect", path, "--json", "--variables", status=status).stdout)


def slots(optstate, prefix, tmp_path):
    """The bytes of each slot that has an owner, with those of its variable."""
    import h5py

    store = tmp_path / "s.h5"
    optstate("convert", prefix, store, "--overwrite")
    pairs = set()

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("@") and not name.endswith("@value"):
            value = item.parent.get("@value")
            if value is not None:
                pairs.add((np.asarray(item).tobytes(), np.asarray(value).tobytes()))

    with h5py.File(store) as file:
        file.visititems(visit)
    return pairs


def owned(optimizer, variables):
    pairs = set()
    for value in vars(optimizer).values():
        if isinstance(value, (list, tuple)) and len(value) == len(variables):
            for slot, variable in zip(value, variables):
                if hasattr(slot, "numpy") and slot is not variable and len(slot.shape):
                    pairs.add((slot.numpy().tobytes(), variable.numpy().tobytes()))
    return pairs


@pytest.mark.parametrize("name", ["Adam", "Muon", "Adafactor", "Lamb", "RMSprop", "Adam-average", "AdamW-amsgrad"])
def test_every_optimizer_of_keras_3_is_read(optstate, tmp_path, name):
    import keras

    kind, _, extra = name.partition("-")
    settings = {"average": {"use_ema": True}, "amsgrad": {"amsgrad": True}}.get(extra, {})
    optimizer = getattr(keras.optimizers, kind)(0.01, **settings)
    model = build(keras)
    optimizer.build(model.trainable_variables)
    train(model, optimizer)
    prefix = tf.train.Checkpoint(model=model, optimizer=optimizer).write(str(tmp_path / "c"))
    assert {one["name"] for one in found(optstate, prefix)["variables"]} == {v.path for v in model.trainable_variables}
    assert slots(optstate, prefix, tmp_path) == owned(optimizer, model.trainable_variables)


@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_loss_scaling_hides_nothing(optstate, tmp_path, library):
    K = pytest.importorskip(library)
    K.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = build(K)
        model.compile(K.optimizers.Adam(1e-2), "mse")
        model.fit(np.ones((16, 6)), np.zeros((16, 2)), batch_size=4, verbose=0)
    finally:
        K.mixed_precision.set_global_policy("float32")
    prefix = tf.train.Checkpoint(model=model, optimizer=model.optimizer).write(str(tmp_path / "c"))
    state = found(optstate, prefix)
    assert all(sorted(one["slots"]) == ["adam_m", "adam_v"] for one in state["variables"])
    assert len(state["variables"]) == 4
    assert state["global_step"] == int(model.optimizer.inner_optimizer.iterations)


def test_two_models_of_one_builder_keep_their_slots_apart(optstate, tmp_path):
    import tf_keras as K

    model, target = build(K), build(K)
    optimizer = K.optimizers.Adam(1e-2)
    train(model, optimizer)
    # Nothing in the graph ties the optimizer to one of the models.
    prefix = tf.train.Checkpoint(model=model, target=target, optimizer=optimizer).write(str(tmp_path / "c"))
    state = found(optstate, prefix)
    assert len(state["variables"]) == 8 and not any(one["slots"] for one in state["variables"])
    codes = [one["code"] for one in json.loads(optstate("doctor", prefix, "--json", status=1).stdout)["findings"]]
    assert codes == ["unrecognized_state"]
    optstate("convert", prefix, tmp_path / "m.pt", status=65)
    optstate("convert", prefix, tmp_path / "p.pt", "--only", "parameters")
    # A compiled model has its optimizer inside.
    model.compile(optimizer, "mse")
    prefix = tf.train.Checkpoint(model=model, target=target, optimizer=optimizer).write(str(tmp_path / "d"))
    momentums, velocities = optimizer._momentums, optimizer._velocities
    wanted = {
        (slot.numpy().tobytes(), variable.numpy().tobytes())
        for kept in (momentums, velocities)
        for slot, variable in zip(kept, model.trainable_variables)
    }
    assert slots(optstate, prefix, tmp_path) == wanted


def test_a_step_and_metrics_beside_a_model_are_no_parameters(optstate, tmp_path):
    import tf_keras as K

    model = build(K)
    model.compile(K.optimizers.Adam(1e-2), "mse", metrics=["mae"])
    model.fit(np.ones((16, 6)), np.zeros((16, 2)), batch_size=4, verbose=0)
    step = tf.Variable(3, dtype=tf.int64)
    prefix = tf.train.Checkpoint(model=model, optimizer=model.optimizer, step=step).write(str(tmp_path / "c"))
    model.save(tmp_path / "saved", save_format="tf")
    for path in (prefix, tmp_path / "saved", tmp_path / "saved" / "variables"):
        state = found(optstate, path)
        assert [one["name"] for one in state["variables"]] == ["hidden/kernel", "hidden/bias", "out/kernel", "out/bias"]
        assert all(sorted(one["slots"]) == ["adam_m", "adam_v"] for one in state["variables"])
        assert state["global_step"] == 4
