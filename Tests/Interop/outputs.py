"""One conversion into each format that can be written, and what stands at its target: nothing, the old or the new."""
import dataclasses
import os
import pathlib
import shutil
import subprocess

from conftest import BERT, BUNDLE, FIXTURES

KERAS = FIXTURES / "reference" / "keras"
SUFFIX = ".optstate-partial"
OPTIMIZER = ["--optimizer", "adamw:weight_decay=0.01", "--learning_rate", "1e-4", "--num_train_steps", "100"]


@dataclasses.dataclass(frozen=True)
class Output:
    """A target and the options that make it; its sources are `old` and `new` of the family."""

    name: str
    target: str
    options: tuple = ()
    family: str = "bert"
    # A file, a prefix of several files, or a directory.
    kind: str = "file"

    def __str__(self):
        return self.name


OUTPUTS = [
    Output("optstate", "s.h5"),
    Output("gzip", "s.h5", ("--compress", "gzip:1")),
    Output("tensorflow", "model.ckpt", kind="prefix"),
    Output("tensorflow-object", "ckpt", ("--to", "tensorflow-object"), "objects", "prefix"),
    Output("keras-h5", "k.h5", ("--to", "keras-h5")),
    Output("keras", "k.keras", (), "keras"),
    Output("keras-weights", "k.weights.h5", (), "keras"),
    Output("pytorch", "s.pt", tuple(OPTIMIZER)),
    Output("huggingface", "trainer", ("--to", "huggingface", *OPTIMIZER), kind="directory"),
    Output("safetensors", "s.safetensors"),
    Output("npz", "s.npz"),
]


def make_sources(folder):
    """The old and the new source of each family, which differ in their step and mostly in everything."""
    keras = folder / "keras-7.keras"
    subprocess.run(
        [os.environ["OPTSTATE"], "set", KERAS / "3-adam.keras", keras, "--step", "7"],
        check=True,
        capture_output=True,
    )
    return {
        "bert": (BERT / "model.ckpt-10", BERT / "model.ckpt-20"),
        "objects": (BUNDLE / "objects" / "ckpt-1", BUNDLE / "objects" / "ckpt-2"),
        "keras": (KERAS / "3-adam.keras", keras),
    }


def command(output, source, folder, *options):
    program = os.environ["OPTSTATE"]
    return [program, "convert", str(source), str(folder / output.target), *output.options, *options]


def contents(folder):
    """All files below a folder, but for temporary ones."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(SUFFIX in part for part in path.relative_to(folder).parts)
    }


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(SUFFIX)) if folder.exists() else []


def golden(output, sources, folder):
    """What a folder holds with the old target in it, and with the new one; both are sound, and differ."""
    found = []
    for source in sources[output.family]:
        place = folder / output.name / pathlib.Path(source).name
        subprocess.run(command(output, source, place), check=True, capture_output=True)
        subprocess.run([os.environ["OPTSTATE"], "verify", place / output.target], check=True, capture_output=True)
        found.append(contents(place))
    assert found[0] != found[1]
    return found


def lay(files, folder):
    """Puts files where they were."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def standing(output, folder, old, new):
    """What stands at the target: "absent", "old" or "new". Anything else is an error."""
    found = contents(folder)
    if output.kind == "directory":
        if not os.path.lexists(folder / output.target):
            assert not found, f"strange files {sorted(found)}"
            return "absent"
    elif output.kind == "prefix":
        # Without an index there is no checkpoint, and nothing may point to one.
        if output.target + ".index" not in found:
            assert "checkpoint" not in found, "the list names a checkpoint that is not there"
            assert all(name.startswith(output.target + ".data-") for name in found), f"strange files {sorted(found)}"
            return "absent"
        # The list may still be without it, but then names nothing.
        found.setdefault("checkpoint", new["checkpoint"])
    elif not found:
        return "absent"
    if found == new:
        return "new"
    assert found == old, f"neither old nor new: {[(name, len(data)) for name, data in found.items()]}"
    return "old"


def clear(folder):
    shutil.rmtree(folder, ignore_errors=True)
