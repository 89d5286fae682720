"""SIGKILL at random moments: what stands at the target is absent, old and complete, or new and complete.

OPTSTATE_KILLS says how many kills each target gets, OPTSTATE_ROTATIONS how many the training run.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import time

import google_crc32c
import h5py
import numpy as np
import pytest
from outputs import OUTPUTS, SUFFIX, command, contents, lay, leftovers, standing

KILLS = int(os.environ.get("OPTSTATE_KILLS", "30"))
# Of a run that saves and rotates its checkpoints.
ROTATIONS = int(os.environ.get("OPTSTATE_ROTATIONS", "30"))
MEGABYTES = int(os.environ.get("OPTSTATE_CRASH_MEGABYTES", "24"))


def make_state(path, seed):
    """A native state of random numbers: a third parameters, two thirds moments."""
    generator = np.random.default_rng(seed)
    with h5py.File(path, "w") as file:
        file.attrs["format"] = "optstate"
        file.attrs["format_version"] = np.int64(1)
        file.attrs["source_format"] = "optstate"

        def put(group, name, values):
            group[name] = values
            group[name].attrs["crc32c"] = np.uint32(google_crc32c.value(values.tobytes()))

        put(file, "global_step", np.int64(seed))
        for index in range(MEGABYTES // 3):
            group = file.create_group(f"layer_{index}")
            group.attrs["index"] = np.int64(index)
            for name in ("@value", "adam_m", "adam_v"):
                put(group, name, generator.standard_normal(1 << 18, np.float32))


def make_keras(folder):
    """A model large enough to be caught while it is written, after one step and after two."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    keras.utils.set_random_seed(0)
    width = int((MEGABYTES / 3 * (1 << 20) / 4 / 4) ** 0.5)
    model = keras.Sequential([keras.Input((width,)), *(keras.layers.Dense(width) for _ in range(4))])
    model.compile("adam", "mse")
    for name in ("old", "new"):
        model.train_on_batch(np.ones((1, width)), np.ones((1, width)))
        model.save(folder / f"{name}.keras")


@pytest.fixture(scope="module")
def states(optstate, tmp_path_factory):
    """Two states, old and new: as native files, as prefixes, and as archives of Keras once these are wanted."""
    folder = tmp_path_factory.mktemp("states")
    for number, name in ((1, "old"), (2, "new")):
        make_state(folder / f"{name}.h5", number)
        optstate("convert", folder / f"{name}.h5", folder / f"{name}/model.ckpt")
    yield folder
    shutil.rmtree(folder)


def sources(states, output):
    if output.family == "keras":
        if not (states / "new.keras").exists():
            make_keras(states)
        return states / "old.keras", states / "new.keras"
    # What is read is of another format than what is written.
    kind = "{}.h5" if output.kind == "prefix" else "{}/model.ckpt"
    return [states / kind.format(name) for name in ("old", "new")]


def naming(output):
    """A directory of transformers takes names that no convention has only where that is asked for."""
    return ("--naming", "keep") if output.name == "huggingface" else ()


def step(optstate, path):
    """The step of a sound state; one that is not sound fails."""
    optstate("verify", path)
    return json.loads(optstate("inspect", path, "--json").stdout)["global_step"]


# The phases of a run, by what is on the disk when it is killed.
PHASES = ["before", "growing", "complete", "named"]


