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
    "chain": optax.chain(optax.clip(1.0), optax.chain(optax.add_decayed_weights(1e-4), optax.sgd(1e-2, momentum=0.9, nesterov=True))),
    "rmsprop": optax.rmsprop(1e-2),
    "rmsprop-momentum": optax.rmsprop(1e-2, centered=True, momentum=0.9),
    "lars": optax.lars(1e-2),
    "adagrad": optax.adagrad(1e-2),
    "adadelta": optax.adadelta(1.0),
    "lamb": optax.lamb(1e-2),
    "lion": optax.lion(1e-3),
    "novograd": optax.novograd(1e-2),
    "yogi": optax.yogi(1e-2),
    "adabelief": optax.adabelief(1e-2),
    "radam": optax.radam(1e-2),
    "nadam": optax.nadam(1e-2),
    "nadamw": optax.nadamw(1e-2),
    "adamaxw": optax.adamaxw(1e-2),
    "rprop": optax.rprop(1e-2),
    "signum": optax.signum(1e-2),
    "muon": optax.contrib.muon(1e-2),
    "adafactor": optax.adafactor(1e-2, min_dim_size_to_factor=4, momentum=0.9),
    "two": optax.multi_transform({"a": optax.adam(1e-2), "b": optax.adamw(1e-3)}, DENSE),
    "multi": optax.multi_transform({"a": optax.adam(1e-2), "b": optax.sgd(1e-2, momentum=0.9)}, DENSE),
    "accumulation": optax.MultiSteps(optax.adam(1e-2), 2),
    "inject": optax.inject_hyperparams(optax.adamw)(learning_rate=optax.linear_schedule(1e-2, 0, 50)),
    "finite": optax.apply_if_finite(optax.adamw(1e-2), 3),
    "averaged": optax.adamw(1e-2),
    "averaged-updates": optax.chain(optax.adam(1e-2), optax.ema(0.9)),
    "schedule-free": optax.contrib.schedule_free_adamw(1e-2),
    "schedule-free-sgd": optax.contrib.schedule_free_sgd(1e-2),
    "sm3": optax.sm3(1e-2),
}


class Averaged(train_state.TrainState):
    """With a moving average of the parameters beside them, as training scripts keep it."""

    ema_params: dict


def fresh(name):
    key = jax.random.key(1)
    params = {
        "dense": {"kernel": jax.random.normal(key, (3, 4)), "bias": jnp.zeros(4)},
        "wide": jax.random.normal(key, (8, 6)),
        "half": jnp.arange(5, dtype=jnp.bfloat16),
    }
    if name == "averaged":
        return Averaged.create(apply_fn=None, params=params, tx=OPTIMIZERS[name], ema_params=params)
    return train_state.TrainState.create(apply_fn=None, params=params, tx=OPTIMIZERS[name])


def trained(state, first):
    for number in range(first, first + 3):
        keys = jax.random.key(number)
        gradients = jax.tree.map(lambda one: jax.random.normal(keys, one.shape, one.dtype), state.params)
        state = state.apply_gradients(grads=gradients)
        if isinstance(state, Averaged):
            state = state.replace(ema_params=optax.incremental_update(state.params, state.ema_params, 0.1))
    return state


def loaded(name, file):
    """A state as a run goes on with it: what flax gives back is NumPy's, whose types are not JAX'."""
    return jax.tree.map(jnp.asarray, serialization.from_bytes(fresh(name), file.read_bytes()))


def main(action, folder, *names):
    folder = pathlib.Path(folder)
    for name in names or OPTIMIZERS:
        file = lambda suffix: folder / f"{name}{suffix}.msgpack"
        if action == "make":
            state = trained(fresh(name), 0)
            file("").write_bytes(serialization.to_bytes(state))
            file(".next").write_bytes(serialization.to_bytes(trained(loaded(name, file("")), 3)))
        elif file(".back").exists():
            file(".resumed").write_bytes(serialization.to_bytes(trained(loaded(name, file(".back")), 3)))


if __name__ == "__main__":
    main(*sys.argv[1:])
