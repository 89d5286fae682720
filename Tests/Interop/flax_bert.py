"""Runs in the environment of JAX: a run of a small BERT as transformers' Flax classes name and shape its parameters.

    python flax_bert.py FOLDER    state.msgpack after two updates under optax.adamw; gradients.npz and next.npz of the third
"""
import pathlib
import sys

import jax
import numpy as np
import optax
from flax import serialization
from flax.traverse_util import flatten_dict, unflatten_dict

WORDS, WIDTH, INNER, PLACES, LAYERS = 40, 8, 12, 16, 2


def shapes():
    """transformers 4.46, `modeling_flax_bert.py`: kernels are [in, out]."""
    norm = {"scale": (WIDTH,), "bias": (WIDTH,)}
    dense = lambda wide, narrow: {"kernel": (wide, narrow), "bias": (narrow,)}
    layer = {
        "attention": {
            "self": {name: dense(WIDTH, WIDTH) for name in ("query", "key", "value")},
            "output": {"dense": dense(WIDTH, WIDTH), "LayerNorm": norm},
        },
        "intermediate": {"dense": dense(WIDTH, INNER)},
        "output": {"dense": dense(INNER, WIDTH), "LayerNorm": norm},
    }
    table = lambda rows: {"embedding": (rows, WIDTH)}
    embeddings = {"word_embeddings": table(WORDS), "position_embeddings": table(PLACES),
                  "token_type_embeddings": table(2), "LayerNorm": norm}  # fmt: skip
    bert = {"embeddings": embeddings, "encoder": {"layer": {str(n): layer for n in range(LAYERS)}},
            "pooler": {"dense": dense(WIDTH, WIDTH)}}  # fmt: skip
    predictions = {"bias": (WORDS,), "transform": {"dense": dense(WIDTH, WIDTH), "LayerNorm": norm}}
    return {"bert": bert, "cls": {"predictions": predictions, "seq_relationship": dense(WIDTH, 2)}}


def random(seed):
    generator = np.random.default_rng(seed)
    flat = flatten_dict(shapes())
    return unflatten_dict({key: generator.normal(size=shape).astype(np.float32) for key, shape in flat.items()})


def main(folder):
    folder = pathlib.Path(folder)
    params = jax.tree.map(jax.numpy.asarray, random(0))
    # As transformers' own Flax scripts have it: neither biases nor norms decay.
    mask = unflatten_dict({key: key[-1] in ("kernel", "embedding") for key in flatten_dict(params)})
    transformation = optax.adamw(1e-2, weight_decay=0.1, mask=mask)
    state = transformation.init(params)
    update = jax.jit(transformation.update)
    for step in (1, 2, 3):
        updates, state = update(random(step), state, params)
        params = optax.apply_updates(params, updates)
        if step == 2:
            tree = {"params": params, "opt_state": state, "step": step}
            (folder / "state.msgpack").write_bytes(serialization.to_bytes(tree))
    for name, tree in {"gradients": random(3), "next": params}.items():
        np.savez(folder / f"{name}.npz", **{"|".join(key): value for key, value in flatten_dict(tree).items()})


if __name__ == "__main__":
    main(sys.argv[1])
