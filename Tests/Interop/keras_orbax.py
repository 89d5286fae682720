"""Runs in the environment of Keras with the packages of JAX' behind its own: what Keras' callback saves through Orbax.

    KERAS_BACKEND=… python keras_orbax.py FOLDER PACKAGES    FOLDER/saved; FOLDER/variables.npz has the variables by their paths
"""
import pathlib
import sys

sys.path.append(sys.argv[2])

import keras
import numpy as np


def main(folder):
    folder = pathlib.Path(folder)
    inputs = keras.Input((4,))
    outputs = keras.layers.Dense(1, name="d2")(keras.layers.BatchNormalization()(keras.layers.Dense(3, name="d1")(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.AdamW(1e-3), "mse")
    random = np.random.default_rng(1)
    data = random.normal(size=(8, 4)), random.normal(size=(8, 1))
    callback = keras.callbacks.OrbaxCheckpoint(directory=str(folder / "saved"))
    model.fit(*data, batch_size=4, epochs=2, verbose=0, callbacks=[callback])
    variables = [*model.variables, *model.optimizer.variables]
    np.savez(folder / "variables.npz", **{one.path.replace("/", "|"): keras.ops.convert_to_numpy(one) for one in variables})


if __name__ == "__main__":
    main(sys.argv[1])