class Killer:
    """Kills conversions into one folder at random moments, and tells in which phase each was."""

    def __init__(self, output, has_old, folder, source, old, new, seed):
        self.output, self.has_old, self.folder, self.old, self.new = output, has_old, folder, old, new
        self.command = command(output, source, folder, "--overwrite", *naming(output))
        self.random = random.Random(seed)
        self.phases = []
        # How long it takes until the target gets its name.
        self.seconds = 0
        self.kill("named")

    def prepare(self):
        """Puts the old target there, or takes any away; temporary files stay, for the next run to find."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            if not path.name.endswith(SUFFIX):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if self.has_old:
            lay(self.old, self.folder)

    def kill(self, wanted=None):
        """One run, killed anywhere, or about where a phase is to be expected."""
        self.prepare()
        before = self.mark()
        start = time.monotonic()
        process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if wanted == "named":
            while self.mark() == before and process.poll() is None:
                time.sleep(0.0001)
            self.seconds = time.monotonic() - start
        else:
            first, last = {"before": (0, 0.1), "growing": (0.2, 0.8), "complete": (0.9, 1)}.get(wanted, (0, 1.1))
            time.sleep(self.seconds * self.random.uniform(first, last))
        process.send_signal(signal.SIGKILL)
        was_caught = process.wait(timeout=60) == -signal.SIGKILL
        found = standing(self.output, self.folder, self.old, self.new)
        allowed = {"new", "old" if self.has_old else "absent"}
        if self.output.kind == "prefix":
            allowed.add("absent")
        assert found in allowed, f"the target is {found}"
        left = leftovers(self.folder)
        # Two files, the list, and what the first three names were before.
        assert len(left) <= 6, f"the run before did not clean up: {left}"
        if was_caught:
            # Temporary files carry the number of their process, and names that begin with those of their targets.
            self.phases.append(self.phase(found, [name for name in left if f".{process.pid}." in name]))

    def mark(self):
        """What changes when the new target, or a part of it, gets its name."""
        name = next(iter(self.new)) if self.output.kind == "prefix" else self.output.target
        names = [name] if self.output.kind != "prefix" else [one for one in self.new if ".data-" in one]
        try:
            return os.stat(self.folder / names[0]).st_ino
        except FileNotFoundError:
            return None

    def phase(self, found, left):
        if found == "new" or self.output.kind == "prefix" and found == "absent" and self.has_old:
            return "named"
        if not left:
            return "before"
        wanted = {name: data for name, data in self.new.items() if name != "checkpoint"}
        for name in left:
            path = self.folder / name
            files = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
            for one in files:
                data = one.read_bytes()
                match = next((key for key, value in wanted.items() if value == data), None)
                if match:
                    del wanted[match]
        return "growing" if wanted else "complete"

    def finish(self):
        """The run after all the kills."""
        subprocess.run(self.command, check=True, capture_output=True)
        assert contents(self.folder) == self.new
        assert leftovers(self.folder) == []

    def run(self, kills):
        for number in range(kills):
            # Every other time anywhere at all, in between where each phase is to be expected.
            self.kill(PHASES[number // 2 % 4] if number % 2 else None)
        self.finish()
        return self.phases


@pytest.fixture(scope="module")
def tally():
    """How often each phase was hit, over all targets."""
    counts = dict.fromkeys(PHASES, 0)
    yield counts


TARGETS = [one for one in OUTPUTS if one.family != "objects"]


@pytest.mark.parametrize("has_old", [False, True], ids=["absent", "old"])
@pytest.mark.parametrize("output", TARGETS, ids=str)
def test_killed_anywhere(states, tmp_path, tally, output, has_old):
    made = []
    for source in sources(states, output):
        subprocess.run(command(output, source, tmp_path / "golden", *naming(output)), check=True, capture_output=True)
        made.append(contents(tmp_path / "golden"))
        shutil.rmtree(tmp_path / "golden")
    assert made[0] != made[1]
    source = sources(states, output)[1]
    phases = Killer(output, has_old, tmp_path / "out", source, *made, seed=len(output.name)).run(KILLS)
    found = {phase: phases.count(phase) for phase in PHASES}
    print(f"{len(phases)} caught at work: {found}")
    assert phases
    for phase in PHASES:
        tally[phase] += found[phase]
    shutil.rmtree(tmp_path)


def test_every_phase_was_hit(tally):
    print(f"{sum(tally.values())} caught at work: {tally}")
    if not any(tally.values()):
        pytest.skip("nothing was killed in this run")
    assert all(tally.values())


def test_list_never_names_what_is_not_there(optstate, states, tmp_path):
    """A watcher looks at the list while checkpoints are replaced over and over."""
    folder = tmp_path / "out"
    small = states / "small.h5"
    with h5py.File(states / "new.h5") as source, h5py.File(small, "w") as file:
        for name, value in source.attrs.items():
            file.attrs[name] = value
        for name in ("global_step", "layer_0"):
            source.copy(name, file)
    optstate("convert", small, folder / "a.ckpt")
    optstate("convert", small, folder / "b.ckpt")
    for round in range(2 * KILLS):
        process = subprocess.Popen(
            [os.environ["OPTSTATE"], "convert", small, folder / f"{'ab'[round % 2]}.ckpt", "--overwrite"]
        )
        while process.poll() is None:
            text = (folder / "checkpoint").read_text()
            named = text.split('"')[1]
            # The name may have changed since it was read, but then the list has, too.
            if not (folder / (named + ".index")).exists():
                assert (folder / "checkpoint").read_text() != text
        assert process.wait() == 0


@pytest.mark.skipif("OPTSTATE_SAVE_LOOP" not in os.environ, reason="the program SaveLoop is not built")
def test_training_run_and_checkpoints(optstate, tmp_path):
    """A run that saves all the time: every checkpoint is sound, and the next run goes on from the latest."""
    folder = tmp_path / "run"
    pace = random.Random(3)
    last, seen, begun, full, known = 0, 0, {}, 0, {}
    for number in range(ROTATIONS):
        process = subprocess.Popen([os.environ["OPTSTATE_SAVE_LOOP"], folder, "1"])
        deadline = time.monotonic() + 60
        # The first run makes its first checkpoint undisturbed.
        while number == 0 and not (folder / "checkpoint-1.h5").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(pace.uniform(0.02, 0.3))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        steps = []
        for path in folder.glob("*.h5"):
            status = path.stat()
            identity = status.st_ino, status.st_mtime_ns, status.st_size
            # Most are those that the kill before left alone.
            found = known[identity] = known.get(identity) or step(optstate, path)
            if path.name.startswith("checkpoint-"):
                assert path.name == f"checkpoint-{found}.h5"
                steps.append(found)
        seen = len(known)
        # Two are kept; the one to come may be there before the oldest is gone.
        assert 1 <= len(steps) <= 3
        assert max(steps) >= last, "a checkpoint was lost"
        full += len(steps) == 3
        last = max(steps)
        if (folder / "run.ckpt.index").exists():
            assert step(optstate, folder / "run.ckpt") is not None
        if (folder / "checkpoint").exists():
            assert step(optstate, folder) is not None
        assert len(leftovers(folder)) <= 5
        for name in leftovers(folder):
            if f".{process.pid}." in name:
                kind = name.split(".")[1].split("-")[0]
                begun[kind] = begun.get(kind, 0) + 1
    print(f"{ROTATIONS} kills, {seen} files verified, {last} updates; {full} times before the oldest was removed;")
    print(f"temporary files were those of {begun}")
    assert last > 1
    if ROTATIONS >= 100:
        assert {"checkpoint", "run"} <= begun.keys()
