"""Runs in the environment of JAX: Adam and AdamW of optax with recorded gradients, compiled and not.

    python optax_replay.py FOLDER    NAME-WAY-0.msgpack, NAME-WAY-20.msgpack and NAME-gradients.h5 of the updates between
"""
import pathlib
import sys

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import serialization

SHAPES = {"kernel": (37, 29), "bias": (29,), "scale": (), "single": (1,), "tiny": (3,), "odd": (257,)}
DECAYING = {"kernel": True, "bias": False, "scale": True, "single": True, "tiny": False, "odd": True}
# What is trained, by what, from which update on. The C library's power in float32 is not the power rounded once at 731, 873 and 293.
RUNS = {
    "adam": (SHAPES, optax.adam(1e-2, b1=0.95, b2=0.98, eps=1e-6), 0),
    "adam-late": (SHAPES, optax.adam(1e-3), 722),
    "adamw": (SHAPES, optax.adamw(1e-3, weight_decay=0.01), 0),
    "adamw-late": (SHAPES, optax.adamw(1e-3, weight_decay=0.1), 863),
    "adamw-masked": (SHAPES, optax.adamw(3e-4, b2=0.98, weight_decay=0.1, mask=DECAYING), 283),
    # Divided by a correction that divides nothing else, XLA multiplies instead, unless it is a number as well.
    "adamw-alone": ({"kernel": (37, 29)}, optax.adamw(1e-3, weight_decay=0.01), 5),
    "adam-number": ({"scale": ()}, optax.adam(1e-3), 5),
}


def random(generator, shapes, scale):
    return {name: np.asarray(scale * generator.normal(size=shape), np.float32) for name, shape in shapes.items()}


def main(folder):
    folder = pathlib.Path(folder)
    for number, (name, (shapes, transformation, before)) in enumerate(RUNS.items()):
        generator = np.random.default_rng(number)
        start, mu, nu = random(generator, shapes, 1), random(generator, shapes, 0.1), random(generator, shapes, 0.1)
        # From ordinary gradients down to those whose squares are below the least normal number.
        gradients = [random(generator, shapes, 10.0 ** -(1.1 * step)) for step in range(20)]
        with h5py.File(folder / f"{name}-gradients.h5", "w") as file:
            for step, own in enumerate(gradients, 1):
                for variable, value in own.items():
                    file[f"{step}/{variable}"] = value

        def step(params, state, own):
            updates, state = transformation.update(own, state, params)
            return optax.apply_updates(params, updates), state

        for way, run in {"optax": jax.jit(step), "optax_eager": step}.items():
            params = jax.tree.map(jnp.asarray, start)
            state = transformation.init(params)
            if before:
                moments = state[0]._replace(count=jnp.int32(before), mu=mu, nu=jax.tree.map(np.square, nu))
                state = (jax.tree.map(jnp.asarray, moments), *state[1:])
            for done in range(21):
                if done in (0, 20):
                    tree = {"params": params, "opt_state": state, "step": before + done}
                    (folder / f"{name}-{way}-{done}.msgpack").write_bytes(serialization.to_bytes(tree))
                if done < 20:
                    params, state = run(params, state, jax.tree.map(jnp.asarray, gradients[done]))


if __name__ == "__main__":
    main(sys.argv[1])
