"""An error at every system call, one after another, in the released program: what it says, and that nothing is lost.

The calls fail under ptrace (tracing.py) as they would on a full or broken disk. OPTSTATE_CALLS says at how many
calls of each run at most; 0 is all of them.
"""
import errno
import os
import shutil

import pytest
import tracing
from conftest import FIXTURES
from outputs import OUTPUTS, Output, clear, contents, lay, leftovers, standing
from test_calls import LIMIT, changes, chosen, collected, each_output, either_old, pytestmark, ready, tally
from tracing import READS, RENAMES, SYNCS, WRITES, Effect

# What may go wrong with each kind of call, and whether it does for good.
DISK = [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EFBIG, False), (errno.EIO, False)]
ERRORS = {
    **{name: DISK for name in WRITES},
    **{name: [(errno.EIO, False), (errno.ENOSPC, False)] for name in SYNCS},
    **{name: [(errno.EIO, False), (errno.ENOSPC, False)] for name in RENAMES},
    "open": [(errno.EACCES, False), (errno.EMFILE, False), (errno.ENOSPC, False)],
    "mkdir": [(errno.ENOSPC, False), (errno.EACCES, False)],
    "unlink": [(errno.EIO, False)],
    "ftruncate": [(errno.EIO, False)],
}
# A file whose first bytes cannot be written cannot be made.
STATUS = {**{name: {73, 74} for name in WRITES}, **{name: {74} for name in SYNCS}}
ERRORS["openat"], ERRORS["mkdirat"], ERRORS["unlinkat"] = (ERRORS[name] for name in ("open", "mkdir", "unlink"))


def failed(output, has_old, folder, material, allowed, effect):
    """Has a call fail: the program says so in one line, and what was there is untouched."""
    source, old, new = material
    ended = tracing.trace(ready(output, has_old, folder, old, source), folder, effect)
    call = ended.struck
    assert call, "the run was shorter than the one before"
    what = f"{call} {errno.errorcode[effect.number]}: status {ended.status}, {ended.messages!r}"
    found, left = standing(output, folder, old, new), leftovers(folder)
    is_removal = call.name.startswith("unlink")
    # What cannot be removed stays, and the next run finds it.
    assert is_removal or not left, f"{what}: it left {left}"
    if ended.status == 0:
        # Another way was found: libhdf5 looks before it creates, and where there are no links there is renaming.
        assert is_removal or call.name == "link" or call.name == "openat" and not call.flags & os.O_CREAT, what
        assert found == "new", what
    else:
        assert found in allowed, f"{what}: the target is {found}"
        assert ended.status in STATUS.get(call.name, {73}), what
        messages = [line for line in ended.messages.splitlines() if not line.startswith("note: ")]
        assert len(messages) == 1 and messages[0].startswith("error: "), what
        assert os.strerror(effect.number) in messages[0] and str(folder) in messages[0], what
    clear(folder)
    return ended.struck.name, errno.errorcode[effect.number], found


@each_output
@either_old
def test_error_at_every_call(pool, material, tmp_path, output, has_old):
    (_, source), old, new = material(output)
    folder = tmp_path / "all"
    calls = changes(pool, ready(output, has_old, folder, old, source), folder)
    last = max(number for number, call in enumerate(calls) if call.name in RENAMES and is_target(output, call))
    before = "old" if has_old else "absent"
    cases = []
    for place, number in enumerate(chosen(calls)):
        kinds = ERRORS.get(calls[number].name, [])
        if not kinds:
            continue
        error, is_lasting = kinds[place % len(kinds)]
        # Behind the last renaming, the new target is there already, unless it is taken back.
        allowed = {before} if number <= last else {before, "new"}
        names = tuple(WRITES) if is_lasting else ()
        at = sum(call.name in WRITES for call in calls[:number]) if is_lasting else number
        effect = Effect("error", at, error, names, lasting=is_lasting)
        cases.append((output, has_old, tmp_path / str(number), (source, old, new), allowed, effect))
    found = collected(pool, failed, cases)
    print(f"{len(found)} errors: {tally(' '.join(one[:2]) for one in found)}; {tally(one[2] for one in found)}")


def is_target(output, call):
    name = os.path.basename(call.paths[-1])
    return name == output.target + (".index" if output.kind == "prefix" else "")


def unharmed(output, has_old, folder, material, effect):
    """What does not matter does not show."""
    source, old, new = material
    ended = tracing.trace(ready(output, has_old, folder, old, source), folder, effect)
    assert ended.struck, "no such call was made"
    assert ended.status == 0, f"{ended.struck}: {ended.messages}"
    assert contents(folder) == new and not leftovers(folder), f"{ended.struck}: {leftovers(folder)}"
    clear(folder)
    return ended.struck.name


@each_output
@either_old
def test_what_does_not_matter(pool, material, tmp_path, output, has_old):
    """Writes cut short, calls interrupted, a file system without links, locks or exchange."""
    (_, source), old, new = material(output)
    folder = tmp_path / "all"
    calls = changes(pool, ready(output, has_old, folder, old, source), folder)
    names = {call.name for call in calls}
    effects = [Effect("short", 0, 0, tuple(WRITES), lasting=True)]
    numbers = chosen(calls)
    effects += [Effect("error", n, errno.EINTR) for n in numbers if calls[n].name in {"pwrite64", "fsync", "flock"}]
    effects += [Effect("error", 0, error, ("flock",)) for error in (errno.ENOLCK, errno.EOPNOTSUPP) if "flock" in names]
    effects += [
        Effect("error", 0, error, ("link", "linkat"), lasting=True)
        for error in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK)
        if "link" in names
    ]
    effects += [
        Effect("error", 0, error, ("renameat2",), lasting=True)
        for error in (errno.EINVAL, errno.ENOSYS)
        if "renameat2" in names
    ]
    effects += [Effect("error", n, errno.EINVAL) for n, call in enumerate(calls) if is_directory_sync(call, folder)]
    found = collected(
        pool,
        unharmed,
        [
            (output, has_old, tmp_path / str(number), (source, old, new), effect)
            for number, effect in enumerate(effects)
        ],
    )
    print(f"{len(found)} times: {tally(found)}")


