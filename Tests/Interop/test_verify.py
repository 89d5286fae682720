"""A wrong bit anywhere in tensor data is found, and the tensor is named."""
import json
import shutil

import h5py
import pytest
from conftest import BERT, BUNDLE, bundles, copy, label, tensors

STEP = "global_step"


def flip(path, offset, bit=0):
    data = bytearray(path.read_bytes())
    data[offset] ^= 1 << bit
    path.write_bytes(data)


def assert_names(done, name):
    assert name in done.stdout + done.stderr


@pytest.mark.parametrize("prefix", bundles(), ids=label)
def test_fixtures_are_sound(optstate, prefix):
    optstate("verify", prefix)
    report = json.loads(optstate("verify", prefix, "--json").stdout)
    assert isinstance(report, dict)


@pytest.mark.parametrize("name", ["v1.ckpt-7", "sliced.ckpt"])
def test_version_1_is_sound(optstate, name):
    optstate("verify", BUNDLE / "version-1" / name)


def test_flipped_bit_in_tensorflow_data(optstate, tmp_path):
    """One bit in every seventh tensor: first, middle and last byte by turns."""
    source = copy(BERT / "model.ckpt-20", tmp_path)
    data = tmp_path / "model.ckpt-20.data-00000-of-00001"
    offset = 0
    for number, (name, values) in enumerate(sorted(tensors(source).items())):
        if number % 7 == 0 or name == STEP:
            size = memoryview(values).nbytes
            at = offset + (0, size // 2, size - 1)[number % 3]
            flip(data, at, number % 8)
            assert_names(optstate("verify", source, status=1), name)
            flip(data, at, number % 8)
        offset += memoryview(values).nbytes
    assert offset == data.stat().st_size
    optstate("verify", source)


def test_flipped_bit_in_native_data(optstate, native, tmp_path):
    path = tmp_path / "s.h5"
    shutil.copy(native, path)
    places = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("@") and item.size:
            places[name] = item.id.get_offset() + item.id.get_storage_size() // 2

    with h5py.File(path) as file:
        file.visititems(note)
    for number, (name, offset) in enumerate(sorted(places.items())):
        if number % 7 == 0 or name == STEP:
            flip(path, offset, number % 8)
            assert_names(optstate("verify", path, status=1), name.replace("/@value", ""))
            flip(path, offset, number % 8)
    optstate("verify", path)


def test_flipped_bit_in_compressed_data(optstate, tmp_path):
    """The stream may break (65) or decode to other values (1); either way it is named."""
    path = tmp_path / "s.h5"
    optstate("convert", BERT / "model.ckpt-20", path, "--compress", "gzip:4")
    name = "bert/embeddings/word_embeddings"
    for dataset in ("@value", "adam_m", "adam_v"):
        with h5py.File(path) as file:
            chunk = file[name][dataset].id.get_chunk_info(0)
        for part in (3, 2):
            at = chunk.byte_offset + chunk.size * part // 4
            flip(path, at)
            assert_names(optstate("verify", path, status=(1, 65)), name)
            flip(path, at)
    optstate("verify", path)


def test_flipped_bit_in_string_and_slice(optstate, tmp_path):
    source = copy(BUNDLE / "strings", tmp_path)
    flip(tmp_path / "strings.data-00000-of-00001", -1)
    assert_names(optstate("verify", source, status=1), "string/")
    source = copy(BUNDLE / "merged", tmp_path)
    flip(tmp_path / "merged.data-00002-of-00003", -1)
    assert_names(optstate("verify", source, status=1), "shared")


def test_damaged_data_is_not_converted(optstate, tmp_path):
    source = copy(BERT / "model.ckpt-20", tmp_path)
    flip(tmp_path / "model.ckpt-20.data-00000-of-00001", 40000)
    optstate("convert", source, tmp_path / "s.h5", status=(1, 65))
    assert not (tmp_path / "s.h5").exists()
    assert len(list(tmp_path.iterdir())) == 2, "something was left behind"
