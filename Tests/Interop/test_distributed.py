"""torch.distributed.checkpoint reads what optstate wrote, and optstate reads what it wrote."""
import json
import pathlib
import pickle
import shutil
import subprocess
import sys

import pytest
import torch
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

RUNS = pathlib.Path(__file__).with_name("distributed_runs.py")
WHOLE = ["plain", "sharded", "flat", "mesh", "fsdp1"]


def runs(*arguments):
    subprocess.run([sys.executable, RUNS, *map(str, arguments)], check=True, timeout=120)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distributed")
    runs("make", folder)
    return folder


def leaves(value, path=()):
    """What torch takes a dictionary apart into."""
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for key, below in items for k, v in leaves(below, (*path, key)).items()}
    if isinstance(value, tuple):
        return {(*path, k): v for k, v in enumerate(value)} | {(*path, "tuple"): len(value)}
    return {path: value}


def whole(folder):
    """Everything in a checkpoint, as torch itself puts it together."""
    target = folder.with_name(folder.name + ".whole.pt")
    dcp_to_torch_save(folder, target)
    return leaves(torch.load(target, weights_only=False))


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for path, value in wanted.items():
        other = found[path]
        if isinstance(value, torch.Tensor):
            assert other.dtype == value.dtype and other.shape == value.shape, path
            assert other.numpy(force=True).tobytes() == value.numpy(force=True).tobytes() if (
                value.dtype != torch.bfloat16
            ) else torch.equal(other, value), path
        else:
            assert type(other) is type(value) and other == value, path


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("ranks", [1, 3, 8])
def test_another_cut_is_the_same_to_torch(saved, tmp_path, optstate, kind, ranks):
    optstate("convert", saved / kind, tmp_path / "out", "--to", "dcp", "--ranks", ranks)
    assert_same(whole(tmp_path / "out"), whole(saved / kind))


@pytest.mark.parametrize("kind", WHOLE)
def test_way_through_the_store_changes_nothing(saved, tmp_path, optstate, kind):
    optstate("convert", saved / kind, tmp_path / "store.h5")
    optstate("convert", tmp_path / "store.h5", tmp_path / "out", "--to", "dcp")
    assert_same(whole(tmp_path / "out"), whole(saved / kind))
    # Of the sizes here, ranks beyond the third would get no rows.
    count = len(list((saved / kind).glob("*.distcp")))
    assert len(list((tmp_path / "out").glob("*.distcp"))) == min(count, 4 if kind == "flat" else 3)


def test_pieces_of_flat_parameters_are_parameters(saved, optstate):
    shown = json.loads(optstate("inspect", saved / "fsdp1", "--json", "--variables").stdout)
    assert shown["optimizer"]["kind"] == "adamw" and shown["global_step"] == 3
    shapes = {one["name"]: one["shape"] for one in shown["variables"]}
    assert shapes["embedding.weight"] == [11, 5] and shapes["head.bias"] == [3]
    slots = {one["name"]: set(one["slots"]) for one in shown["variables"]}
    assert all(slots[name] == {"adam_m", "adam_v"} for name in shapes if name != "seen")


@pytest.mark.parametrize("kind", ["plain", "sharded", "flat", "trainer"])
def test_file_of_torch_has_every_tensor(saved, tmp_path, optstate, kind):
    optstate("convert", saved / kind, tmp_path / "out.pt")
    found = torch.load(tmp_path / "out.pt", weights_only=True)
    wanted = whole(saved / ("plain" if kind == "plain" else "sharded"))
    model = {path[1]: value for path, value in wanted.items() if path[0] == "model"}
    assert_same(dict(found["model"]), model)
    slots = {}
    for path, value in wanted.items():
        if path[:2] == ("optim", "state"):
            slots.setdefault(path[2], {})[path[3]] = value
    groups = found["optimizer"]["param_groups"]
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0]
    assert [group["lr"] for group in groups] == [1e-2, 3e-3]
    entries = sorted(found["optimizer"]["state"].values(), key=lambda e: e["exp_avg"].sum().item())
    others = sorted(slots.values(), key=lambda e: e["exp_avg"].sum().item())
    assert len(entries) == len(others) == 8 - 1
    for entry, other in zip(entries, others):
        assert_same(entry, other)


