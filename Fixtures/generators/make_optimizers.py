"""States of TensorFlow's own version 1 optimizers, saved by name, and their gradients.

    python make_optimizers.py DIRECTORY

Five updates each, on tensors whose sizes are no multiple of a vector width; saved after the
second and the fifth. `gradients.h5` holds what leads from the one to the other. Gradients
are fed, not derived, so they are exactly what the file says.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import expected
import h5py
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_eager_execution()

SHAPES = {"dense/kernel": (7, 5), "dense/bias": (3,), "one": (1,), "scalar": ()}
SAVED = (2, 5)

OPTIMIZERS = {
    "adam": lambda: tf.train.AdamOptimizer(1e-3),
    "sgd": lambda: tf.train.GradientDescentOptimizer(0.1),
    "momentum": lambda: tf.train.MomentumOptimizer(0.01, 0.9),
    "nesterov": lambda: tf.train.MomentumOptimizer(0.01, 0.9, use_nesterov=True),
    "rmsprop": lambda: tf.train.RMSPropOptimizer(0.01),
    "rmsprop-centered": lambda: tf.train.RMSPropOptimizer(0.01, momentum=0.5, centered=True),
    "adagrad": lambda: tf.train.AdagradOptimizer(0.01),
    "adadelta": lambda: tf.train.AdadeltaOptimizer(0.1),
    "ftrl": lambda: tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.001),
}


def gradients(update):
    """From 1e-6 to 10 in magnitude, both signs, and one exact zero."""
    random = np.random.RandomState(500 + update)
    result = {}
    for name, shape in SHAPES.items():
        values = random.standard_normal(shape) * 10 ** random.uniform(-6, 1, shape)
        result[name] = np.asarray(values, np.float32)
    result["dense/kernel"][0, 0] = 0
    return result


def start():
    random = np.random.RandomState(499)
    return {n: np.asarray(random.standard_normal(s), np.float32) for n, s in SHAPES.items()}


def build(make):
    """Variables, fed gradients, and the operation that applies them."""
    variables = {n: tf.get_variable(n, initializer=value) for n, value in start().items()}
    step = tf.train.get_or_create_global_step()
    fed = {name: tf.placeholder(tf.float32, shape) for name, shape in SHAPES.items()}
    pairs = [(fed[name], variables[name]) for name in SHAPES]
    return variables, fed, make().apply_gradients(pairs, global_step=step)


def session():
    return tf.Session(
        config=tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    )


def save(saver, running, prefix, step=None):
    path = saver.save(running, prefix, global_step=step, write_meta_graph=False)
    expected.write_for_checkpoint(path)


def make_states(directory):
    for name, make in OPTIMIZERS.items():
        os.makedirs(os.path.join(directory, name), exist_ok=True)
        with tf.Graph().as_default(), session() as running:
            _, fed, update = build(make)
            saver = tf.train.Saver(max_to_keep=9, save_relative_paths=True)
            running.run(tf.global_variables_initializer())
            for number in range(1, SAVED[-1] + 1):
                values = gradients(number)
                running.run(update, {fed[n]: values[n] for n in SHAPES})
                if number in SAVED:
                    save(saver, running, os.path.join(directory, name, "model.ckpt"), number)


def make_gradients(path):
    """The same for every optimizer: `/1` is the first update after model.ckpt-2."""
    with h5py.File(path, "w") as file:
        for number in range(SAVED[0] + 1, SAVED[1] + 1):
            for name, values in gradients(number).items():
                file.create_dataset("%d/%s" % (number - SAVED[0], name), data=values)


def make_average(directory):
    """Adam with an exponential moving average of the weights beside it."""
    os.makedirs(directory, exist_ok=True)
    with tf.Graph().as_default(), session() as running:
        variables, fed, update = build(OPTIMIZERS["adam"])
        with tf.control_dependencies([update]):
            average = tf.train.ExponentialMovingAverage(0.9).apply(list(variables.values()))
        saver = tf.train.Saver(save_relative_paths=True)
        running.run(tf.global_variables_initializer())
        for number in range(1, SAVED[-1] + 1):
            values = gradients(number)
            running.run(average, {fed[n]: values[n] for n in SHAPES})
        save(saver, running, directory + "/model.ckpt", SAVED[-1])


if __name__ == "__main__":
    make_states(sys.argv[1])
    make_gradients(sys.argv[1] + "/gradients.h5")
    make_average(sys.argv[1] + "/moving-average")
