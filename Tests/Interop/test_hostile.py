"""Forged files get the answer they deserve from every command: no crash, no hang, no output, within bounds."""
import concurrent.futures
import itertools
import os
import re
import resource
import shutil
import subprocess
import tempfile
import threading
import time

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

# What a terminal would obey, or break a line at.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def assert_is_plain(done):
    """Names cannot take over the terminal, nor forge a line of their own."""
    for text in (done.stdout, done.stderr):
        assert not CONTROLS.search(text), ascii(text)
        assert not any(line.lstrip().startswith("FORGED") for line in text.splitlines()), text
    errors = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    assert done.returncode in {0, 1} or len(errors) == 1, done.stderr


FORMATS = {
    "optstate": "s.h5", "tensorflow": "m.ckpt", "tensorflow-object": "o.ckpt", "safetensors": "s.safetensors",
    "npz": "s.npz", "pytorch": "s.pt", "keras-h5": "k.h5", "keras-weights": "k.weights.h5", "keras": "k.keras",
    "huggingface": "hf", "dcp": "dcp", "deepspeed": "ds", "deepspeed-universal": "du",
    "flax": "f.msgpack",
}  # fmt: skip
READ, MADE = {0, 1, 65, 66}, {0, 64, 65, 66, 73}

# Bounds on what a command may take: bytes of address space, open files; what it did take is measured.
SPACE, FILES, MEMORY, THREADS, SECONDS = 8 << 30, 64, 2 << 30, 32, 30


def commands(path, folder):
    """Every command on a state: its arguments, and the statuses that it may end with."""
    adam, schedule = "adamw:learning_rate=0.1", "constant:learning_rate=0.1"
    yield ["inspect", path, "--variables"], READ - {1}
    yield ["inspect", path, "--json", "--stats"], READ - {1}
    yield ["diff", path, path], READ
    yield ["diff", path, path, "--json", "--tolerance", "1e-3"], READ
    yield ["doctor", path], READ
    yield ["doctor", path, "--json"], READ
    yield ["report", path, "-o", folder / "report/r.html"], MADE
    yield ["schedule", path, "--json"], MADE
    for format, name in FORMATS.items():
        yield ["convert", path, folder / format / name, "--to", format], MADE
    yield ["convert", path, folder / "packed/s.h5", "--compress", "gzip:1"], MADE
    yield ["convert", path, folder / "slots/s.npz", "--only", "slots"], MADE
    yield ["strip", path, folder / "strip/s.h5"], MADE
    yield ["reset", path, folder / "reset/s.h5", "--step", "0", "--initial", "0.1"], MADE
    yield ["debias", path, folder / "fold/s.h5", "--fold", "--step", "3", "--optimizer", adam], MADE
    yield ["set", path, folder / "set/s.h5", "--step", "5", "--schedule", schedule], MADE
    yield ["average", path, path, folder / "average/s.h5"], MADE
    yield ["resize", path, folder / "resize/s.h5", "--variable", "a", "--rows", "9"], MADE
    replay = ["replay", path, "--gradients", path, "--steps", "1", "--output", folder / "replay/s.h5"]
    yield [*replay, "--learning_rate", "1", "--num_train_steps", "1"], MADE


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (SPACE, SPACE))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


def bounded(arguments):
    """Runs the program; returns what it said, and its memory in bytes, seconds and threads."""
    program, threads = os.environ["OPTSTATE"], 0
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as messages:
        start = time.monotonic()
        process = subprocess.Popen(
            [program, *map(str, arguments)],
            preexec_fn=limited, stdin=subprocess.DEVNULL, stdout=out, stderr=messages,
        )  # fmt: skip
        timer = threading.Timer(SECONDS, process.kill)
        timer.start()
        while True:
            number, status, usage = os.wait4(process.pid, os.WNOHANG)
            if number:
                break
            try:
                threads = max(threads, len(os.listdir(f"/proc/{process.pid}/task")))
            except FileNotFoundError:
                pass
            time.sleep(0.001)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, messages):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "backslashreplace"))
    done = subprocess.CompletedProcess(arguments, process.returncode, *texts)
    return done, usage.ru_maxrss << 10, time.monotonic() - start, threads


# Each file meets `verify` and every so manieth of the other commands, another share of them than the file before it, so
# that all commands meet files of every family; 1 gives all to all.
SHARE = int(os.environ.get("OPTSTATE_SHARE", "16"))


def answers(path, allowed, attack, turn):
    """Gives a forged file to the commands; returns what went wrong, and the most that any command took."""
    wrong, most, runs = [], (0, 0, 0), 0
    with tempfile.TemporaryDirectory() as name:
        folder = type(path)(name)
        for arguments, statuses in [(["verify", path], allowed), (["verify", path, "--json"], allowed),
                                    *list(commands(path, folder))[turn % SHARE :: SHARE]]:  # fmt: skip
            done, *took = bounded(arguments)
            runs += 1
            most = tuple(map(max, most, took))
            try:
                assert done.returncode in statuses, f"status {done.returncode}: {done.stderr}"
                if "--json" not in arguments:
                    assert_is_plain(done)
                if done.returncode > 1:
                    assert not done.stdout and "error: " in done.stderr, f"{done.stdout}{done.stderr}"
                if arguments[0] == "convert" and allowed.isdisjoint({0, 1}):
                    assert done.returncode, "a lie was accepted"
                assert took[0] <= MEMORY and took[2] <= THREADS, f"took {took}"
            except AssertionError as error:
                wrong.append(f"{attack}: {' '.join(map(str, arguments))}: {error}")
        for sub in folder.iterdir():
            if not sub.is_dir() or sub.name not in {*FORMATS, "packed", "slots", "strip", "reset", "fold", "set",
                                                    "average", "resize", "replay", "report"}:  # fmt: skip
                wrong.append(f"{attack}: {sub.name} escaped")
            elif partial := [one.name for one in sub.iterdir() if one.name.endswith(".optstate-partial")]:
                wrong.append(f"{attack}: left {partial}")
    return wrong, most, runs


@pytest.mark.parametrize("family", FAMILIES)
def test_every_command_answers(family):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda attack, turn: answers(*attack.values, turn), attacks(family), itertools.count()))
    wrong = [one for ones, _, _ in found for one in ones]
    memory, seconds, threads = map(max, zip(*(most for _, most, _ in found)))
    runs = sum(runs for _, _, runs in found)
    print(f"{len(found)} files, {runs} runs: at most {memory >> 20} MB, {seconds:.2f} s, {threads} threads")
    assert not wrong, f"{len(wrong)} went wrong:\n" + "\n".join(wrong[:40])


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
