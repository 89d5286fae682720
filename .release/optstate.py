"""Runs the program that this package brings: `python -m optstate` is `optstate`."""
import importlib.metadata
import os
import pathlib
import sys


def program():
    """Where the installer put the program: by its own record, or beside this file after `pip install --target`."""
    recorded = [
        pathlib.Path(file.locate())
        for file in importlib.metadata.files("optstate") or ()
        if file.parts[-2:] == ("bin", "optstate")
    ]
    beside = pathlib.Path(__file__).parent / "bin" / "optstate"
    return next((str(path) for path in [*recorded, beside] if path.exists()), None)


if __name__ == "__main__":
    path = program()
    if path is None:
        sys.exit("optstate: the program of this package is not where it was installed: pip install --force-reinstall optstate")
    os.execv(path, [path, *sys.argv[1:]])
