"""A BERT-base under optax.adamw as JAX' libraries save it, and scripts that take it on without this program.

    python jax_states.py make FOLDER             FOLDER/orbax, FOLDER/state.msgpack
    python jax_states.py orbax SOURCE TARGET     Orbax restores, h5py writes
    python jax_states.py flax SOURCE TARGET      flax restores, torch writes its own model and optimizer
"""
import pathlib
import sys

import numpy as np

WORDS, WIDTH, INNER, PLACES, LAYERS = 30522, 768, 3072, 512, 12


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


def make(folder):
    import jax
    import optax
    import orbax.checkpoint as ocp
    from flax import serialization

    generator = np.random.default_rng(0)
    random = lambda: jax.tree.map(lambda shape: generator.standard_normal(shape, np.float32), shapes(), is_leaf=lambda one: isinstance(one, tuple))
    params = random()
    moments, *rest = optax.adamw(1e-4).init(params)
    state = moments._replace(count=np.int32(20), mu=random(), nu=jax.tree.map(np.square, random())), *rest
    tree = {"params": params, "opt_state": state, "step": 20}
    folder = pathlib.Path(folder).absolute()
    (folder / "state.msgpack").write_bytes(serialization.to_bytes(tree))
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(folder / "orbax", jax.tree.map(jax.numpy.asarray, tree))


def from_orbax(source, target):
    import h5py
    import jax
    import orbax.checkpoint as ocp

    tree = ocp.StandardCheckpointer().restore(pathlib.Path(source).absolute())
    with h5py.File(target, "w") as file:
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
            file.create_dataset("/".join(str(getattr(one, "key", getattr(one, "idx", None))) for one in path), data=np.asarray(leaf))


def from_flax(source, target):
    import torch
    from flax import serialization
    from flax.traverse_util import flatten_dict

    tree = serialization.msgpack_restore(pathlib.Path(source).read_bytes())
    moments = tree["opt_state"]["0"]
    words = {"kernel": "weight", "scale": "weight", "embedding": "weight", "bias": "bias"}
    tensor = lambda key, value: torch.from_numpy(np.array(value.T if key[-1] == "kernel" else value, order="C"))
    params, mu, nu = (flatten_dict(one) for one in (tree["params"], moments["mu"], moments["nu"]))
    model = {".".join((*key[:-1], words[key[-1]])): tensor(key, value) for key, value in params.items()}
    step = torch.tensor(float(moments["count"]))
    state = {place: {"step": step, "exp_avg": tensor(key, mu[key]), "exp_avg_sq": tensor(key, nu[key])} for place, key in enumerate(params)}
    group = torch.optim.AdamW([torch.zeros(1)], lr=1e-4).state_dict()["param_groups"][0]
    torch.save({"model": model, "optimizer": {"state": state, "param_groups": [group | {"params": list(state)}]}}, target)


if __name__ == "__main__":
    {"make": make, "orbax": from_orbax, "flax": from_flax}[sys.argv[1]](*sys.argv[2:])
