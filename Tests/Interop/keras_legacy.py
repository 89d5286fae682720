"""Trains, saves and resumes with keras-bert and bert4keras, in their own environment.

    keras_legacy.py train CASE FOLDER    a.h5 after 3 steps; wanted.npz after 3 more
    keras_legacy.py resume CASE FOLDER   back.h5 continued for 3 steps, compared with both
    keras_legacy.py weights FILE         a legacy file of weights loaded into keras-bert's model
    keras_legacy.py list                 the cases, one a line
    keras_legacy.py serve                does what the lines of its input ask for, each in a fork of its own

Needs TensorFlow 2.15 with keras-bert and bert4keras, which were written for the base class of optimizers that
is now called legacy.
"""
import importlib
import json
import os
import pathlib
import sys
import traceback

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_KERAS"] = "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np
import tensorflow as tf

tf.config.threading.set_inter_op_parallelism_threads(1)
tf.config.threading.set_intra_op_parallelism_threads(1)

for name in ("keras.api._v2.keras.optimizers", "tensorflow.keras.optimizers"):
    importlib.import_module(name).Optimizer = tf.keras.optimizers.legacy.Optimizer

import bert4keras.optimizers as b4k
import h5py
from keras_bert import AdamWarmup, get_custom_objects, get_model

K = tf.keras
ROWS = 4
# Stands before the exit status behind what one line of `serve`'s input printed.
END = "== end"


def keras_bert(optimizer):
    K.backend.clear_session()
    K.utils.set_random_seed(5)
    model = get_model(
        token_num=40, head_num=2, transformer_num=2, embed_dim=12, feed_forward_dim=24, seq_len=8, pos_num=8,
        dropout_rate=0.0, attention_activation=None, training=True, trainable=True)
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    generator = np.random.default_rng(1)
    x = [generator.integers(0, 40, (ROWS, 8)), generator.integers(0, 2, (ROWS, 8)), np.ones((ROWS, 8))]
    y = [generator.integers(0, 40, (ROWS, 8, 1)), generator.integers(0, 2, (ROWS, 1))]
    return model, x, y


def plain(optimizer):
    K.backend.clear_session()
    K.utils.set_random_seed(5)
    inputs = K.Input((6,), name="in")
    x = K.layers.Dense(9, name="wide", activation="tanh")(inputs)
    x = K.layers.LayerNormalization(name="norm")(x)
    model = K.Model(inputs, K.layers.Dense(3, name="a_last")(x), name="mdl")
    model.compile(optimizer, "mse")
    generator = np.random.default_rng(1)
    return model, generator.random((ROWS, 6), "f4"), generator.random((ROWS, 3), "f4")


AdamW = b4k.extend_with_weight_decay(b4k.Adam, "AdamW")
AdamWLR = b4k.extend_with_piecewise_linear_lr(AdamW, "AdamWLR")
LAMB = b4k.extend_with_layer_adaptation(AdamW, "LAMB")
AdamGA = b4k.extend_with_gradient_accumulation(b4k.Adam, "AdamGA")
AdamEMA = b4k.extend_with_exponential_moving_average(b4k.Adam, "AdamEMA")
AdamLA = b4k.extend_with_lookahead(b4k.Adam, "AdamLA")

CASES = {
    "keras-bert": (keras_bert, lambda: AdamWarmup(20, 4, min_lr=1e-5, learning_rate=1e-3, weight_decay=0.01)),
    "keras-bert-amsgrad": (keras_bert, lambda: AdamWarmup(20, 4, learning_rate=1e-3, amsgrad=True)),
    "adam": (plain, lambda: b4k.Adam(1e-2)),
    "adam-uncorrected": (plain, lambda: b4k.Adam(1e-2, bias_correction=False)),
    "weight-decay": (plain, lambda: AdamW(1e-2, weight_decay_rate=0.01, exclude_from_weight_decay=["norm", "bias"])),
    "piecewise": (plain, lambda: AdamWLR(1e-2, weight_decay_rate=0.01, lr_schedule={4: 1, 10: 0.1})),
    "layer-adaptation": (plain, lambda: LAMB(
        1e-2, weight_decay_rate=0.01, exclude_from_weight_decay=["norm"], exclude_from_layer_adaptation=["norm"])),
    "accumulation": (plain, lambda: AdamGA(1e-2, grad_accum_steps=2)),
    "average": (plain, lambda: AdamEMA(1e-2, ema_momentum=0.9)),
    "lookahead": (plain, lambda: AdamLA(1e-2, steps_per_slow_update=2, slow_step_size=0.5)),
    "adafactor": (plain, lambda: b4k.AdaFactor(1e-2, beta1=0.9, min_dim_size_to_factor=3)),
    "adafactor-whole": (plain, lambda: b4k.AdaFactor(1e-2)),
}
OBJECTS = {
    keras_bert: {**get_custom_objects(), "AdamWarmup": AdamWarmup},
    plain: {"AdaFactorV2": b4k.AdaFactor, "Adam": b4k.Adam},
}


