"""A package outside this repository, built from nothing but what the documentation says, with every block of Swift in it."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STARTED = ROOT / "Sources/OptStateKit/Documentation.docc/GettingStarted.md"
BERT = ROOT / "Fixtures/reference/tensorflow/2.21.0/bert"

# What a block may take for granted: what the text around it speaks of.
GIVEN = "state: TrainingState, tensor: Tensor, gradients: [String: Tensor], path: String"


def blocks(text):
    return re.findall(r"```swift\n(.*?)```", text, re.S)


def documentation():
    """Every block outside the first steps, by its place."""
    for path in [ROOT / "README.md", *sorted(ROOT.glob("Sources/*/Documentation.docc/**/*.md"))]:
        if path != STARTED:
            yield from ((path, one) for one in blocks(path.read_text("utf-8")))
    for path in sorted(ROOT.glob("Sources/**/*.swift")):
        comments = "\n".join(re.findall(r"^ */// ?(.*)$", path.read_text("utf-8"), re.M))
        yield from ((path, one) for one in blocks(comments))


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package of the first steps, built."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "optstate").symlink_to(ROOT)
    home = folder / "resume"
    sources = home / "Sources/Resume"
    sources.mkdir(parents=True)
    manifest, *steps = blocks(STARTED.read_text("utf-8"))
    (home / "Package.swift").write_text(manifest, "utf-8")
    (sources / "main.swift").write_text("\n".join(steps), "utf-8")
    others = ["import OptStateKit"]
    for number, (path, block) in enumerate(documentation()):
        if block.startswith(".package("):
            assert block.strip() in manifest
            continue
        body = re.sub(r"^import OptStateKit\n", "", block)
        name = str(path.relative_to(ROOT))
        others.append(f"// {name}\nfunc block{number}({GIVEN}) async throws {{\n{body}}}")
    (sources / "Blocks.swift").write_text("\n\n".join(others) + "\n", "utf-8")
    for name in ("index", "data-00000-of-00001"):
        shutil.copy(BERT / f"model.ckpt-20.{name}", home)
    # Versions of other packages are those that this one was built with.
    if (ROOT / "Package.resolved").exists():
        shutil.copy(ROOT / "Package.resolved", home)
    done = subprocess.run(["swift", "build"], cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return home


def test_every_block_of_the_documentation_compiles(package):
    text = (package / "Sources/Resume/Blocks.swift").read_text("utf-8")
    assert text.count("func block") >= 6


def test_the_first_steps_do_what_they_say(package):
    # A fresh folder each time: the steps save.
    shutil.rmtree(package / "run", ignore_errors=True)
    program = package / ".build/debug/Resume"
    done = subprocess.run([program], cwd=package, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "tensorflow 20 46"
    assert lines[1] == "[adam_m, adam_v] 144"
    assert "true" in lines
    # One tensor was changed, and nothing else.
    assert lines[lines.index("true") + 1] == "1"
    assert lines[lines.index("true") + 2] == "21"
    assert lines[-2].endswith(" 21") and "run/" in lines[-2]
    assert lines[-1] == "139"
