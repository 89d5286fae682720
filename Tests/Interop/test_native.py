"""h5py reads the native layout, and every checksum in it is right."""
import google_crc32c
import h5py
import numpy as np
import pytest
from conftest import BERT, BUNDLE, OPTIMIZERS, bits, tensors

SLOTS = ("adam_m", "adam_v")


def place(name):
    """Where the layout keeps a tensor of a BERT checkpoint."""
    return name if name == "global_step" or name.endswith(SLOTS) else name + "/@value"


def datasets(file):
    found = {}
    file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found


def checksum(values):
    return google_crc32c.value(np.ascontiguousarray(values).tobytes())


def test_every_tensor_is_where_the_layout_says(native):
    wanted = tensors(BERT / "model.ckpt-20")
    with h5py.File(native) as file:
        assert bits(file["bert/pooler/dense/kernel/adam_m"][:]) == bits(wanted["bert/pooler/dense/kernel/adam_m"])
        for name, values in wanted.items():
            assert bits(np.asarray(file[place(name)][()])) == bits(np.asarray(values)), name
        kept = {name for name in datasets(file) if not name.startswith("@")}
        assert kept == {place(name) for name in wanted}


def test_root_says_what_the_file_is(native):
    with h5py.File(native) as file:
        attributes = {k: v.decode() if isinstance(v, bytes) else v for k, v in file.attrs.items()}
    assert attributes["format"] == "optstate"
    assert attributes["format_version"] == 1
    assert attributes["created_by"].startswith("optstate")
    assert attributes["source_format"] == "tensorflow"
    assert attributes["naming"] == "google-bert"


@pytest.mark.parametrize("options", [[], ["--compress", "gzip:4"]], ids=["plain", "gzip"])
@pytest.mark.parametrize("prefix", [BERT / "model.ckpt-10", OPTIMIZERS / "adam/model.ckpt-5"], ids=["bert", "adam"])
def test_checksums_are_those_of_the_bytes(optstate, tmp_path, prefix, options):
    optstate("convert", prefix, tmp_path / "s.h5", *options)
    with h5py.File(tmp_path / "s.h5") as file:
        for name, dataset in datasets(file).items():
            if name.startswith("@"):
                continue
            stored = dataset.attrs["crc32c"]
            assert stored.dtype == np.uint32 and stored == checksum(dataset[()]), name


def test_compression_is_shuffle_and_gzip(optstate, native, tmp_path):
    optstate("convert", BERT / "model.ckpt-20", tmp_path / "s.h5", "--compress", "gzip:4")
    with h5py.File(tmp_path / "s.h5") as file, h5py.File(native) as plain:
        table = file["bert/embeddings/word_embeddings/@value"]
        assert (table.compression, table.compression_opts, table.shuffle) == ("gzip", 4, True)
        assert plain["bert/embeddings/word_embeddings/@value"].chunks is None
        for name, dataset in datasets(plain).items():
            assert bits(np.asarray(dataset[()])) == bits(np.asarray(file[name][()])), name


def test_adam_of_tensorflow_gets_the_names_of_the_field(optstate, tmp_path):
    optstate("convert", OPTIMIZERS / "adam/model.ckpt-5", tmp_path / "s.h5")
    wanted = tensors(OPTIMIZERS / "adam/model.ckpt-5")
    with h5py.File(tmp_path / "s.h5") as file:
        for name in ("dense/kernel", "dense/bias", "one", "scalar"):
            for ours, theirs in (("@value", ""), ("adam_m", "/Adam"), ("adam_v", "/Adam_1")):
                found = np.asarray(file[f"{name}/{ours}"][()])
                assert bits(found) == bits(np.asarray(wanted[name + theirs])), name


def test_bfloat16_is_kept_as_its_bits(optstate, tmp_path):
    optstate("convert", BUNDLE / "types", tmp_path / "s.h5")
    wanted = tensors(BUNDLE / "types")["bfloat16"]
    with h5py.File(tmp_path / "s.h5") as file:
        dataset = file["bfloat16/@value"]
        assert dataset[:].tobytes() == wanted.tobytes()
        assert any("bfloat16" in str(value) for value in dataset.attrs.values())


def test_joined_slices_are_one_dataset(optstate, tmp_path):
    optstate("convert", BUNDLE / "partitioned/ck-2", tmp_path / "s.h5")
    wanted = tensors(BUNDLE / "partitioned/ck-2")
    with h5py.File(tmp_path / "s.h5") as file:
        assert bits(file["part/weights/@value"][:]) == bits(wanted["part/weights"])
        assert bits(file["part/weights/adam_m"][:]) == bits(wanted["part/weights/Adam"])
        assert bits(file["part/weights/adam_v"][:]) == bits(wanted["part/weights/Adam_1"])