@pytest.mark.parametrize("kind", ["sharded", "flat"])
@pytest.mark.parametrize("ranks", [1, 3])
def test_training_goes_on_bit_for_bit(saved, tmp_path, optstate, kind, ranks):
    """Through a format that knows nothing of the dictionaries: what is made of the state alone."""
    optstate("convert", saved / kind, tmp_path / "a.safetensors")
    optstate(
        "convert", tmp_path / "a.safetensors", tmp_path / "cut", "--to", "dcp", "--ranks", ranks
    )
    runs("resume", saved / "sharded", 2, tmp_path / "wanted")
    runs("resume", tmp_path / "cut", 2, tmp_path / "found")
    assert_same(whole(tmp_path / "found"), whole(tmp_path / "wanted"))


def test_tools_work_as_on_a_file(saved, tmp_path, optstate):
    shown = json.loads(optstate("inspect", saved / "sharded", "--json").stdout)
    assert shown["format"] == "dcp" and shown["global_step"] == 3
    assert shown["optimizer"]["kind"] == "adamw"
    optstate("verify", saved / "sharded")
    optstate("doctor", saved / "sharded")
    optstate("convert", saved / "sharded", tmp_path / "cut", "--to", "dcp", "--ranks", 5)
    optstate("diff", saved / "sharded", tmp_path / "cut")
    optstate("reset", saved / "flat", tmp_path / "reset", "--slots", "adam_m", "--step", "7")
    reset = whole(tmp_path / "reset")
    for path, value in whole(saved / "flat").items():
        if str(path[-1]).endswith("exp_avg"):
            assert reset[path].abs().sum() == 0
        elif str(path[-1]).endswith(".step"):
            assert reset[path] == 7
        elif isinstance(value, torch.Tensor):
            assert torch.equal(reset[path], value)


def damaged(saved, tmp_path):
    shutil.copytree(saved / "sharded", tmp_path / "copy")
    return tmp_path / "copy"


def test_missing_shard_is_named(saved, tmp_path, optstate):
    folder = damaged(saved, tmp_path)
    (folder / "__1_0.distcp").unlink()
    error = optstate("inspect", folder, status=66).stderr
    assert "rank 1" in error and "__1_0.distcp" in error and "embedding.weight" in error


def test_truncated_shard_is_named(saved, tmp_path, optstate):
    folder = damaged(saved, tmp_path)
    path = folder / "__1_0.distcp"
    path.write_bytes(path.read_bytes()[:-100])
    error = optstate("inspect", folder, status=65).stderr
    assert "rank 1" in error and "__1_0.distcp" in error


def test_shard_of_another_save_is_found(saved, tmp_path, optstate):
    folder = damaged(saved, tmp_path)
    shutil.copy(saved / "flat" / "__1_0.distcp", folder)
    assert "__1_0.distcp" in optstate("verify", folder, status=65).stderr


def test_flipped_bit_is_found(saved, tmp_path, optstate):
    folder = damaged(saved, tmp_path)
    path = folder / "__0_0.distcp"
    content = bytearray(path.read_bytes())
    # In the data of the last chunk, in front of the records behind it.
    place = content.rindex(b"archive/data/0") - 700
    content[content.rindex(b"ZZZZ", 0, place) + 8] ^= 1
    path.write_bytes(content)
    optstate("verify", folder, status=1)


@pytest.mark.parametrize("name", ["../__0_0.distcp", "/etc/passwd", "a/../../b", ""])
def test_path_that_leads_out_is_refused(saved, tmp_path, optstate, name):
    folder = damaged(saved, tmp_path)
    metadata = pickle.loads((folder / ".metadata").read_bytes())
    for info in metadata.storage_data.values():
        info.relative_path = name
    (folder / ".metadata").write_bytes(pickle.dumps(metadata))
    assert "no range of a file" in optstate("inspect", folder, status=65).stderr


def test_class_of_no_metadata_is_refused(saved, tmp_path, optstate):
    folder = damaged(saved, tmp_path)
    metadata = pickle.loads((folder / ".metadata").read_bytes())
    metadata.storage_meta = pathlib.Path.home
    (folder / ".metadata").write_bytes(pickle.dumps(metadata))
    optstate("inspect", folder, status=65)


@pytest.mark.parametrize("ranks", ["0", "-1", "4097"])
def test_impossible_cut_is_refused(saved, tmp_path, optstate, ranks):
    optstate(
        "convert", saved / "plain", tmp_path / "out", "--to", "dcp", f"--ranks={ranks}", status=64
    )
    assert not (tmp_path / "out").exists()
