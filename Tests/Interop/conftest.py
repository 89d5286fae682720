"""What the tests share: the program under test, the fixtures, and TensorFlow's view of a file."""
import os
import pathlib
import resource
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE.parent.parent / "Fixtures"
REFERENCE = FIXTURES / "reference" / "tensorflow"
BERT = REFERENCE / "2.21.0" / "bert"
OPTIMIZERS = REFERENCE / "2.21.0" / "optimizers"
BUNDLE = REFERENCE / "2.21.0" / "bundle"

sys.path.insert(0, str(FIXTURES / "generators"))

SECONDS, MEMORY = 60, 4 << 30


def bundles():
    """The prefix of every version 2 checkpoint among the fixtures."""
    return [path.with_suffix("") for path in sorted(REFERENCE.rglob("*.index"))]


def label(value):
    """A test's name for a fixture's path."""
    return str(value.relative_to(REFERENCE)) if isinstance(value, pathlib.Path) else str(value)


def files(prefix):
    """Index and data files of a checkpoint, by what follows the prefix."""
    return {
        path.name[len(prefix.name) :]: path.read_bytes()
        for path in prefix.parent.glob(prefix.name + ".*")
        if path.suffix == ".index" or path.suffix.startswith(".data-")
    }


def copy(prefix, folder):
    """A copy of a checkpoint and nothing else; returns its prefix."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in prefix.parent.glob(prefix.name + ".*"):
        if path.suffix == ".index" or path.suffix.startswith(".data-"):
            shutil.copy(path, folder)
    return folder / prefix.name


def is_object_based(prefix):
    return b"_CHECKPOINTABLE_OBJECT_GRAPH" in prefix.with_name(prefix.name + ".index").read_bytes()


def tensors(prefix):
    """Every tensor that TensorFlow reads there, by name; variants are left out."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(prefix))
    types = reader.get_variable_to_dtype_map()
    return {name: reader.get_tensor(name) for name in types if types[name].name != "variant"}


def bits(array):
    """Type, shape and bytes: equal when nothing at all differs."""
    if array.dtype == object:
        return "string", array.shape, array.tolist()
    return array.dtype, array.shape, array.tobytes()


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    differing = [name for name in wanted if bits(found[name]) != bits(wanted[name])]
    assert not differing


def expected(prefix):
    """The rows of a fixture's `.expected.tsv`."""
    lines = prefix.with_name(prefix.name + ".expected.tsv").read_text("utf-8").splitlines()
    keys = lines[0].split("\t")
    return [dict(zip(keys, line.split("\t"))) for line in lines[1:]]


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def pytest_collection_modifyitems(items):
    """Puts last what runs the original BERT, which turns eager execution off for the whole process."""
    items.sort(key=lambda item: "bert_run" in item.path.read_text("utf-8"))


@pytest.fixture(scope="session")
def optstate():
    """Runs the program and checks its exit status (a number or several)."""
    program = os.environ["OPTSTATE"]

    def run(*arguments, status=0, folder=None):
        allowed = {status} if isinstance(status, int) else set(status)
        done = subprocess.run(
            [program, *map(str, arguments)],
            cwd=folder,
            timeout=SECONDS,
            preexec_fn=limit_memory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
        )
        command = "optstate " + " ".join(map(str, arguments))
        assert done.returncode in allowed, (
            f"{command}\nexit {done.returncode}, wanted {sorted(allowed)}\n{done.stdout}{done.stderr}"
        )
        return done

    return run


@pytest.fixture(scope="session")
def native(optstate, tmp_path_factory):
    """The BERT state at step 20 in the native layout. Not to be changed: copy it."""
    path = tmp_path_factory.mktemp("native") / "s.h5"
    optstate("convert", BERT / "model.ckpt-20", path)
    return path


@pytest.fixture(scope="session")
def material(tmp_path_factory):
    """The sources of an output, old and new, and what is made of each; made when first wanted."""
    from outputs import golden, make_sources

    folder = tmp_path_factory.mktemp("golden")
    sources, made = make_sources(folder), {}

    def get(output):
        if output not in made:
            made[output] = golden(output, sources, folder)
        return sources[output.family], *made[output]

    return get


@pytest.fixture(scope="session")
def pool():
    """Workers that trace a program each."""
    import tracing

    with tracing.workers() as pool:
        yield pool


@pytest.fixture
def edited(native, tmp_path):
    """Opens a copy of the native state for h5py to change, and returns its path."""
    import google_crc32c
    import h5py
    import numpy as np

    def edit(dataset, change):
        path = tmp_path / "edited.h5"
        if not path.exists():
            shutil.copy(native, path)
        with h5py.File(path, "r+") as file:
            values = np.array(file[dataset][()])
            change(values)
            file[dataset][...] = values
            checksum = google_crc32c.value(values.tobytes())
            file[dataset].attrs["crc32c"] = np.uint32(checksum)
        return path

    return edit
