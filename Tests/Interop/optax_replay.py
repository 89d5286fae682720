"""Runs in the environment of JAX: AdamW of optax with recorded gradients, compiled and not.

    python optax_replay.py FOLDER    NAME-2.msgpack and NAME-22.msgpack by either way, gradients.h5 of the updates between
"""
import pathlib
import sys

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import serialization

SHAPES = {"dense/kernel": (37, 29), "dense/bias": (29,), "scale": (), "tiny": (3,)}
OPTIMIZERS = {"adamw": optax.adamw(1e-3, weight_decay=0.01), "adam": optax.adam(1e-2, b1=0.95, b2=0.98, eps=1e-6)}


def tree(flat):
    return {"dense": {"kernel": flat["dense/kernel"], "bias": flat["dense/bias"]}, "scale": flat["scale"], "tiny": flat["tiny"]}


def random(generator, scale):
    return {name: np.asarray(scale * generator.normal(size=shape), np.float32) for name, shape in SHAPES.items()}


def main(folder):
    folder = pathlib.Path(folder)
    generator = np.random.default_rng(5)
    start = random(generator, 1)
    # From ordinary gradients down to those whose squares are below the least normal number.
    gradients = [random(generator, 10.0 ** -(step % 21)) for step in range(22)]
    with h5py.File(folder / "gradients.h5", "w") as file:
        for step, own in enumerate(gradients[2:], 1):
            for name, value in own.items():
                file[f"{step}/{name}"] = value
    for name, transformation in OPTIMIZERS.items():

        def step(params, state, own):
            updates, state = transformation.update(own, state, params)
            return optax.apply_updates(params, updates), state

        for way, run in {"optax": jax.jit(step), "optax_eager": step}.items():
            params = jax.tree.map(jnp.asarray, tree(start))
            state = transformation.init(params)
            for number, own in enumerate(gradients, 1):
                params, state = run(params, state, jax.tree.map(jnp.asarray, tree(own)))
                if number in (2, 22):
                    made = serialization.to_bytes({"params": params, "opt_state": state, "step": number})
                    (folder / f"{name}-{way}-{number}.msgpack").write_bytes(made)


if __name__ == "__main__":
    main(sys.argv[1])
