"""Disks that are full, folders that may not be written to, links in the way, two writers of one target."""
import os
import pathlib
import resource
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
from conftest import BERT
from outputs import OUTPUTS, command, contents, lay, leftovers

STATUS = {73, 74}
each_output = pytest.mark.parametrize("output", OUTPUTS, ids=str)


def is_root():
    return os.geteuid() == 0


needs_root = pytest.mark.skipif(not is_root(), reason="mounting a disk takes root")


def in_disk(folder, mount, script, **variables):
    """Runs a shell script with a disk of its own at `$D`, which nobody else sees."""
    disk = folder / "disk"
    disk.mkdir(exist_ok=True)
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", f"set -u\n{mount} || exit 99\n{script}"],
        env={**os.environ, "F": str(BERT / "model.ckpt-20"), "D": str(disk), **variables},
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=120,
    )
    if done.returncode == 99:
        pytest.skip(f"this machine mounts no such disk: {done.stderr.strip()}")
    return done


def in_small_disk(folder, kilobytes, script, **variables):
    return in_disk(folder, f'mount -t tmpfs -o size={kilobytes}k none "$D"', script, **variables)


def in_ext4(folder, kilobytes, inodes, script, **variables):
    """The same on a real file system, without a journal, in a file."""
    if not shutil.which("mkfs.ext4"):
        pytest.skip("there is no mkfs.ext4 here")
    image = folder / "image"
    with open(image, "wb") as file:
        file.truncate(kilobytes << 10)
    make = ["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-N", str(inodes), image]
    subprocess.run(make, check=True, capture_output=True)
    return in_disk(folder, f'mount -o loop "{image}" "$D" && rmdir "$D/lost+found"', script, **variables)


def shell(output, source, folder, *options):
    return shlex.join(command(output, source, folder, *options))


