"""NumPy's own arrays and archives come back byte for byte, and what is written loads."""
import json
import zipfile

import numpy as np
import pytest
from conftest import BERT, assert_same, tensors

ARRAYS = {
    "matrix": np.arange(6, dtype="<f4").reshape(2, 3),
    "scalar": np.float32(3.5),
    "empty": np.zeros((0, 4), "<f8"),
    "fortran": np.asfortranarray(np.arange(6, dtype="<i8").reshape(2, 3)),
    "fortran-3": np.asfortranarray(np.arange(210, dtype="<i2").reshape(5, 6, 7)),
    "fortran-4": np.asfortranarray(np.arange(360, dtype="<f8").reshape(3, 4, 5, 6)),
    "bool": np.array([True, False]),
    "half": np.arange(3, dtype="<f2"),
    "byte": np.arange(3, dtype="u1"),
    "complex": np.array([1 + 2j], "<c8"),
    "big": np.arange(4, dtype=">f4"),
    "big-complex": np.array([1 + 2j, 3 - 4j], ">c16"),
    "big-fortran": np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)),
    "cube": np.arange(24, dtype="<i4").reshape(2, 3, 4),
    "bytes": np.array([b"ab", b"c"]),
    "text": np.array(["ab", "c"]),
    "date": np.array(["2020-01-01"], "datetime64[D]"),
    "long": np.arange(3, dtype=np.longdouble),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_array_comes_back_byte_for_byte(optstate, tmp_path, name):
    np.save(tmp_path / f"{name}.npy", ARRAYS[name])
    optstate("convert", tmp_path / f"{name}.npy", tmp_path / "s.h5")
    back = tmp_path / "back.npy"
    optstate("convert", tmp_path / "s.h5", back, "--to", "npz")
    assert back.read_bytes() == (tmp_path / f"{name}.npy").read_bytes()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)], ids=str)
def test_every_version_comes_back(optstate, tmp_path, version):
    with open(tmp_path / "a.npy", "wb") as file:
        np.lib.format.write_array(file, np.arange(5.0), version=version)
    optstate("convert", tmp_path / "a.npy", tmp_path / "back.npy")
    assert (tmp_path / "back.npy").read_bytes() == (tmp_path / "a.npy").read_bytes()


def test_stored_archive_comes_back_byte_for_byte(optstate, tmp_path):
    np.savez(tmp_path / "a.npz", **ARRAYS, **{"a/b": np.ones(2), "é": np.zeros(1)})
    optstate("convert", tmp_path / "a.npz", tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back.npz")
    assert (tmp_path / "back.npz").read_bytes() == (tmp_path / "a.npz").read_bytes()
    assert optstate("diff", tmp_path / "a.npz", tmp_path / "s.h5").stdout == "equal\n"


def test_deflated_archive_is_read_and_written(optstate, tmp_path):
    arrays = {
        "zeros": np.zeros(3_000_000, "<f4"),
        "noise": np.random.default_rng(1).standard_normal(700_001),
        "empty": np.zeros(0, "<f4"),
    }
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    optstate("convert", tmp_path / "a.npz", tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back.npz", "--compress", "gzip:6")
    with zipfile.ZipFile(tmp_path / "back.npz") as archive:
        assert archive.testzip() is None
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_DEFLATED}
    with np.load(tmp_path / "back.npz") as found:
        assert_same(dict(found), arrays)
    assert (tmp_path / "back.npz").stat().st_size < 1.02 * (tmp_path / "a.npz").stat().st_size
    optstate("convert", tmp_path / "s.h5", tmp_path / "again.npz", "--compress", "gzip:6")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "back.npz").read_bytes()


def test_tensorflow_state_loads_and_comes_back(optstate, tmp_path):
    optstate("convert", BERT / "model.ckpt-20", tmp_path / "s.npz")
    wanted = tensors(BERT / "model.ckpt-20")
    with np.load(tmp_path / "s.npz") as found:
        assert_same(dict(found), {name: np.asarray(one) for name, one in wanted.items()})
    optstate("convert", tmp_path / "s.npz", tmp_path / "back/model.ckpt-20", "--to", "tensorflow")
    assert_same(tensors(tmp_path / "back/model.ckpt-20"), wanted)


