#!/usr/bin/env python3
"""Stands in for the program and does one thing wrong, for the tests to find.

$CARELESS says what: writes in place, forgets to flush, leaves temporary files of former runs, gives them names that
nobody recognizes, dies of a signal without removing them, or takes no notice of errors. $OPTSTATE_REAL is the
program that makes the bytes.
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

fault = os.environ["CARELESS"]
_, verb, source, target, *options = sys.argv
target = pathlib.Path(target)
folder = target.parent
folder.mkdir(parents=True, exist_ok=True)
with tempfile.TemporaryDirectory() as scratch:
    made = pathlib.Path(scratch) / target.name
    subprocess.run([os.environ["OPTSTATE_REAL"], verb, source, made, *options], check=True)
    data = made.read_bytes()
if fault != "leaves":
    for path in folder.glob(".*.optstate-partial"):
        path.unlink()
suffix = "tmp" if fault == "unlabelled" else "optstate-partial"
temporary = target if fault == "in-place" else folder / f".{target.name}.{os.getpid()}.{suffix}"
if fault != "dies":
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: (temporary.unlink(missing_ok=True), os._exit(128 + number)))
file = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
for half in (data[: len(data) // 2], data[len(data) // 2 :]):
    try:
        os.write(file, half)
    except OSError as error:
        if fault != "silent":
            temporary.unlink()
            sys.exit(f"error: {target}: {error.strerror}")
if fault != "unflushed":
    os.fsync(file)
if temporary != target:
    os.rename(temporary, target)
place = os.open(folder, os.O_RDONLY)
os.fsync(place)
