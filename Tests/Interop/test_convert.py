"""TensorFlow's own files come back from the native layout byte for byte."""
import pytest
from conftest import BERT, BUNDLE, bundles, copy, expected, files, is_object_based, label
import expected as digests


# Compressed tables and names too long for HDF5 have tests of their own.
ORDINARY = [prefix for prefix in bundles() if prefix.name not in ("snappy", "big-key")]


@pytest.mark.parametrize("prefix", ORDINARY, ids=label)
def test_comes_back_byte_for_byte(optstate, tmp_path, prefix):
    source = copy(prefix, tmp_path / "in")
    kind = "tensorflow-object" if is_object_based(prefix) else "tensorflow"
    back = tmp_path / "back" / prefix.name
    optstate("convert", source, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", back, "--to", kind)
    assert files(back) == files(prefix)
    assert files(source) == files(prefix), "the input was changed"


def test_the_commands_of_the_readme(optstate, tmp_path):
    """No option and no folder made beforehand: the names say what to do."""
    copy(BERT / "model.ckpt-20", tmp_path)
    optstate("convert", "model.ckpt-20", "s.h5", folder=tmp_path)
    optstate("convert", "s.h5", "back/model.ckpt-20", folder=tmp_path)
    assert files(tmp_path / "back/model.ckpt-20") == files(BERT / "model.ckpt-20")
    assert 'model_checkpoint_path: "model.ckpt-20"' in (tmp_path / "back/checkpoint").read_text()


@pytest.mark.parametrize("name", ["model.ckpt-20", "model.ckpt-20.index", "."])
def test_input_may_be_prefix_index_or_folder(optstate, tmp_path, name):
    source = BERT / name
    optstate("convert", source, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back/model.ckpt-20")
    assert files(tmp_path / "back/model.ckpt-20") == files(BERT / "model.ckpt-20")


@pytest.mark.parametrize("options", [["--compress", "gzip:4"], ["--compress", "gzip:9"]], ids=" ".join)
def test_compressed_state_comes_back_too(optstate, tmp_path, options):
    for prefix in (BERT / "model.ckpt-20", BUNDLE / "mixed"):
        native, back = tmp_path / f"{prefix.name}.h5", tmp_path / "back" / prefix.name
        optstate("convert", prefix, native, *options)
        optstate("convert", native, back, "--to", "tensorflow")
        assert files(back) == files(prefix)


def test_compressed_table_is_read_and_written_plain(optstate, tmp_path):
    optstate("convert", BUNDLE / "snappy", tmp_path / "s.h5")
    done = optstate("convert", tmp_path / "s.h5", tmp_path / "back/ck", "--to", "tensorflow")
    assert files(tmp_path / "back/ck") == files(BUNDLE / "count-33")
    assert "Snappy" in done.stderr
    for name, source in (("again", tmp_path / "back/ck"), ("plain", BUNDLE / "count-33")):
        assert "Snappy" not in optstate("convert", source, tmp_path / name / "ck", "--to", "tensorflow").stderr


def test_name_of_half_a_megabyte_comes_back_or_is_refused(optstate, tmp_path):
    """HDF5 ends a name at 64 KiB; a layout without a way around that has to say so."""
    source, native = BUNDLE / "big-key", tmp_path / "s.h5"
    if optstate("convert", source, native, status=(0, 65)).returncode == 0:
        optstate("convert", native, tmp_path / "back/big-key", "--to", "tensorflow")
        assert files(tmp_path / "back/big-key") == files(source)
    else:
        assert not native.exists()


@pytest.mark.parametrize("name", ["v1.ckpt-7", "sliced.ckpt"])
def test_version_1_becomes_version_2(optstate, tmp_path, name):
    source, back = BUNDLE / "version-1" / name, tmp_path / "back/ck"
    optstate("convert", source, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", back, "--to", "tensorflow")
    digests.write_for_checkpoint(str(back))
    assert expected(back) == expected(source)


def test_two_conversions_make_the_same_bytes(optstate, tmp_path):
    for name in ("a.h5", "b.h5"):
        optstate("convert", BERT / "model.ckpt-20", tmp_path / name)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_existing_target_is_refused_without_overwrite(optstate, tmp_path):
    target = tmp_path / "s.h5"
    target.write_text("mine")
    optstate("convert", BERT / "model.ckpt-20", target, status=73)
    assert target.read_text() == "mine"
    optstate("convert", BERT / "model.ckpt-20", target, "--overwrite")
    optstate("verify", target)
    assert [path.name for path in tmp_path.iterdir()] == ["s.h5"], "something was left beside it"