def test_flat_names_are_paired(optstate, tmp_path):
    np.savez(
        tmp_path / "a.npz",
        **{
            "w": np.zeros((2, 3), "<f4"), "w.exp_avg": np.ones((2, 3), "<f4"),
            "w.exp_avg_sq": np.ones((2, 3), "<f4"), "w.step": np.float32(7), "global_step": np.int64(9),
        },
    )
    report = json.loads(optstate("inspect", tmp_path / "a.npz", "--json", "--variables").stdout)
    assert report["global_step"] == 9
    (variable,) = report["variables"]
    assert (variable["name"], variable["step"]) == ("w", 7)
    assert set(variable["slots"]) == {"adam_m", "adam_v"}
    optstate("convert", tmp_path / "a.npz", tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_type_that_numpy_lacks_is_refused(optstate, tmp_path):
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variable = tf.compat.v1.get_variable("b", initializer=tf.zeros(3, tf.bfloat16))
        session.run(variable.initializer)
        tf.compat.v1.train.Saver([variable]).save(session, str(tmp_path / "m.ckpt"))
    done = optstate("convert", tmp_path / "m.ckpt", tmp_path / "x.npz", status=65)
    assert "bfloat16" in done.stderr
    assert not (tmp_path / "x.npz").exists()


def members():
    import ml_dtypes

    w = np.arange(6, dtype="<f4").reshape(2, 3)
    half = w.astype(ml_dtypes.bfloat16)
    record = np.dtype([("a", "<f4"), ("b", "<i4", (2,)), ("c", [("d", "S3")])])
    return {
        "dictionary": {"lr": 1e-3}, "none": None, "ragged": np.array([np.zeros(2), np.zeros(3)], dtype=object),
        "objects": np.array([[1, "a"], [None, w]], dtype=object), "records": np.zeros(2, record), "record": np.zeros((), record),
        "half": half, "half-columns": np.asfortranarray(half), "half-scalar": half[1, 1], "name": "adam",
    }  # fmt: skip


MEMBERS = ["dictionary", "none", "ragged", "objects", "records", "record", "half", "half-columns", "half-scalar", "name"]


@pytest.mark.parametrize("name", MEMBERS)
def test_members_beside_arrays_of_numbers_are_kept(optstate, tmp_path, name):
    w, member = np.arange(6, dtype="<f4").reshape(2, 3), members()[name]
    np.savez(tmp_path / "a.npz", w=w, x=member)
    found = json.loads(optstate("inspect", tmp_path / "a.npz", "--variables", "--json").stdout)
    is_tensor = name.startswith("half")
    assert found["account"]["parameter"]["count"] == (2 if is_tensor else 1)
    assert found["account"]["carried_along"]["count"] == (0 if is_tensor else 1)
    optstate("convert", tmp_path / "a.npz", tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back.npz")
    assert (tmp_path / "back.npz").read_bytes() == (tmp_path / "a.npz").read_bytes()
    done = optstate("convert", tmp_path / "a.npz", tmp_path / "s.safetensors")
    assert ("left out" in done.stderr) != is_tensor
    if is_tensor:
        from safetensors.torch import load_file

        assert np.array_equal(load_file(tmp_path / "s.safetensors")["x"].float().numpy(), np.asarray(member, "f4"))


def test_objects_are_not_looked_into(optstate, tmp_path):
    """A pickle that would run something is bytes here, and stays so."""

    class Runs:
        def __reduce__(self):
            import os

            return os.mkdir, (str(tmp_path / "pwned"),)

    np.savez(tmp_path / "a.npz", w=np.ones(3), x=np.array([Runs()], dtype=object))
    for arguments in (["inspect"], ["verify"], ["doctor"]):
        optstate(*arguments, tmp_path / "a.npz", status={0, 1})
    optstate("convert", tmp_path / "a.npz", tmp_path / "s.h5")
    assert not (tmp_path / "pwned").exists()
