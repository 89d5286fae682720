"""The packages of a release: what is in them, where they install, and that they meddle with no other HDF5."""
import os
import pathlib
import re
import subprocess
import sys
import venv
import zipfile

import pytest
from conftest import BERT, HERE

ROOT = HERE.parent.parent
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    made = subprocess.run([ROOT / ".release/make", folder], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(packages):
    (path,) = packages.glob("*.whl")
    return path


def install(folder, wheel, frameworks=False):
    """A fresh environment with the wheel, and with all that the suite's own has; returns its folder of programs."""
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    if frameworks:
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "frameworks.pth").write_text(f"{pathlib.Path(pytest.__file__).parent.parent}\n")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel], check=True)
    return folder / "bin"


def said(*arguments, **options):
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_is_small_and_holds_the_program_and_its_licences(wheel):
    assert wheel.stat().st_size <= 10 * MEGABYTE
    with zipfile.ZipFile(wheel) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    (program,) = [name for name in sizes if name.endswith(".data/scripts/optstate")]
    assert sizes[program] <= 26 * MEGABYTE
    licences = {name.split("/licenses/")[1] for name in sizes if "/licenses/" in name}
    linked = {"swift", "foundation-uuid", "swift-argument-parser", "swift-protobuf", "libhdf5", "libaec", "libdeflate", "zlib1g", "libzstd"}
    assert licences == {"optstate", *linked}
    rest = {name.split("/")[-1] for name in sizes if not re.search("/licenses/|/share/", name) and name != program}
    assert rest == {"optstate.py", "METADATA", "WHEEL", "RECORD"}


def shared(names):
    """What lies below `share`, by its path there."""
    return {name.split("/share/", 1)[1] for name in names if "/share/" in name and not name.endswith("/")}


def test_packages_bring_completions_manual_pages_and_schemas(packages, wheel):
    with zipfile.ZipFile(wheel) as archive:
        found = shared(archive.namelist())
    (package,) = packages.glob("*.deb")
    listed = shared(line.split()[-1] for line in said("dpkg-deb", "-c", package).splitlines())
    assert {"bash-completion/completions/optstate", "fish/vendor_completions.d/optstate.fish"} < found & listed
    assert "zsh/site-functions/_optstate" in found and "zsh/vendor-completions/_optstate" in listed
    assert {"man/man1/optstate.1.gz", "man/man1/optstate.convert.1.gz"} < found & listed
    schemas = {f"optstate/schemas/{path.name}" for path in (ROOT / "Sources/optstate/Schemas").iterdir()}
    assert schemas and schemas < found & listed


def test_program_asks_for_the_c_libraries_and_nothing_else(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".data/scripts/optstate")]
        path = pathlib.Path(archive.extract(name, tmp_path))
    path.chmod(0o755)
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", said("readelf", "-d", path)))
    assert "RUNPATH" not in said("readelf", "-d", path)
    assert needed <= {"libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"}
    # The tag promises that no newer C library is asked for.
    promised = tuple(map(int, re.search(r"manylinux_(\d+)_(\d+)", wheel.name).groups()))
    versions = re.findall(r"GLIBC_(\d+)\.(\d+)", said("objdump", "-T", path))
    assert max(tuple(map(int, version)) for version in versions) <= promised


def test_fresh_environment_has_the_command_and_the_module(wheel, tmp_path):
    bin = install(tmp_path / "v", wheel)
    version = said(bin / "optstate", "--version").strip()
    assert wheel.name.startswith(f"optstate-{version}-")
    assert said(bin / "python", "-m", "optstate", "--version").strip() == version
    assert "global step   20" in said(bin / "python", "-m", "optstate", "inspect", BERT / "model.ckpt-20")
    failed = subprocess.run([bin / "python", "-m", "optstate", "inspect", tmp_path / "no"], capture_output=True, text=True)
    assert failed.returncode == 66 and failed.stderr.startswith("error: ")


def test_module_finds_the_program_of_a_target_folder(wheel, tmp_path):
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--target", tmp_path, wheel], check=True)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    # pip's record says ../../bin here, which is somebody else's folder.
    decoy = tmp_path / "../../bin/optstate"
    decoy.parent.mkdir(exist_ok=True)
    decoy.write_text("#!/bin/sh\necho decoy\n")
    decoy.chmod(0o755)
    assert said(sys.executable, "-m", "optstate", "--version", env=environment).strip() in wheel.name
    (tmp_path / "bin/optstate").chmod(0o644)
    broken = subprocess.run([sys.executable, "-m", "optstate"], env=environment, capture_output=True, text=True)
    assert broken.returncode == 1 and len(broken.stderr.splitlines()) == 1 and "does not run here" in broken.stderr
    (tmp_path / "bin/optstate").unlink()
    decoy.unlink()
    gone = subprocess.run([sys.executable, "-m", "optstate"], env=environment, capture_output=True, text=True)
    assert gone.returncode == 1 and len(gone.stderr.splitlines()) == 1 and "reinstall" in gone.stderr


@pytest.mark.parametrize("framework", ["tensorflow", "torch"])
def test_no_other_hdf5_is_shadowed(wheel, tmp_path, framework):
    """h5py, a framework and the program take turns at one store; the process has h5py's HDF5 and no other."""
    bin = install(tmp_path / "v", wheel, frameworks=True)
    script = f"""
import subprocess, sys, h5py, {framework}
store = sys.argv[2]
subprocess.run([sys.argv[1], "convert", "{BERT / 'model.ckpt-20'}", store], check=True, stderr=subprocess.DEVNULL)
with h5py.File(store) as file:
    assert file["bert/pooler/dense/kernel/adam_m"].shape == (12, 12)
subprocess.run([sys.argv[1], "verify", store], check=True, stdout=subprocess.DEVNULL)
loaded = {{line.split()[-1] for line in open("/proc/self/maps") if "libhdf5" in line}}
assert loaded and all("h5py" in path for path in loaded), loaded
print(h5py.version.hdf5_version)
"""
    assert said(bin / "python", "-c", script, bin / "optstate", tmp_path / "s.h5").strip().startswith("2.")


def can_mount():
    return not subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode


def test_without_proc_nothing_is_said_to_be_done(packages, tmp_path):
    if not can_mount():
        pytest.skip("mounting needs root")
    (package,) = packages.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", package, tmp_path], check=True)
    line = f"mount -t tmpfs none /proc; exec {tmp_path}/usr/bin/optstate convert {BERT / 'model.ckpt-20'} {tmp_path}/s.h5"
    done = subprocess.run(["unshare", "--mount", "sh", "-c", line], capture_output=True, text=True)
    assert done.returncode == 74 and done.stderr.startswith("error: ") and not (tmp_path / "s.h5").exists()


@pytest.mark.skipif(not can_mount(), reason="a root directory of its own needs root")
def test_stranger_installs_and_does_three_jobs(packages):
    output = said(HERE / "stranger", packages)
    milliseconds = int(re.search(r"first inspect: (\d+) ms", output)[1])
    assert milliseconds <= 30_000
    print(f"from pip install to the first inspect: {milliseconds} ms")
    assert "sound: 139 tensors" in output and "healthy" in output
