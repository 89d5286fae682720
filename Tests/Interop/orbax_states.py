"""Runs in the environment of JAX: checkpoints of Orbax in every layout, and beside each what Orbax restores of it.

    python orbax_states.py make FOLDER     folders below FOLDER; FOLDER/NAME.npz has the bytes of every leaf by its keys
"""
import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
os.environ["KERAS_BACKEND"] = "jax"
import json
import pathlib
import shutil
import sys
import warnings

import flax_states
import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import tensorstore as ts
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from orbax.checkpoint import v1

# The handler that writes plain zarr, and what old saves were made with.
warnings.simplefilter("ignore")


def note(folder, name, tree):
    """What was restored, as bytes by the keys of each leaf."""
    leaves = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        keys = [str(getattr(one, "key", getattr(one, "idx", getattr(one, "name", None)))) for one in path]
        if isinstance(leaf, str):
            continue
        if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)
        text = "/".join(one.replace("~", "~0").replace("/", "~1") for one in keys)
        leaves[text.replace("/", "|")] = np.frombuffer(np.asarray(leaf).tobytes(), np.uint8)
    np.savez(folder / f"{name}.npz", **leaves)


def plain(folder, name, tree, **options):
    with ocp.Checkpointer(ocp.PyTreeCheckpointHandler(**options)) as checkpointer:
        checkpointer.save(folder / name, tree)
        note(folder, name, checkpointer.restore(folder / name))


def layouts(folder):
    def tree(step):
        state = flax_states.fresh("adamw-schedule")
        for number in range(step):
            state = flax_states.trained(state, 3 * number)
        return {"step": 3 * step, "params": state.params, "opt_state": state.opt_state}

    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(folder / "standard", tree(1))
    note(folder, "standard", ocp.StandardCheckpointer().restore(folder / "standard"))
    plain(folder, "pytree", tree(1))
    plain(folder, "plain", tree(1), use_ocdbt=False)
    plain(folder, "zarr3", tree(1), use_zarr3=True)
    v1.save_pytree(folder / "v1", tree(1))
    note(folder, "v1", v1.load_pytree(folder / "v1"))
    with ocp.CheckpointManager(folder / "manager") as manager:
        for step in (2, 1):
            manager.save(10 - step, args=ocp.args.StandardSave(tree(step)))
        manager.save(10, args=ocp.args.StandardSave(tree(3)))
        manager.wait_until_finished()
        note(folder, "manager", manager.restore(10, args=ocp.args.StandardRestore()))
    options = ocp.CheckpointManagerOptions(step_prefix="checkpoint")
    with ocp.CheckpointManager(folder / "composite", options=options) as manager:
        both = ocp.args.Composite(state=ocp.args.StandardSave(tree(1)), extra=ocp.args.JsonSave({"a": 1}))
        manager.save(7, args=both)
        manager.wait_until_finished()
        note(folder, "composite", manager.restore(7, args=ocp.args.Composite(state=ocp.args.StandardRestore())).state)


def types(folder):
    devices = np.array(jax.devices()).reshape(2, 2)
    both = NamedSharding(Mesh(devices, ("x", "y")), PartitionSpec("x", "y"))
    rows = NamedSharding(Mesh(devices.reshape(4), ("x",)), PartitionSpec("x", None))
    random = np.random.default_rng(0)
    tree = {
        "cut": jax.device_put(jnp.asarray(random.normal(size=(512, 1500)), jnp.float32), both),
        "rows": jax.device_put(jnp.asarray(random.normal(size=(1000, 6)), jnp.float32), rows),
        # Several windows of a pass in one chunk.
        "whole": jnp.asarray(random.normal(size=(1100, 1024)), jnp.float32),
        "zeros": jnp.zeros((600, 700)), "sl/ash": jnp.ones(2), "a~b": jnp.ones(2),
        "list": [jnp.ones(1), jnp.ones(2)], "tuple": (jnp.ones(1), None), "empty": {}, "none": None,
        "float": 1.5, "integer": 7, "flag": True, "text": "words", "wide": np.arange(3, dtype=np.int64),
        "key": jax.random.key(3),
    }  # fmt: skip
    for kind in ("bfloat16", "float16", "float8_e4m3fn", "int4", "int8", "uint8", "uint32", "bool", "complex64"):
        tree[kind] = jnp.arange(6).astype(kind).reshape(2, 3)
    for name, options in {"types": {}, "types-plain": {"use_ocdbt": False}, "types-zarr3": {"use_zarr3": True},
                          "types-zarr3-plain": {"use_zarr3": True, "use_ocdbt": False}}.items():  # fmt: skip
        plain(folder, name, tree, **options)
    # The same database in nodes of a few keys each, over many versions.
    source = ts.KvStore.open({"driver": "ocdbt", "base": f"file://{folder}/types/"}).result()
    for name, compression in (("deep", {"id": "zstd", "level": 3}), ("deep-uncompressed", None)):
        shutil.copytree(folder / "types", folder / name, ignore=shutil.ignore_patterns("d", "*ocdbt*"))
        config = {"max_decoded_node_bytes": 400, "max_inline_value_bytes": 20, "version_tree_arity_log2": 1,
                  "compression": compression}  # fmt: skip
        target = ts.KvStore.open({"driver": "ocdbt", "base": f"file://{folder}/{name}/", "config": config}).result()
        for key in source.list().result():
            target.write(key, source.read(key).result().value).result()
        shutil.copy(folder / "types.npz", folder / f"{name}.npz")
    plain(folder, "shared-name", {"a.b": jnp.full(3, 1.0), "a": {"b": jnp.full(3, 2.0)}})


def optimizers(folder):
    for name in flax_states.OPTIMIZERS:
        state = flax_states.trained(flax_states.fresh(name), 0)
        with ocp.StandardCheckpointer() as checkpointer:
            checkpointer.save(folder / f"optax-{name}", state)


def keras_callback(folder):
    import keras

    inputs = keras.Input((4,))
    outputs = keras.layers.Dense(1, name="d2")(keras.layers.BatchNormalization()(keras.layers.Dense(3, name="d1")(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.AdamW(1e-3), "mse")
    random = np.random.default_rng(1)
    data = random.normal(size=(8, 4)), random.normal(size=(8, 1))
    callback = keras.callbacks.OrbaxCheckpoint(directory=str(folder / "keras"))
    model.fit(*data, batch_size=4, epochs=2, verbose=0, callbacks=[callback])
    note(folder, "keras", v1.load_checkpointables(folder / "keras" / "1")["pytree"])
    # What other backends save: their counters and rates are numbers of Python's.
    tree = v1.load_checkpointables(folder / "keras" / "1")["pytree"]
    tree = jax.tree.map(lambda leaf: np.asarray(leaf).item() if np.ndim(leaf) == 0 else np.asarray(leaf), tree)
    config = json.loads((folder / "keras" / "1" / "model_config" / "_strings.json").read_text())["config"]
    v1.save_checkpointables(folder / "keras-numbers" / "1", {"pytree": tree, "model_config": {"config": config}})


def main(folder):
    folder = pathlib.Path(folder).absolute()
    layouts(folder)
    types(folder)
    optimizers(folder)
    keras_callback(folder)


if __name__ == "__main__":
    main(*sys.argv[2:])
