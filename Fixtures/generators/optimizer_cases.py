"""What the recordings of optimizers have in common: variables, gradients, and how they are written.

A recording is one JSON object: `start` per variable, `gradients` per update and variable, and `updates`,
the cases. A case has `name`, `kind` and `hyperparameters` as optstate's records spell them, `rates` if the
rate is set before each update, and `after`: per update and variable the parameter (`value`) and the
slots by optstate's names. Arrays are the hexadecimal bits of their elements, eight digits for float32,
sixteen for float64, row by row.
"""
import json

import numpy as np

SHAPES = {"kernel": (3, 7), "bias": (7,), "block": (2, 8), "tensor": (2, 2, 3)}
UPDATES = 6


def bits(array):
    array = np.ascontiguousarray(array)
    unsigned = {4: np.uint32, 8: np.uint64}[array.dtype.itemsize]
    return "".join(format(value, f"0{2 * array.dtype.itemsize}x") for value in array.view(unsigned).ravel())


def start():
    random = np.random.RandomState(1)
    return {name: (random.standard_normal(shape) * 0.05).astype(np.float32) for name, shape in SHAPES.items()}


def gradient(update):
    """From 1e-6 to 10 in magnitude, with zeros of both signs and squares below the normal numbers."""
    random = np.random.RandomState(100 + update)
    result = {}
    for name, shape in SHAPES.items():
        values = random.standard_normal(shape) * 10 ** random.uniform(-6, 1, shape)
        result[name] = values.astype(np.float32)
    result["kernel"].ravel()[:4] = [0.0, -0.0, 3e-20, -2e-23]
    result["bias"][6] = 1e-21
    return result


def gradients():
    return [gradient(update) for update in range(1, UPDATES + 1)]


def write(path, producer, **parts):
    recording = {
        "producer": producer,
        "shapes": {name: list(shape) for name, shape in SHAPES.items()},
        "start": {name: bits(value) for name, value in start().items()},
        "gradients": [{name: bits(value) for name, value in step.items()} for step in gradients()],
        **parts,
    }
    with open(path, "w") as file:
        json.dump(recording, file, indent=0, separators=(",", ":"))
        file.write("\n")
