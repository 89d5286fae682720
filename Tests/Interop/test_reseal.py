"""Numbers that h5py changed in a store, accepted by name."""
import shutil

import pytest
from conftest import BERT, assert_same, tensors

POOLER = "bert/pooler/dense/kernel/adam_m"
BIAS = "cls/predictions/output_bias"


@pytest.fixture
def changed(native, tmp_path):
    """A store in which h5py has doubled a slot and a parameter and moved the step."""
    import h5py

    path = tmp_path / "changed.h5"
    shutil.copy(native, path)
    with h5py.File(path, "r+") as file:
        for name in (POOLER, f"{BIAS}/@value"):
            file[name][...] = file[name][()] * 2
        file["global_step"][...] = 33
    return path


def test_each_tensor_is_named_and_the_rest_is_as_it_was(optstate, changed, tmp_path):
    optstate("verify", changed, status=1)
    assert "CRC-32C" in optstate("convert", changed, tmp_path / "no.ckpt", status=65).stderr
    done = optstate("reseal", changed, tmp_path / "sealed.h5")
    said = [line.split()[1].rstrip(":") for line in done.stdout.splitlines()[:-1]]
    assert sorted(said) == sorted([POOLER, BIAS, "global_step"])
    assert done.stdout.splitlines()[-1].startswith("3 of ")
    assert optstate("verify", tmp_path / "sealed.h5").stdout.startswith("sound")
    optstate("convert", tmp_path / "sealed.h5", tmp_path / "model.ckpt-33")
    wanted = tensors(BERT / "model.ckpt-20")
    wanted[POOLER] = wanted[POOLER] * 2
    wanted[BIAS] = wanted[BIAS] * 2
    wanted["global_step"] = wanted["global_step"] * 0 + 33
    assert_same(tensors(tmp_path / "model.ckpt-33"), wanted)


def test_what_was_not_meant_is_refused(optstate, changed, tmp_path):
    done = optstate("reseal", changed, tmp_path / "no.h5", "--match", "adam_m|global_step", status=65)
    assert BIAS in done.stderr and "--match" in done.stderr
    assert not (tmp_path / "no.h5").exists()
    optstate("reseal", changed, tmp_path / "yes.h5", "--match", "adam_m|global_step|output_bias")


def test_a_dataset_made_anew_gets_its_sum(optstate, native, tmp_path):
    import h5py

    path = tmp_path / "anew.h5"
    shutil.copy(native, path)
    with h5py.File(path, "r+") as file:
        values = file[POOLER][()]
        del file[POOLER].attrs["crc32c"]
    done = optstate("reseal", path, tmp_path / "sealed.h5")
    assert f"resealed {POOLER}: no checksum -> 0x" in done.stdout
    optstate("convert", tmp_path / "sealed.h5", tmp_path / "model.ckpt")
    assert (tensors(tmp_path / "model.ckpt")[POOLER] == values).all()


def test_nothing_changed_is_said(optstate, native, tmp_path):
    assert "nothing differs" in optstate("reseal", native, tmp_path / "same.h5").stdout
    assert "no tensor is selected" in optstate(
        "reseal", native, tmp_path / "no.h5", "--match", "nowhere", status=65
    ).stderr
    assert "no store" in optstate("reseal", BERT / "model.ckpt-20", tmp_path / "no.h5", status=65).stderr
