"""Every system call on the way to an output, one after another: killed at it, interrupted at it, and each in its order.

Where test_crash.py trusts to chance, nothing is left out here: the program runs under ptrace (tracing.py) and
is ended at the first call that changes something in the target's folder, in the next run at the second, and so
on. OPTSTATE_CALLS says at how many calls of each conversion at most; 0 is all of them.
"""
import errno
import os
import signal
import subprocess
import traceback

import numpy as np
import pytest
import tracing
from outputs import OUTPUTS, SUFFIX, clear, command, contents, lay, leftovers, standing
from tracing import RENAMES, SYNCS, WRITES, Effect

LIMIT = int(os.environ.get("OPTSTATE_CALLS", "32"))
REFUSAL = tracing.refusal()
pytestmark = pytest.mark.skipif(REFUSAL is not None, reason=str(REFUSAL))
either_old = pytest.mark.parametrize("has_old", [False, True], ids=["absent", "old"])
each_output = pytest.mark.parametrize("output", OUTPUTS, ids=str)


def chosen(calls, limit=LIMIT):
    """The numbers of the calls at which to strike: all but some of many writes."""
    writes = [number for number, call in enumerate(calls) if call.name in WRITES]
    others = set(range(len(calls))) - set(writes)
    room = max(2, limit - len(others)) if limit else len(writes)
    if len(writes) > room:
        writes = [writes[place * (len(writes) - 1) // (room - 1)] for place in range(room)]
    return sorted(others | set(writes))


def changes(pool, arguments, folder, **options):
    """The calls of an undisturbed run that change something in a folder."""
    ended = pool.submit(tracing.trace, arguments, folder, **options).result()
    assert ended.status == 0, ended.messages
    return [call for call in ended.calls if call.changes]


def ready(output, has_old, folder, old, source):
    """A folder with the old target or none, and the command that makes the new one there."""
    clear(folder)
    folder.mkdir(parents=True)
    if has_old:
        lay(old, folder)
    return command(output, source, folder, *(["--overwrite"] if has_old else []))


def collected(pool, function, cases):
    """Runs cases in parallel; returns what they found, and shows all those that went wrong."""
    futures = [pool.submit(attempt, function, case) for case in cases]
    results = [future.result() for future in futures]
    problems = [problem for _, problem in results if problem]
    assert not problems, f"{len(problems)} of {len(cases)} went wrong:\n" + "\n".join(problems[:12])
    return [found for found, _ in results]


def attempt(function, case):
    """Runs one case in another process; returns what it found, and what went wrong."""
    try:
        return function(*case), None
    except Exception as error:  # This report is all that is seen of it.
        where = traceback.extract_tb(error.__traceback__)[-1]
        effect = case[-1]
        return None, f"{effect.kind} {effect.number} at {effect.at}, line {where.lineno}: {error!r}"


def killed(output, has_old, folder, material, effect):
    """Kills at a call, looks at what is left, and runs once more."""
    source, old, new = material
    arguments = ready(output, has_old, folder, old, source)
    ended = tracing.trace(arguments, folder, effect)
    where = str(ended.struck)
    assert ended.struck is None or ended.status == -signal.SIGKILL, f"{where}: status {ended.status}"
    found = standing(output, folder, old, new)
    allowed = {"new", "old" if has_old else "absent"}
    if output.kind == "prefix":
        # Several files cannot be replaced in one step.
        allowed.add("absent")
    assert found in allowed, f"{where}: the target is {found}"
    count = len(leftovers(folder))
    # Data without an index is in the way of a checkpoint, and nothing is removed unasked.
    is_free = found == "absent" and output.kind != "prefix"
    again = command(output, source, folder, *([] if is_free else ["--overwrite"]))
    done = subprocess.run(again, capture_output=True, encoding="utf-8", timeout=tracing.SECONDS)
    assert done.returncode == 0, f"{where}: the next run: {done.stderr}"
    assert contents(folder) == new, f"{where}: the next run made something else"
    assert not leftovers(folder), f"{where}: the next run left {leftovers(folder)}"
    clear(folder)
    return ended.struck and ended.struck.name, found, count


@each_output
@either_old
def test_killed_at_every_call(pool, material, tmp_path, output, has_old):
    (_, source), old, new = material(output)
    folder = tmp_path / "all"
    calls = changes(pool, ready(output, has_old, folder, old, source), folder)
    assert contents(folder) == new
    found = collected(
        pool,
        killed,
        [
            (output, has_old, tmp_path / str(number), (source, old, new), Effect("kill", number))
            for number in chosen(calls)
        ],
    )
    kills = [one for one in found if one[0]]
    print(f"{len(kills)} kills at {len(calls)} calls: {tally(one[0] for one in kills)}")
    print(f"found {tally(one[1] for one in kills)}")
    # The first call finds what was there before, the last one the new target.
    assert kills[0][1] == ("old" if has_old else "absent") and kills[-1][1] == "new"


NO_EXCHANGE = Effect("error", 0, errno.EINVAL, ("renameat2",), lasting=True)


def killed_without_exchange(output, has_old, folder, material, effect):
    """Kills where a directory is replaced in two steps: in between, the old one has another, visible name."""
    source, old, new = material
    ended = tracing.trace(ready(output, has_old, folder, old, source), folder, effect, also=[NO_EXCHANGE])
    found = contents(folder)
    aside = {name: data for name, data in found.items() if ".replaced-by-" in name.split("/")[0]}
    standing = {name: data for name, data in found.items() if name not in aside}
    assert standing in ({}, old, new), f"{ended.struck}: {sorted(found)}"
    if not standing:
        plain = {f"{output.target}/{name.split('/', 1)[1]}": data for name, data in aside.items()}
        assert plain == old, f"{ended.struck}: {sorted(found)}"
    again = command(output, source, folder, "--overwrite")
    subprocess.run(again, check=True, capture_output=True)
    assert contents(folder) == new and not leftovers(folder)
    clear(folder)
    return "new" if found == new else "old" if found == old else "aside"


@pytest.mark.parametrize("output", [one for one in OUTPUTS if one.kind == "directory"], ids=str)
def test_killed_where_nothing_can_be_exchanged(pool, material, tmp_path, output):
    (_, source), old, new = material(output)
    folder = tmp_path / "all"
    calls = changes(pool, ready(output, True, folder, old, source), folder, also=[NO_EXCHANGE])
    assert contents(folder) == new
    cases = [
        (output, True, tmp_path / str(number), (source, old, new), Effect("kill", number))
        for number in chosen(calls)
    ]
    found = collected(pool, killed_without_exchange, cases)
    print(f"{len(found)} kills: {tally(found)}")


def tally(words):
    words = list(words)
    return {word: words.count(word) for word in sorted(set(words))}


def interrupted(output, has_old, folder, material, effect):
    """Sends a signal at a call: everything is as before, or the new target is there; and nothing else."""
    source, old, new = material
    ended = tracing.trace(ready(output, has_old, folder, old, source), folder, effect)
    where = str(ended.struck)
    found = contents(folder)
    assert not leftovers(folder), f"{where}: it left {leftovers(folder)}"
    before = old if has_old else {}
    assert found in (before, new), f"{where}: it left {standing(output, folder, old, new)}, {sorted(found)}"
    # Whoever is done may say so.
    assert ended.status == -effect.number or ended.status == 0 and found == new, f"{where}: status {ended.status}"
    clear(folder)
    return ended.status, "new" if found == new else "before"


@each_output
@either_old
def test_interrupted_at_every_call(pool, material, tmp_path, output, has_old):
    (_, source), old, new = material(output)
    folder = tmp_path / "all"
    calls = changes(pool, ready(output, has_old, folder, old, source), folder)
    numbers = chosen(calls, LIMIT and max(2, LIMIT // 2))
    cases = []
    for place, number in enumerate(numbers):
        # In half of the runs the thread that makes the call waits, in the others it goes on meanwhile.
        effect = Effect(
            "signal", number, [signal.SIGTERM, signal.SIGINT][place % 2], patience=[0.25, 0][place // 2 % 2]
        )
        cases.append((output, has_old, tmp_path / str(number), (source, old, new), effect))
    found = collected(pool, interrupted, cases)
    print(f"{len(found)} signals: {tally(map(str, found))}")
    assert found[0] in ((-signal.SIGTERM, "before"), (-signal.SIGINT, "before"))


@each_output
@either_old
def test_everything_is_flushed_in_order(pool, material, tmp_path, output, has_old):
    """Data before the name that makes it visible, the folder behind it; and never a write to what has its name."""
    (_, source), old, new = material(output)
    folder = tmp_path / "all"
    calls = changes(pool, ready(output, has_old, folder, old, source), folder, results=True)
    assert contents(folder) == new
    done = [call for call in calls if call.result is not None and call.result >= 0]
    names = [call for call in done if call.name in RENAMES]
    for call in done:
        # Whatever else there may be would need a rule here.
        assert call.name in {*WRITES, *SYNCS, *RENAMES, "openat", "unlink", "unlinkat", "rmdir", "mkdir", "flock"}, call
        if call.name in WRITES or call.flags & os.O_CREAT:
            assert SUFFIX in call.paths[0], f"{call} is no temporary file"
    appeared = [call for call in names if SUFFIX in call.paths[0] and SUFFIX not in call.paths[1]]
    assert {os.path.relpath(call.paths[1], folder).split("/")[0] for call in appeared} == {
        name.split("/")[0] for name in new
    }
    for call in appeared:
        inside = [one for one in done if is_below(one.paths[0], call.paths[0]) and one.over < call.began]
        written = {one.paths[0] for one in inside if one.name in WRITES}
        assert written, f"{call}: nothing was written"
        for path in written:
            last = max(one.over for one in inside if one.name in WRITES and one.paths[0] == path)
            assert is_flushed(inside, path, last), f"{call}: {path} was not flushed before"
        # The names in a folder that comes with its files are theirs to flush, too.
        made = {one.paths[0] for one in inside if one.name == "mkdir"}
        for path in made:
            entries = [one.over for one in inside if one.flags & os.O_CREAT and os.path.dirname(one.paths[0]) == path]
            last = max(entries, default=0)
            assert is_flushed(inside, path, last), f"{call}: the folder {path} was not flushed before"
        assert is_flushed(done, str(folder), call.over), f"{call}: its folder was not flushed behind it"
    if output.kind == "prefix":
        check_order_of_prefix(output, has_old, folder, done, appeared)


def is_below(path, top):
    return path == top or path.startswith(top + "/")


def is_flushed(calls, path, after):
    """Whether a file or folder is flushed by a call that begins behind a moment."""
    return any(call.name in SYNCS and call.paths[0] == path and call.began > after for call in calls)


def check_order_of_prefix(output, has_old, folder, done, appeared):
    """The old index vanishes for good, then come the data, the index, and the list that names it."""
    names = [os.path.basename(call.paths[1]) for call in appeared]
    data, index = [name for name in names if ".data-" in name], output.target + ".index"
    assert names == [*data, index, "checkpoint"]
    steps = appeared
    if has_old:
        # The index steps aside, so that it can come back when something fails.
        gone = [call for call in done if call.name in {"unlink", "rename"} and SUFFIX not in call.paths[0]]
        assert [os.path.basename(call.paths[0]) for call in gone] == ["checkpoint", index]
        steps = gone + appeared
    for one, next in zip(steps, steps[1:]):
        if os.path.basename(one.paths[-1]) in data and os.path.basename(next.paths[-1]) in data:
            continue
        flushed = [call for call in done if call.name in SYNCS and call.paths[0] == str(folder)]
        assert any(one.over < call.began and call.over < next.began for call in flushed), (
            f"nothing is flushed between {one} and {next}"
        )


@each_output
def test_new_folders_are_flushed(pool, material, tmp_path, output):
    """The folders that are made for a target last as long as it does."""
    (_, source), _, new = material(output)
    top = tmp_path / "top"
    top.mkdir()
    folder = top / "one" / "two"
    calls = changes(pool, command(output, source, folder), top, results=True)
    assert contents(folder) == new
    for made in (folder, folder.parent):
        begun = next(call.over for call in calls if call.name == "mkdir" and call.paths[0] == str(made))
        assert is_flushed(calls, str(made.parent), begun), f"the name of {made} was not flushed"


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """An archive with members so large that they are unpacked into a file of their own, in $TMPDIR."""
    path = tmp_path_factory.mktemp("packed") / "s.npz"
    generator = np.random.default_rng(0)
    np.savez_compressed(path, **{f"layer_{n}": generator.standard_normal(1 << 19, np.float32) for n in range(3)})
    return path


def unpacked(path, folder, effect):
    """Ends the program while it unpacks: nothing is left that the next run does not remove."""
    clear(folder)
    folder.mkdir(parents=True)
    environment = {**os.environ, "TMPDIR": str(folder)}
    arguments = [os.environ["OPTSTATE"], "verify", str(path)]
    ended = tracing.trace(arguments, folder, effect, environment)
    assert ended.struck, "no such call was made"
    if effect.kind == "error":
        status = 73 if effect.names == ("openat",) else 74
        assert ended.status == status, f"{ended.struck}: status {ended.status}"
        assert os.strerror(effect.number) in ended.messages and str(folder) in ended.messages, ended.messages
        assert len(ended.messages.splitlines()) == 1 and ended.messages.startswith("error: "), ended.messages
    else:
        assert ended.status == -(effect.number or signal.SIGKILL), f"{ended.struck}: status {ended.status}"
        subprocess.run(arguments, env=environment, check=True, capture_output=True)
    assert list(folder.iterdir()) == [], f"{ended.struck}: it left {list(folder.iterdir())}"
    return effect.kind


def test_scratch_space(pool, packed, tmp_path):
    """What is unpacked into a file without a name leaves nothing behind, and says so when there is no room."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    environment = {**os.environ, "TMPDIR": str(folder)}
    calls = changes(pool, [os.environ["OPTSTATE"], "verify", str(packed)], folder, environment=environment)
    assert any(call.name in WRITES for call in calls)
    numbers = chosen(calls)
    effects = [Effect("kill", number) for number in numbers]
    effects += [Effect("signal", number, signal.SIGTERM) for number in numbers[::4]]
    effects += [Effect("error", number, errno.ENOSPC, tuple(WRITES), lasting=True) for number in (0, 1)]
    effects += [Effect("error", 0, errno.EACCES, ("openat",), lasting=True)]
    found = collected(
        pool, unpacked, [(packed, tmp_path / f"{place}", effect) for place, effect in enumerate(effects)]
    )
    print(f"{len(found)} times at {len(calls)} calls: {tally(found)}")
