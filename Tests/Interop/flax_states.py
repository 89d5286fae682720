"""Runs in the environment of JAX: states of optax' optimizers as flax saves them, and what they go on to.

    python flax_states.py make FOLDER [NAME...]      NAME.msgpack after 3 updates, NAME.next.msgpack after 3 more
    python flax_states.py resume FOLDER [NAME...]    NAME.resumed.msgpack, 3 updates after every NAME.back.msgpack
"""
import pathlib
import sys

import jax
import jax.numpy as jnp
import optax
from flax import serialization
from flax.training import train_state

DENSE = {"dense": {"kernel": "a", "bias": "b"}, "wide": "a", "half": "b"}
OPTIMIZERS = {
    "adam": optax.adam(1e-2),
    "adamw": optax.adamw(1e-2),
    "adamw-schedule": optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(optax.linear_schedule(1e-2, 0, 50))),
    "adamw-masked": optax.adamw(1e-2, mask={"dense": {"kernel": True, "bias": False}, "wide": True, "half": False}),
    "amsgrad": optax.amsgrad(1e-2),
    "adamax": optax.adamax(1e-2),
    "sgd": optax.sgd(1e-2),
    "momentum": optax.sgd(1e-2, momentum=0.9),
    "rmsprop": optax.rmsprop(1e-2, centered=True, momentum=0.9),
    "adagrad": optax.adagrad(1e-2),
    "adadelta": optax.adadelta(1.0),
    "lamb": optax.lamb(1e-2),
    "lion": optax.lion(1e-3),
    "novograd": optax.novograd(1e-2),
    "adafactor": optax.adafactor(1e-2, min_dim_size_to_factor=4, momentum=0.9),
    "multi": optax.multi_transform({"a": optax.adam(1e-2), "b": optax.sgd(1e-2, momentum=0.9)}, DENSE),
    "accumulation": optax.MultiSteps(optax.adam(1e-2), 2),
    "inject": optax.inject_hyperparams(optax.adamw)(learning_rate=optax.linear_schedule(1e-2, 0, 50)),
    "schedule-free": optax.contrib.schedule_free_adamw(1e-2),
    "sm3": optax.sm3(1e-2),
}


def fresh(name):
    key = jax.random.key(1)
    params = {
        "dense": {"kernel": jax.random.normal(key, (3, 4)), "bias": jnp.zeros(4)},
        "wide": jax.random.normal(key, (8, 6)),
        "half": jnp.arange(5, dtype=jnp.bfloat16),
    }
    return train_state.TrainState.create(apply_fn=None, params=params, tx=OPTIMIZERS[name])


def trained(state, first):
    for number in range(first, first + 3):
        keys = jax.random.key(number)
        gradients = jax.tree.map(lambda one: jax.random.normal(keys, one.shape, one.dtype), state.params)
        state = state.apply_gradients(grads=gradients)
    return state


def main(action, folder, *names):
    folder = pathlib.Path(folder)
    for name in names or OPTIMIZERS:
        file = lambda suffix: folder / f"{name}{suffix}.msgpack"
        if action == "make":
            state = trained(fresh(name), 0)
            file("").write_bytes(serialization.to_bytes(state))
            # What is loaded is NumPy's, whose powers are not JAX': the run that goes on is one that was loaded, too.
            state = serialization.from_bytes(fresh(name), file("").read_bytes())
            file(".next").write_bytes(serialization.to_bytes(trained(state, 3)))
        elif file(".back").exists():
            state = serialization.from_bytes(fresh(name), file(".back").read_bytes())
            file(".resumed").write_bytes(serialization.to_bytes(trained(state, 3)))


if __name__ == "__main__":
    main(*sys.argv[1:])
