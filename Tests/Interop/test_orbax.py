"""Orbax: every layout is read as Orbax itself restores it, bit for bit, and optax goes on from it."""
import json
import os
import pathlib
import shutil
import subprocess

import h5py
import numpy as np
import pytest
from test_flax import SLOTS, check_slots, jax

HERE = pathlib.Path(__file__).parent
LAYOUTS = ["standard", "pytree", "plain", "zarr3", "v1", "manager", "composite"]
TYPES = ["types", "types-plain", "types-zarr3", "types-zarr3-plain", "deep", "deep-uncompressed"]


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    folder = tmp_path_factory.mktemp("orbax")
    subprocess.run([os.environ["OPTSTATE_JAX_PYTHON"], HERE / "orbax_states.py", "make", folder], check=True)
    return folder


def stored(path):
    """The bytes of every tensor of a store by the place that it had in its source."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            name = item.attrs.get("source_name", name.removeprefix("@extras/"))
            found[name if isinstance(name, str) else name.decode()] = np.asarray(item).tobytes()

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def expected(states, name):
    return {key.replace("|", "/"): bytes(value) for key, value in np.load(states / f"{name}.npz").items()}


@pytest.mark.parametrize("name", LAYOUTS + TYPES + ["keras"])
def test_every_leaf_is_what_orbax_restores(optstate, states, tmp_path, name):
    optstate("convert", states / name, tmp_path / "s.h5")
    found, wanted = stored(tmp_path / "s.h5"), expected(states, name)
    # Counts are numbers of the state.
    counts = {key for key in wanted if key.split("/")[-1] in ("count", "step", "iteration")}
    assert wanted and not {key for key, value in wanted.items() if key not in counts and found.get(key) != value}
    report = json.loads(optstate("inspect", states / name, "--json").stdout)
    assert report["format"] == "orbax"
    assert report["global_step"] == {"manager": 9, "keras": 4}.get(name, None if name in TYPES else 3)
    assert optstate("verify", states / name).stdout
    assert optstate("diff", states / name, tmp_path / "s.h5").stdout is not None


@pytest.mark.parametrize("name", SLOTS)
def test_slots_of_optax_are_found(optstate, states, tmp_path, name):
    report = json.loads(optstate("inspect", states / f"optax-{name}", "--json").stdout)
    assert report["totals"]["variables"] == 4
    optstate("convert", states / f"optax-{name}", tmp_path / "s.h5")
    check_slots(tmp_path / "s.h5", SLOTS[name])
    assert report["global_step"] == (1 if name == "accumulation" else 3)


@pytest.mark.parametrize("name", ["keras", "keras-numbers"])
def test_keras_names_every_slot(optstate, states, name):
    report = json.loads(optstate("inspect", states / name, "--json", "--variables").stdout)
    slots = {one["name"]: sorted(one["slots"]) for one in report["variables"]}
    moments = ["adam_m", "adam_v"]
    assert slots == {
        "d1/kernel": moments, "d1/bias": moments, "d2/kernel": moments, "d2/bias": moments,
        "batch_normalization/gamma": moments, "batch_normalization/beta": moments,
        "batch_normalization/moving_mean": [], "batch_normalization/moving_variance": [],
    }  # fmt: skip
    assert report["optimizer"]["kind"] == "adamw" and report["global_step"] == 4
    assert report["optimizer"]["hyperparameters"]["learning_rate"] == float(np.float32(1e-3))


def test_optax_goes_on_bit_for_bit(optstate, states, tmp_path):
    """Out of Orbax into flax' msgpack, against a run that went on from its own file."""
    names = ["adamw", "lamb"]
    jax("make", tmp_path, *names)
    for name in names:
        optstate("convert", states / f"optax-{name}", tmp_path / f"{name}.back.msgpack", "--optimizer", f"{name}:learning_rate=0.01")
    jax("resume", tmp_path, *names)
    for name in names:
        assert (tmp_path / f"{name}.resumed.msgpack").read_bytes() == (tmp_path / f"{name}.next.msgpack").read_bytes(), name


def test_two_leaves_of_one_name_are_refused(optstate, states):
    done = optstate("inspect", states / "shared-name", status=65)
    assert "two leaves of the tree share the array a.b" in done.stderr


def test_unfinished_saves_are_refused(optstate, states, tmp_path):
    shutil.copytree(states / "standard", tmp_path / "s")
    (tmp_path / "s" / "manifest.ocdbt").unlink()
    assert "the save was not finished" in optstate("inspect", tmp_path / "s", status=65).stderr
    shutil.copytree(states / "standard", tmp_path / "7.orbax-checkpoint-tmp-3")
    assert "the save was not finished" in optstate("inspect", tmp_path / "7.orbax-checkpoint-tmp-3", status=65).stderr


def test_damage_is_found(optstate, states, tmp_path):
    """In a database by the CRC-32C of its nodes, in zarr 3 by that of a shard's index, elsewhere by zstd as far as it tells."""
    folder = tmp_path / "s"
    shutil.copytree(states / "standard", folder)
    node = next((folder / "d").iterdir())
    content = bytearray(node.read_bytes())
    content[len(content) // 2] ^= 1
    node.write_bytes(content)
    assert "does not match its CRC-32C" in optstate("verify", folder, status=65).stderr
    folder = tmp_path / "z"
    shutil.copytree(states / "types-zarr3-plain", folder)
    content = bytearray((folder / "whole" / "c" / "0" / "0").read_bytes())
    content[-10] ^= 1
    (folder / "whole" / "c" / "0" / "0").write_bytes(content)
    assert "does not match its CRC-32C" in optstate("verify", folder, status=1).stdout
    folder = tmp_path / "p"
    shutil.copytree(states / "types-plain", folder)
    (folder / "whole" / "0.0").write_bytes((folder / "whole" / "0.0").read_bytes()[:-9])
    done = optstate("verify", folder, status=1)
    assert "whole" in done.stdout and "ends too early" in done.stdout


@pytest.mark.parametrize("name", ["manager", "keras", "types"])
def test_other_commands(optstate, states, tmp_path, name):
    optstate("report", states / name, "-o", tmp_path / "r.html")
    done = json.loads(optstate("doctor", states / name, "--json", status=[0, 1]).stdout)
    codes = {one["code"] for one in done["findings"]}
    assert codes == (set() if name != "types" else {"nothing_to_resume"}), done