def needed(files):
    """Kilobytes that files take."""
    return sum((len(data) + 4095) // 4096 * 4 for data in files.values())


def check_message(text, folder):
    errors = [line for line in text.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, text
    assert "No space left on device" in text or "Cannot allocate memory" in text, text
    assert str(folder) in text


@needs_root
@each_output
def test_full_disk(material, tmp_path, output):
    """Disks from almost nothing to almost enough."""
    (_, source), _, new = material(output)
    disk = tmp_path / "disk"
    whole = needed(new)
    # Whole pages: any other number is rounded up to them.
    parts = [4, 8, whole // 4, whole // 2, whole * 3 // 4, whole - 4]
    for kilobytes in sorted({max(4, part // 4 * 4) for part in parts}):
        done = in_small_disk(
            tmp_path, kilobytes, f'{shell(output, source, disk)}; echo "status $?"; ls -A "$D"'
        )
        status, *left = done.stdout.split("\n")[:-1]
        # One page more or less is the file system's affair.
        assert status != "status 0" or kilobytes == whole - 4
        if status != "status 0":
            assert int(status.split()[1]) in STATUS, done.stdout + done.stderr
            check_message(done.stderr, disk)
            # Several files of which only the list found no room are a checkpoint all the same.
            assert not left or output.kind == "prefix" and sorted([*left, "checkpoint"]) == sorted(new)


@needs_root
@each_output
@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_full_disk_keeps_what_was_there(material, tmp_path, output, kind):
    """The old state fills the disk; the new one finds no room beside it."""
    (old, source), _, new = material(output)
    disk = tmp_path / "disk"
    script = f"""
        {shell(output, old, disk)} 2>/dev/null || exit 1
        # Half of what is needed stays free.
        free=$(df -k --output=avail "$D" | tail -1)
        fallocate -l $((free - {sum(map(len, new.values())) // 2048}))K "$D"/filler || exit 98
        before=$(cd "$D" && find . -type f | sort | xargs sha256sum)
        {shell(output, source, disk, "--overwrite")}
        echo "status $?"
        [ "$before" = "$(cd "$D" && find . -type f | sort | xargs sha256sum)" ] && echo kept
        find "$D" | grep optstate-partial
    """
    run = in_small_disk(tmp_path, 2000, script) if kind == "tmpfs" else in_ext4(tmp_path, 4096, 64, script)
    lines = run.stdout.split("\n")[:-1]
    assert int(lines[0].split()[1]) in STATUS, run.stdout + run.stderr
    assert lines[1:] == ["kept"]
    check_message(run.stderr, disk)


@needs_root
@each_output
def test_no_room_for_another_file(material, tmp_path, output):
    """An ext4 with blocks enough, whose inodes are used up."""
    (_, source), _, _ = material(output)
    disk = tmp_path / "disk"
    done = in_ext4(
        tmp_path,
        4096,
        16,
        f"""
        for n in $(seq 100); do : 2>/dev/null >"$D/file-$n" || break; done
        count=$(ls -A "$D" | wc -l)
        {shell(output, source, disk)}
        echo "status $?"
        [ "$count" = "$(ls -A "$D" | wc -l)" ] && echo kept
        """,
    )
    assert done.stdout == "status 73\nkept\n", done.stdout + done.stderr
    check_message(done.stderr, disk)


@each_output
@pytest.mark.parametrize("has_old", [False, True], ids=["absent", "old"])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.9])
def test_file_size_limit(material, tmp_path, output, has_old, part):
    """RLIMIT_FSIZE: the write that meets it fails, and no signal ends the program."""
    (_, source), old, new = material(output)
    folder = tmp_path / "out"
    folder.mkdir()
    if has_old:
        lay(old, folder)
    limit = int(max(map(len, new.values())) * part)
    done = subprocess.run(
        command(output, source, folder, "--overwrite"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode in STATUS, done.stderr
    assert "File too large" in done.stderr and str(folder) in done.stderr
    assert contents(folder) == (old if has_old else {}) and leftovers(folder) == []


@needs_root
def test_read_only_disk(tmp_path):
    done = in_small_disk(
        tmp_path,
        1000,
        'mount -o remount,ro "$D"; "$OPTSTATE" convert "$F" "$D/s.h5"; echo $?',
    )
    assert done.stdout == "73\n"
    assert "Read-only file system" in done.stderr


@pytest.fixture(scope="module")
def public(material):
    """A folder that another user can reach, with the program and the sources of each family in it."""
    # Not below pytest's own folder, which is closed to others.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="optstate-public-"))
    folder.chmod(0o755)
    shutil.copy(os.environ["OPTSTATE"], folder / "optstate")
    for output in OUTPUTS:
        (_, source), _, _ = material(output)
        place = folder / output.family
        place.mkdir(exist_ok=True)
        for path in source.parent.glob(source.name + "*"):
            shutil.copy(path, place)
    yield folder
    shutil.rmtree(folder)


@each_output
@pytest.mark.parametrize("mode", [0o000, 0o500, 0o1777])
def test_folder_that_may_not_be_written_to(material, public, output, mode):
    """As another user, since root may do everything; in the last folder all may write, but to nobody else's files."""
    if mode == 0o1777 and not is_root():
        pytest.skip("files of somebody else take root to make")
    options = {"preexec_fn": lambda: (os.setgid(65534), os.setuid(65534))} if is_root() else {}
    (_, source), old, _ = material(output)
    folder = public / "out"
    lay(old, folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    folder.chmod(mode)
    arguments = command(output, public / output.family / source.name, folder, "--overwrite")
    try:
        done = subprocess.run(
            [public / "optstate", *arguments[1:]],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            **options,
        )
        assert done.returncode == 73, done.stderr
        errors = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
        assert len(errors) == 1 and errors[0].startswith("error: ") and str(folder) in errors[0], done.stderr
        assert "Permission denied" in errors[0] or mode == 0o1777 and "Operation not permitted" in errors[0]
        assert contents(folder) == old and leftovers(folder) == []
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


@each_output
def test_two_writers_of_one_target(material, tmp_path, output):
    """Whoever comes last wins, with all of their files."""
    sources, old, new = material(output)
    for _ in range(12):
        processes = [
            subprocess.Popen(command(output, source, tmp_path, "--overwrite"), stderr=subprocess.PIPE)
            for source in sources * 2
        ]
        messages = [process.communicate(timeout=60)[1] for process in processes]
        assert {process.returncode for process in processes} == {0}, messages
        assert contents(tmp_path) in (old, new)
        assert leftovers(tmp_path) == []


@each_output
def test_two_writers_without_overwriting(material, tmp_path, output):
    """One makes the target, the others are told so."""
    (_, source), _, new = material(output)
    for number in range(6):
        folder = tmp_path / str(number)
        processes = [
            subprocess.Popen(command(output, source, folder), stderr=subprocess.DEVNULL) for _ in range(4)
        ]
        assert sorted(process.wait(timeout=60) for process in processes) == [0, 73, 73, 73]
        assert contents(folder) == new
        assert leftovers(folder) == []


def target_file(output, folder):
    """The path at which something may stand in the way of an output."""
    return folder / (output.target + (".index" if output.kind == "prefix" else ""))


@each_output
@pytest.mark.parametrize("leads_to", ["file", "directory", "nothing", "itself"])
def test_target_is_a_link(material, tmp_path, output, leads_to):
    """A link is replaced where a file would be, or refused; what it leads to is left alone."""
    (_, source), _, new = material(output)
    folder, mine = tmp_path / "out", tmp_path / "mine"
    folder.mkdir()
    link = target_file(output, folder)
    if leads_to == "file":
        mine.write_text("mine")
    elif leads_to == "directory":
        mine.mkdir()
        (mine / "file").write_text("mine")
    link.symlink_to(link.name if leads_to == "itself" else mine)
    for options in ([], ["--overwrite"]):
        done = subprocess.run(
            command(output, source, folder, *options), capture_output=True, encoding="utf-8", timeout=60
        )
        if done.returncode == 0:
            assert options, "it was replaced without being asked for"
            assert not link.is_symlink() and contents(folder) == new
        else:
            assert done.returncode == 73, done.stderr
            errors = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
            assert len(errors) == 1 and errors[0].startswith("error: ") and link.name in errors[0]
            assert link.is_symlink() and [one.name for one in folder.iterdir()] == [link.name]
    if output.kind != "directory":
        assert done.returncode == (73 if leads_to == "directory" else 0)
    assert not mine.is_file() or mine.read_text() == "mine"
    assert not mine.is_dir() or [(one.name, one.read_text()) for one in mine.iterdir()] == [("file", "mine")]
    assert leftovers(folder) == [] and leftovers(tmp_path) == []


@each_output
def test_folder_of_the_target_is_a_link(material, tmp_path, output):
    (_, source), old, new = material(output)
    real, link = tmp_path / "real", tmp_path / "link"
    lay(old, real)
    link.symlink_to("real")
    subprocess.run(command(output, source, link, "--overwrite"), check=True, capture_output=True)
    assert link.is_symlink() and contents(real) == new
    assert leftovers(real) == [] and leftovers(tmp_path) == []


@pytest.mark.parametrize("output", [one for one in OUTPUTS if one.kind == "prefix"], ids=str)
def test_list_of_checkpoints_is_a_link(material, tmp_path, output):
    """The list is replaced as the target is, not written through."""
    (_, source), _, new = material(output)
    folder = tmp_path / "out"
    folder.mkdir()
    (tmp_path / "mine").write_text(new["checkpoint"].decode())
    (folder / "checkpoint").symlink_to(tmp_path / "mine")
    subprocess.run(command(output, source, folder), check=True, capture_output=True)
    assert (tmp_path / "mine").read_text() == new["checkpoint"].decode()
    assert contents(folder) == new and not (folder / "checkpoint").is_symlink()


def children(process):
    """Processes that a process started and that still run, by number, with their first argument."""
    found = {}
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/children") as file:
            for child in map(int, file.read().split()):
                with open(f"/proc/{child}/cmdline", "rb") as line:
                    words = line.read().split(b"\0")
                found[child] = words[1].decode() if len(words) > 1 else ""
    return found


def is_running(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="there is no /proc here")
def test_helper_does_not_outlive_the_program(tmp_path):
    """Killed while a helper process looks at a file, the program takes the helper with it, whatever that does."""
    import h5py

    path = tmp_path / "many.h5"
    with h5py.File(path, "w") as file:
        for number in range(3000):
            file.create_dataset(f"model_weights/layer_{number}/kernel", data=[1.0], chunks=(1,))
    for _ in range(5):
        process = subprocess.Popen(
            [os.environ["OPTSTATE"], "inspect", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        helper = None
        try:
            deadline = time.monotonic() + 60
            while helper is None and process.poll() is None and time.monotonic() < deadline:
                try:
                    found = children(process.pid)
                except (FileNotFoundError, ProcessLookupError):
                    continue
                helper = next((child for child, word in found.items() if word == "--hdf5-catalog"), None)
            assert helper is not None, "no helper was seen"
            # It has no say in this: a helper that hangs in libhdf5 does not notice either.
            time.sleep(0.02)
            os.kill(helper, signal.SIGSTOP)
            process.kill()
            process.wait()
            deadline = time.monotonic() + 10
            while is_running(helper) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert not is_running(helper), "the helper is still there"
        finally:
            process.kill()
            process.wait()
            if helper is not None and is_running(helper):
                os.kill(helper, signal.SIGKILL)
