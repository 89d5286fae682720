"""Runs in the environment of JAX: a small BERT whose modules are those of transformers' Flax classes, trained under optax.adamw.

    python flax_bert.py FOLDER    batch.npz; state.msgpack and orbax/ after two updates; of the third gradients.npz, and params.npz,
                                  mu.npz, nu.npz after it; logits.npz of the state's parameters
"""
import pathlib
import sys

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
from flax import serialization
from flax.traverse_util import flatten_dict, unflatten_dict

WORDS, WIDTH, INNER, PLACES, LAYERS, HEADS = 40, 8, 12, 16, 2, 2


def norm():
    return nn.LayerNorm(epsilon=1e-12, use_fast_variance=False, name="LayerNorm")


class Self(nn.Module):
    @nn.compact
    def __call__(self, x):
        query, key, value = (nn.Dense(WIDTH, name=name)(x).reshape(*x.shape[:2], HEADS, -1) for name in ("query", "key", "value"))
        weights = nn.softmax(jnp.einsum("bqhd,bkhd->bhqk", query, key) / np.sqrt(WIDTH // HEADS))
        return jnp.einsum("bhqk,bkhd->bqhd", weights, value).reshape(x.shape)


class Added(nn.Module):
    @nn.compact
    def __call__(self, x, rest):
        return norm()(nn.Dense(WIDTH, name="dense")(x) + rest)


class Attention(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Added(name="output")(Self(name="self")(x), x)


class Bent(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.gelu(nn.Dense(self.width, name="dense")(x), approximate=False)


class Layer(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = Attention(name="attention")(x)
        return Added(name="output")(Bent(INNER, name="intermediate")(x), x)


class Layers(nn.Module):
    @nn.compact
    def __call__(self, x):
        for number in range(LAYERS):
            x = Layer(name=str(number))(x)
        return x


class Encoder(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Layers(name="layer")(x)


class Embeddings(nn.Module):
    @nn.compact
    def __call__(self, ids):
        words = nn.Embed(WORDS, WIDTH, name="word_embeddings")
        x = words(ids) + nn.Embed(PLACES, WIDTH, name="position_embeddings")(jnp.arange(ids.shape[1]))
        return norm()(x + nn.Embed(2, WIDTH, name="token_type_embeddings")(jnp.zeros_like(ids))), words.embedding


class Pooler(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.tanh(nn.Dense(WIDTH, name="dense")(x[:, 0]))


class Bert(nn.Module):
    @nn.compact
    def __call__(self, ids):
        x, table = Embeddings(name="embeddings")(ids)
        x = Encoder(name="encoder")(x)
        return x, Pooler(name="pooler")(x), table


class Transform(nn.Module):
    @nn.compact
    def __call__(self, x):
        return norm()(nn.gelu(nn.Dense(WIDTH, name="dense")(x), approximate=False))


class Predictions(nn.Module):
    @nn.compact
    def __call__(self, x, table):
        return Transform(name="transform")(x) @ table.T + self.param("bias", nn.initializers.zeros, (WORDS,))


class Heads(nn.Module):
    @nn.compact
    def __call__(self, x, pooled, table):
        return Predictions(name="predictions")(x, table), nn.Dense(2, name="seq_relationship")(pooled)


class PreTraining(nn.Module):
    @nn.compact
    def __call__(self, ids):
        return Heads(name="cls")(*Bert(name="bert")(ids))


def main(folder):
    folder = pathlib.Path(folder).absolute()
    generator = np.random.default_rng(0)
    # Without padding, whose embedding PyTorch's BERT does not train.
    batch = {"ids": generator.integers(1, WORDS, (4, PLACES)), "labels": generator.integers(0, WORDS, (4, PLACES)), "next": np.array([0, 1, 1, 0])}
    np.savez(folder / "batch.npz", **batch)
    model = PreTraining()
    params = model.init(jax.random.key(0), batch["ids"])["params"]

    def loss(params):
        words, relation = model.apply({"params": params}, batch["ids"])
        entropy = optax.softmax_cross_entropy_with_integer_labels
        return entropy(words, batch["labels"]).mean() + entropy(relation, batch["next"]).mean()

    # As transformers' own Flax scripts have it: neither biases nor norms decay.
    mask = unflatten_dict({key: key[-1] in ("kernel", "embedding") for key in flatten_dict(params)})
    transformation = optax.adamw(1e-2, weight_decay=0.1, mask=mask)
    state = transformation.init(params)
    save = lambda name, tree: np.savez(folder / name, **{"|".join(key): value for key, value in flatten_dict(tree).items()})

    @jax.jit
    def update(params, state):
        gradients = jax.grad(loss)(params)
        updates, state = transformation.update(gradients, state, params)
        return optax.apply_updates(params, updates), state, gradients

    for step in (1, 2, 3):
        params, state, gradients = update(params, state)
        if step == 2:
            tree = {"params": params, "opt_state": state, "step": step}
            (folder / "state.msgpack").write_bytes(serialization.to_bytes(tree))
            with ocp.StandardCheckpointer() as checkpointer:
                checkpointer.save(folder / "orbax", tree)
            words, relation = model.apply({"params": params}, batch["ids"])
            np.savez(folder / "logits.npz", words=words, relation=relation)
    for name, tree in {"gradients": gradients, "params": params, "mu": state[0].mu, "nu": state[0].nu}.items():
        save(f"{name}.npz", tree)


if __name__ == "__main__":
    main(sys.argv[1])