def fit(model, x, y, steps=3):
    model.fit(x, y, batch_size=ROWS, epochs=steps, shuffle=False, verbose=0)


def arrays(model):
    weights = model.get_weights() + [np.asarray(v) for v in model.optimizer.get_weights()]
    return {f"{i:04}": w for i, w in enumerate(weights)}


def same(model, path):
    wanted = np.load(path)
    found = arrays(model)
    assert list(found) == wanted.files, (len(found), len(wanted.files))
    bad = [k for k in found if found[k].shape != wanted[k].shape or found[k].tobytes() != wanted[k].tobytes()]
    assert not bad, f"{path.name}: tensors {bad} of {len(found)} differ"


def compile_as(model, case):
    """bert4keras' AdaFactor makes a variable in every step, which a graph does not allow."""
    model.run_eagerly = case.startswith("adafactor")


def train(case, folder):
    make, optimizer = CASES[case]
    model, x, y = make(optimizer())
    compile_as(model, case)
    fit(model, x, y)
    model.save(folder / "a.h5")
    np.savez(folder / "saved.npz", **arrays(model))
    fit(model, x, y)
    np.savez(folder / "wanted.npz", **arrays(model))


def resume(case, folder):
    make, optimizer = CASES[case]
    # load_model takes bert4keras' class Adam for Keras' own, and keras-bert's layers lose a digit of their
    # settings on that way, with or without us: those models are built by code.
    model, x, y = make(optimizer())
    if make is keras_bert:
        same(K.models.load_model(folder / "back.h5", custom_objects=OBJECTS[make]), folder / "saved.npz")
    if make is keras_bert or case.startswith("adam"):
        fill(model, folder / "back.h5")
    else:
        model = K.models.load_model(folder / "back.h5", custom_objects=OBJECTS[make])
    compile_as(model, case)
    same(model, folder / "saved.npz")
    fit(model, x, y)
    same(model, folder / "wanted.npz")


def fill(model, path):
    """Loads a model's weights, and its optimizer's from the list beside them."""
    model.load_weights(path)
    with h5py.File(path) as file:
        group = file["optimizer_weights"]
        slots = [group[name][()] for name in group.attrs["weight_names"].astype(str)]
    # An optimizer has its variables from the first step on.
    model.optimizer._create_all_weights(model.trainable_weights)
    model.optimizer.set_weights(slots)


def weights(path):
    model, x, y = keras_bert(CASES["keras-bert"][1]())
    fill(model, path)
    same(model, path.parent / "saved.npz")
    fit(model, x, y)
    same(model, path.parent / "wanted.npz")


def do(command, *rest):
    if command == "list":
        print("\n".join(CASES))
    elif command == "weights":
        weights(pathlib.Path(rest[0]))
    elif command == "serve":
        serve()
    else:
        {"train": train, "resume": resume}[command](rest[0], pathlib.Path(rest[1]))


def serve():
    """Importing takes longer than most of what is asked: done once. A fork knows nothing of the one before it."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                do(*json.loads(line))
                status = 0
            except BaseException:
                traceback.print_exc(file=sys.stdout)
                status = 1
            sys.stdout.flush()
            os._exit(status)
        _, status = os.waitpid(child, 0)
        print(f"{END} {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    do(*sys.argv[1:])
