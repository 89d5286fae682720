"""Forged files get the answer they deserve: no crash, no hang, no output."""
import re
import shutil

import pytest
from conftest import FIXTURES


def attacks(folder):
    lines = (FIXTURES / "hostile" / folder / "attacks.tsv").read_text("utf-8").splitlines()
    for line in lines[1:]:
        name, status, attack = line.split("\t")
        allowed = {int(one) for one in status.split(",")}
        yield pytest.param(FIXTURES / "hostile" / folder / name, allowed, attack, id=f"{folder}/{name}")


# What commands take beside a state; every other folder holds states.
ARGUMENTS = ["gradients", "naming", "records"]
FAMILIES = sorted(one.name for one in (FIXTURES / "hostile").iterdir() if one.name not in ARGUMENTS)
ALL = [one for family in FAMILIES for one in attacks(family)]

# What a terminal would obey, or break a line at.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def assert_is_plain(done):
    """Names cannot take over the terminal, nor forge a line of their own."""
    for text in (done.stdout, done.stderr):
        assert not CONTROLS.search(text), ascii(text)
        assert not any(line.lstrip().startswith("FORGED") for line in text.splitlines()), text
    errors = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    assert done.returncode in {0, 1} or len(errors) == 1, done.stderr


@pytest.mark.parametrize("path, allowed, attack", ALL)
def test_verify_answers(optstate, path, allowed, attack):
    done = optstate("verify", path, status=allowed)
    if done.returncode != 0:
        assert (done.stdout + done.stderr).strip(), f"no word about {attack}"


@pytest.mark.parametrize("path, allowed, attack", ALL)
def test_convert_leaves_nothing_behind(optstate, tmp_path, path, allowed, attack):
    (tmp_path / "out").mkdir()
    done = optstate("convert", path, tmp_path / "out/s.h5", "--to", "optstate", status={0, 1, 65, 66})
    if allowed == {0}:
        assert done.returncode == 0
    if allowed.isdisjoint({0}):
        assert done.returncode != 0
    left = {one.name for one in (tmp_path / "out").iterdir()}
    assert left == ({"s.h5"} if done.returncode == 0 else set())
    assert {one.name for one in tmp_path.iterdir()} == {"out"}, "a name escaped"


@pytest.mark.parametrize("path, allowed, attack", ALL)
def test_inspect_survives(optstate, path, allowed, attack):
    optstate("inspect", path, "--variables", "--json", status={0, 65, 66} if 0 not in allowed else {0, 65})
    assert_is_plain(optstate("inspect", path, "--variables", status={0, 65, 66}))
    assert_is_plain(optstate("doctor", path, status={0, 1, 65, 66}))


FORMATS = {"optstate": "s.h5", "tensorflow": "m.ckpt", "tensorflow-object": "o.ckpt", "safetensors": "s.safetensors", "npz": "s.npz", "pytorch": "s.pt",
           "keras-h5": "k.h5", "keras-weights": "k.weights.h5", "keras": "k.keras", "huggingface": "hf"}


@pytest.mark.parametrize("path, allowed, attack", ALL)
def test_no_writer_believes_it(optstate, tmp_path, path, allowed, attack):
    """Every format is written whole or not at all, beside nothing else."""
    for format, name in FORMATS.items():
        (tmp_path / format).mkdir()
        done = optstate("convert", path, tmp_path / format / name, "--to", format, status={0, 65, 66, 73})
        assert_is_plain(done)
        assert done.returncode == 0 or not list((tmp_path / format).iterdir()), format
    assert {one.name for one in tmp_path.iterdir()} == set(FORMATS), "a name escaped"


def argument(family, path):
    """The command that reads a file of a family, without its output."""
    state = FIXTURES / "hostile/store/control.h5"
    if family == "gradients":
        adam = "adamw:learning_rate=0.1"
        return ["replay", state, "--gradients", path, "--steps", "1", "--optimizer", adam, "--output"]
    if family == "records":
        return ["set", state, "--" + path.name.split("-")[0], path]
    if path.suffix == ".json":
        return ["convert", state, "--naming", path]
    return ["convert", FIXTURES / "hostile/pytorch-state/control.pt", "--names", path]


@pytest.mark.parametrize("family", ARGUMENTS)
def test_arguments_are_sound_or_refused(optstate, tmp_path, family):
    wrong = []
    for attack in attacks(family):
        path, allowed, _ = attack.values
        out = tmp_path / "out"
        out.mkdir()
        try:
            done = optstate(*argument(family, path), out / "s.h5", status=allowed)
            assert_is_plain(done)
            assert {one.name for one in out.iterdir()} == ({"s.h5"} if done.returncode == 0 else set())
            assert {one.name for one in tmp_path.iterdir()} == {"out"}, "a name escaped"
            if done.returncode == 0:
                optstate("verify", out / "s.h5")
        except AssertionError as error:
            wrong.append(f"{attack.id}: {error}")
        shutil.rmtree(out)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["x\nFORGED", "\x1b[2J\x1b[32mx", "x\u202egnihtyna", "..\\x"])
def test_files_of_a_directory_cannot_forge_output(optstate, tmp_path, name):
    """Names that not every file system takes are made here."""
    shutil.copytree(FIXTURES / "hostile/huggingface/control", tmp_path / "in")
    (tmp_path / "in" / name).write_bytes(b"x")
    for arguments in (["inspect", "--variables"], ["verify"]):
        assert_is_plain(optstate(arguments[0], tmp_path / "in", *arguments[1:], status={0, 65}))
    assert_is_plain(optstate("convert", tmp_path / "in", tmp_path / "out.safetensors", status={0, 65}))
    assert {one.name for one in tmp_path.iterdir()} <= {"in", "out.safetensors"}