def is_directory_sync(call, folder):
    return call.name == "fsync" and call.paths[0] == str(folder)


def vanished(output, has_old, folder, material, effect):
    """Removes the target's folder at a call: the program says so, and does not hang or crash."""
    source, old, new = material
    ended = tracing.trace(ready(output, has_old, folder, old, source), folder, effect)
    what = f"{ended.struck}: status {ended.status}, {ended.messages!r}"
    if ended.status == 0:
        # Too late to matter, as nothing was asked of the folder any more; or so early that it was made anew.
        assert effect.at > 0 or contents(folder) == new, what
        return "in time"
    assert ended.status in (73, 74), what
    messages = [line for line in ended.messages.splitlines() if not line.startswith("note: ")]
    assert len(messages) == 1 and messages[0].startswith("error: "), what
    assert "No such file or directory" in messages[0] and str(folder) in messages[0], what
    # A temporary file may have been made in the folder's place, but is not left there.
    assert not leftovers(folder), what
    clear(folder)
    return str(ended.status)


@each_output
@either_old
def test_folder_vanishes_at_every_call(pool, material, tmp_path, output, has_old):
    (_, source), old, new = material(output)
    folder = tmp_path / "all"
    calls = changes(pool, ready(output, has_old, folder, old, source), folder)
    numbers = chosen(calls, LIMIT and max(2, LIMIT // 3))
    found = collected(
        pool,
        vanished,
        [(output, has_old, tmp_path / str(n), (source, old, new), Effect("vanish", n)) for n in numbers],
    )
    print(f"{len(found)} times: {tally(found)}")
    assert found.count("too late") < len(found)


KERAS = FIXTURES / "reference" / "keras"
TORCH = FIXTURES / "reference" / "pytorch" / "2.13.0"
# Files that take other ways than our own outputs: libhdf5's layouts in the helper, packed archives, old pickles.
OTHERS = [
    KERAS / "2.3.1-adam.h5",
    KERAS / "3-adam.keras",
    KERAS / "3-adam.weights.h5",
    TORCH / "legacy.pt",
    TORCH / "adam.pt",
]
COMMANDS = ["inspect", "verify", "doctor", "diff", "convert"]


def unreadable(arguments, folder, wanted, effect):
    """Has a read fail, or come in halves."""
    ended = tracing.trace(arguments, folder, effect)
    what = f"{' '.join(map(str, arguments[1:]))}: {ended.struck}, status {ended.status}, {ended.messages!r}"
    assert ended.struck, what
    if effect.kind == "short" or effect.number == errno.EINTR:
        assert (ended.status, ended.output) == wanted, what
    else:
        assert ended.status == 74, what
        messages = [line for line in ended.messages.splitlines() if not line.startswith("note: ")]
        assert len(messages) == 1 and messages[0].startswith("error: "), what
        assert os.strerror(effect.number) in messages[0] and str(folder) in messages[0], what
    return f"{effect.kind} {errno.errorcode.get(effect.number, '')}"


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("input", [*OUTPUTS, *OTHERS], ids=lambda one: getattr(one, "name", str(one)))
def test_error_at_every_read(pool, material, tmp_path, input, name):
    folder = tmp_path / "in"
    folder.mkdir()
    if isinstance(input, Output):
        _, _, new = material(input)
        lay(new, folder)
        path = folder / input.target
    else:
        path = folder / input.name
        shutil.copy(input, path)
    arguments = [os.environ["OPTSTATE"], name, path]
    if name == "diff":
        arguments.append(path)
    if name == "convert":
        arguments += [tmp_path / "out.h5", "--to", "optstate", "--overwrite"]
    whole = pool.submit(tracing.trace, arguments, folder).result()
    assert whole.status in (0, 1), whole.messages
    wanted = whole.status, whole.output
    opens = [call for call in whole.calls if call.name == "openat"]
    reads = [call for call in whole.calls if call.name in READS]
    limit = max(2, LIMIT // 3) if LIMIT else len(reads)
    effects = [Effect("short", 0, 0, tuple(READS), False, lasting=True)]
    for number, place in enumerate(spread(len(reads), limit)):
        # An error that passes may be survived; one that stays may not.
        error = [errno.EIO, errno.EIO, errno.EINTR][number % 3]
        effects.append(Effect("error", place, error, tuple(READS), False, lasting=error != errno.EINTR))
    for number, place in enumerate(spread(len(opens), limit)):
        error = [errno.EACCES, errno.EMFILE][number % 2]
        effects.append(Effect("error", place, error, ("openat",), False, lasting=True))
    found = collected(pool, unreadable, [(arguments, folder, wanted, effect) for effect in effects])
    print(f"{len(found)} of {len(reads)} reads and {len(opens)} opens: {tally(found)}")


def spread(count, limit):
    """Numbers below a count, no more than so many, evenly, with the first and the last."""
    if count <= limit:
        return list(range(count))
    return sorted({place * (count - 1) // (limit - 1) for place in range(limit)})
