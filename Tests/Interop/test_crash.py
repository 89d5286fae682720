"""SIGKILL at random moments: what stands at the target is absent, old and complete, or new and complete.

OPTSTATE_KILLS says how many kills each test makes; the default is for every day.
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
from conftest import files

KILLS = int(os.environ.get("OPTSTATE_KILLS", "20"))
SUFFIX = ".optstate-partial"
MEGABYTES = int(os.environ.get("OPTSTATE_CRASH_MEGABYTES", "48"))


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


@pytest.fixture(scope="module")
def states(optstate, tmp_path_factory):
    """Two states, each in both formats: old and new, as native files and as prefixes."""
    folder = tmp_path_factory.mktemp("states")
    for number, name in ((1, "old"), (2, "new")):
        make_state(folder / f"{name}.h5", number)
        optstate("convert", folder / f"{name}.h5", folder / f"{name}/model.ckpt")
    yield folder
    shutil.rmtree(folder)


def run_and_kill(arguments, moments):
    """Starts the program and kills it some time later; tells whether it was caught at work."""
    process = subprocess.Popen(
        [os.environ["OPTSTATE"], *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(next(moments))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def moments(seconds, seed):
    """Random moments of a run that takes so many seconds; the end is tried more often."""
    generator = random.Random(seed)
    while True:
        whole = generator.random()
        yield seconds * (whole if generator.random() < 0.5 else 0.75 + 0.4 * whole)


def duration(optstate, arguments):
    start = time.monotonic()
    optstate(*arguments)
    return time.monotonic() - start


def step(optstate, path):
    """The step of a sound state, None where there is none; anything else fails."""
    done = optstate("verify", path, status={0, 66})
    if done.returncode == 66:
        return None
    return json.loads(optstate("inspect", path, "--json").stdout)["global_step"]


def leftovers(folder):
    return [one.name for one in folder.iterdir() if one.name.endswith(SUFFIX)]


@pytest.mark.parametrize("has_old", [False, True], ids=["absent", "old"])
@pytest.mark.parametrize("options", [[], ["--compress", "gzip:1"]], ids=["plain", "gzip"])
def test_native_target(optstate, states, tmp_path, has_old, options):
    target = tmp_path / "out" / "s.h5"
    arguments = ["convert", states / "new/model.ckpt", target, "--overwrite", *options]
    pace = moments(duration(optstate, arguments), 1)
    caught, seen = 0, {}
    for _ in range(KILLS):
        target.unlink(missing_ok=True)
        if has_old:
            shutil.copy(states / "old.h5", target)
        caught += run_and_kill(arguments, pace)
        found = step(optstate, target)
        assert found in ((1, 2) if has_old else (None, 2))
        seen[found] = seen.get(found, 0) + 1
        assert len(leftovers(target.parent)) <= 1, "the run before did not clean up"
    print(f"{caught} of {KILLS} caught at work; found {seen}")
    assert caught > 0
    optstate(*arguments)
    assert step(optstate, target) == 2
    assert leftovers(target.parent) == []


@pytest.mark.parametrize("has_old", [False, True], ids=["absent", "old"])
def test_tensorflow_target(optstate, states, tmp_path, has_old):
    folder = tmp_path / "out"
    target = folder / "model.ckpt"
    arguments = ["convert", states / "new.h5", target, "--overwrite"]
    pace = moments(duration(optstate, arguments), 2)
    caught, seen = 0, {}
    for _ in range(KILLS):
        for path in folder.iterdir():
            # Temporary files stay, for the next run to find.
            if not path.name.endswith(SUFFIX):
                path.unlink()
        if has_old:
            optstate("convert", states / "old/model.ckpt", target)
        caught += run_and_kill(arguments, pace)
        found = step(optstate, target)
        assert found in (None, 1, 2)
        assert has_old or found != 1
        # Whatever the list names is there and complete.
        if (folder / "checkpoint").exists():
            assert found is not None and step(optstate, folder) == found
        seen[found] = seen.get(found, 0) + 1
        assert len(leftovers(folder)) <= 4
    print(f"{caught} of {KILLS} caught at work; found {seen}")
    assert caught > 0
    optstate(*arguments)
    assert files(target) == files(states / "new/model.ckpt")
    assert leftovers(folder) == []


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
    for round in range(KILLS):
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
    last, seen = 0, 0
    for number in range(KILLS):
        process = subprocess.Popen([os.environ["OPTSTATE_SAVE_LOOP"], folder, str(MEGABYTES // 3)])
        deadline = time.monotonic() + 60
        # The first run makes its first checkpoint undisturbed.
        while number == 0 and not (folder / "checkpoint-1.h5").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(pace.uniform(0.2, 2))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        steps = []
        for path in folder.glob("*.h5"):
            found = step(optstate, path)
            if path.name.startswith("checkpoint-"):
                assert path.name == f"checkpoint-{found}.h5"
                steps.append(found)
            seen += 1
        assert 1 <= len(steps) <= 3
        assert max(steps) >= last, "a checkpoint was lost"
        last = max(steps)
        if (folder / "run.ckpt.index").exists():
            assert step(optstate, folder / "run.ckpt") is not None
        if (folder / "checkpoint").exists():
            assert step(optstate, folder) is not None
        assert len(leftovers(folder)) <= 5
    print(f"{KILLS} kills, {seen} files verified, {last} updates")
    assert last > 1
