"""Disks that are full, folders that may not be written to, two writers of one target."""
import os
import shutil
import subprocess
import sys

import pytest
from conftest import BERT, HERE, files

STATUS = {73, 74}


def is_root():
    return os.geteuid() == 0


def in_small_disk(tmp_path, kilobytes, script):
    """Runs a shell script with a disk of so many kilobytes at `disk`, which nobody else sees."""
    (tmp_path / "disk").mkdir(exist_ok=True)
    mount = f'mount -t tmpfs -o size={kilobytes}k none "{tmp_path}/disk"\n'
    return subprocess.run(
        ["unshare", "-m", "bash", "-c", "set -u\n" + mount + script],
        env={**os.environ, "F": str(BERT / "model.ckpt-20"), "D": str(tmp_path / "disk")},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


needs_root = pytest.mark.skipif(not is_root(), reason="mounting a disk takes root")


@needs_root
@pytest.mark.parametrize("options", ["s.h5", "s.h5 --compress gzip:1", "model.ckpt-20"])
@pytest.mark.parametrize("kilobytes", [4, 16, 32, 48, 64, 96])
def test_full_disk(tmp_path, options, kilobytes):
    done = in_small_disk(
        tmp_path,
        kilobytes,
        f'"$OPTSTATE" convert "$F" "$D"/{options}; echo "status $?"; ls -A "$D"',
    )
    status, *left = done.stdout.split("\n")[:-1]
    if status == "status 0":
        assert left
        return
    assert int(status.split()[1]) in STATUS, done.stdout + done.stderr
    assert "No space left on device" in done.stderr or "Cannot allocate memory" in done.stderr
    assert str(tmp_path / "disk") in done.stderr
    assert left == []


@needs_root
@pytest.mark.parametrize("options", ["s.h5", "s.h5 --compress gzip:1", "model.ckpt-20"])
def test_full_disk_keeps_what_was_there(tmp_path, options):
    """The old state fills the disk; the new one finds no room beside it."""
    done = in_small_disk(
        tmp_path,
        1000,
        f"""
        "$OPTSTATE" convert "$F" "$D"/{options} || exit 1
        head -c 3000000 /dev/zero >"$D"/filler 2>/dev/null
        before=$(cd "$D" && sha256sum *)
        "$OPTSTATE" convert "$F" "$D"/{options} --overwrite
        echo "status $?"
        [ "$before" = "$(cd "$D" && sha256sum *)" ] && echo kept
        ls -A "$D" | grep optstate-partial
        """,
    )
    lines = done.stdout.split("\n")[:-1]
    assert int(lines[0].split()[1]) in STATUS, done.stdout + done.stderr
    assert lines[1:] == ["kept"]


@needs_root
def test_read_only_disk(tmp_path):
    done = in_small_disk(
        tmp_path,
        1000,
        'mount -o remount,ro "$D"; "$OPTSTATE" convert "$F" "$D/s.h5"; echo $?',
    )
    assert done.stdout == "73\n"
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_folder_that_may_not_be_written_to(tmp_path, mode):
    """As another user, since root may do everything."""
    folder = tmp_path / "folder"
    folder.mkdir()
    tmp_path.chmod(0o755)
    shutil.copy(os.environ["OPTSTATE"], "/tmp/optstate-as-nobody")
    os.chmod("/tmp/optstate-as-nobody", 0o755)
    folder.chmod(mode)
    environment = {"preexec_fn": lambda: os.setuid(65534)} if is_root() else {}
    try:
        done = subprocess.run(
            ["/tmp/optstate-as-nobody", "convert", BERT / "model.ckpt-20", folder / "s.h5"],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            **environment,
        )
    finally:
        folder.chmod(0o700)
        os.unlink("/tmp/optstate-as-nobody")
    if "model.ckpt-20" in done.stderr:
        pytest.skip("the fixtures are out of that user's reach")
    assert done.returncode == 73
    assert "Permission denied" in done.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["s.h5", "model.ckpt"])
def test_two_writers_of_one_target(optstate, tmp_path, name):
    """Whoever comes last wins, with all of their files."""
    sources = [BERT / "model.ckpt-10", BERT / "model.ckpt-20"]
    for _ in range(40):
        processes = [
            subprocess.Popen([os.environ["OPTSTATE"], "convert", source, tmp_path / name, "--overwrite"])
            for source in sources * 2
        ]
        assert {process.wait(timeout=60) for process in processes} == {0}
        optstate("verify", tmp_path / name)
        assert any(
            optstate("diff", tmp_path / name, source, status={0, 1}).returncode == 0 for source in sources
        )
    assert not [one for one in tmp_path.iterdir() if one.name.endswith("-partial")]


def test_two_writers_without_overwriting(optstate, tmp_path):
    """One makes the target, the others are told so."""
    for number in range(20):
        target = tmp_path / f"{number}.ckpt"
        processes = [
            subprocess.Popen(
                [os.environ["OPTSTATE"], "convert", BERT / "model.ckpt-20", target], stderr=subprocess.DEVNULL
            )
            for _ in range(4)
        ]
        assert sorted(process.wait(timeout=60) for process in processes) == [0, 73, 73, 73]
        assert files(target) == files(BERT / "model.ckpt-20")
    assert not [one for one in tmp_path.iterdir() if one.name.endswith("-partial")]


def test_target_is_a_symbolic_link(optstate, tmp_path):
    """The link is replaced; what it points to is not."""
    (tmp_path / "real.h5").write_text("mine")
    (tmp_path / "link.h5").symlink_to("real.h5")
    optstate("convert", BERT / "model.ckpt-20", tmp_path / "link.h5", status=73)
    optstate("convert", BERT / "model.ckpt-20", tmp_path / "link.h5", "--overwrite")
    assert (tmp_path / "real.h5").read_text() == "mine"
    assert not (tmp_path / "link.h5").is_symlink()
    optstate("verify", tmp_path / "link.h5")


def test_folder_vanishes_meanwhile(optstate, tmp_path):
    """Removed as soon as the temporary file is in it."""
    large = tmp_path / "large.ckpt"
    subprocess.run([sys.executable, HERE / "make_bert_base.py", large, "0"], check=True, stdout=subprocess.DEVNULL)
    folder = tmp_path / "out"
    process = subprocess.Popen(
        [os.environ["OPTSTATE"], "convert", large, folder / "s.h5", "--compress", "gzip:1"],
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    while not (folder.is_dir() and any(folder.iterdir())) and process.poll() is None:
        pass
    shutil.rmtree(folder)
    _, messages = process.communicate(timeout=120)
    assert process.returncode in STATUS, messages
    assert messages.startswith("error: ") and len(messages.splitlines()) == 1
    for path in tmp_path.glob("large*"):
        path.unlink()
