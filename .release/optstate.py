"""Runs the program that this package brings: `python -m optstate` is `optstate`."""
import importlib.metadata
import os
import pathlib
import sys


def program():
    """Where the installer put the program: beside this file after `pip install --target`, else by its own record."""
    beside = pathlib.Path(__file__).parent / "bin" / "optstate"
    try:
        files = importlib.metadata.files("optstate") or ()
    except importlib.metadata.PackageNotFoundError:
        files = ()
    recorded = [pathlib.Path(str(file.locate())) for file in files if file.parts[-2:] == ("bin", "optstate")]
    return next((str(path) for path in [beside, *recorded] if path.is_file()), None)


if __name__ == "__main__":
    path = program()
    if path is None:
        sys.exit("optstate: the program of this package is not where it was installed: pip install --force-reinstall it")
    try:
        os.execv(path, [path, *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"optstate: {path} does not run here: {error.strerror}")
