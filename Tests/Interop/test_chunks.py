"""Chunked files of every index that HDF5 has: each chunk is found, in time that grows with their number and no faster."""
import time

import h5py
import numpy as np
import pytest

KINDS = {
    "tree": ("earliest", None, None),
    "growing-tree": ("earliest", None, (None,)),
    "fixed-array": ("v110", None, None),
    "bounded": ("v110", None, (1 << 21,)),
    "extensible-array": ("v110", None, (None,)),
    "second-tree": ("v110", 2, (None, None)),
    "slow-axis-second": ("v110", 2, (4000, None)),
}


def make(path, kind, count, **options):
    version, axes, maximum = KINDS[kind]
    values = np.random.default_rng(count).normal(size=4 * count).astype("f4")
    shape, chunks = ((4 * count,), (4,)) if axes is None else ((count // 4, 16), (2, 8))
    with h5py.File(path, "w", libver=(version, version if version == "v110" else "latest")) as file:
        file.attrs["layer_names"] = [np.bytes_("d")]
        file.attrs["keras_version"] = np.bytes_("2.3.1")
        file.attrs["backend"] = np.bytes_("tensorflow")
        group = file.create_group("d")
        group.attrs["weight_names"] = [np.bytes_("d/kernel:0")]
        values = values[: np.prod(shape)].reshape(shape)
        if maximum is not None and maximum[0] == 4000:
            maximum = (max(4000, shape[0]), None)
        group.create_dataset("d/kernel:0", data=values, chunks=chunks, maxshape=maximum, **options)
    return values


@pytest.mark.parametrize("options", [{}, {"compression": "gzip", "shuffle": True}], ids=["plain", "gzip"])
@pytest.mark.parametrize("count", [4, 40, 3000])
@pytest.mark.parametrize("kind", KINDS)
def test_every_index_is_walked(optstate, tmp_path, kind, count, options):
    values = make(tmp_path / "c.h5", kind, count, **options)
    optstate("convert", tmp_path / "c.h5", tmp_path / "c.npz")
    found = np.load(tmp_path / "c.npz")["d/kernel"]
    assert found.tobytes() == values.tobytes() and found.shape == values.shape


@pytest.mark.parametrize("kind", ["tree", "extensible-array", "fixed-array", "second-tree"])
def test_time_is_linear(optstate, tmp_path, kind):
    def seconds(count):
        make(tmp_path / f"{count}.h5", kind, count)
        start = time.monotonic()
        optstate("inspect", tmp_path / f"{count}.h5")
        return time.monotonic() - start

    seconds(400)
    # Ten times as many took a hundred times as long when libhdf5 looked for each from the first one on.
    assert seconds(40_000) < 25 * max(seconds(4000), 0.1)


def test_a_page_that_was_never_written_is_no_chunk(optstate, tmp_path):
    make(tmp_path / "c.h5", "extensible-array", 40)
    with h5py.File(tmp_path / "c.h5", "r+") as file:
        file["d/d/kernel:0"].resize((4 * 80,))
    assert "80 chunks" in optstate("inspect", tmp_path / "c.h5", status=65).stderr
