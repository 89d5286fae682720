"""Makes a file of Keras with many chunks, and lists them as h5py does, in the seconds that it writes beside the file.

Usage: chunks.py FILE CHUNKS REPETITIONS
"""
import pathlib
import statistics
import sys
import time

import h5py
import numpy as np

path, count, repetitions = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with h5py.File(path, "w", libver="earliest") as file:
    file.attrs["layer_names"] = [np.bytes_("d")]
    file.attrs["keras_version"] = np.bytes_("2.3.1")
    file.attrs["backend"] = np.bytes_("tensorflow")
    group = file.create_group("d")
    group.attrs["weight_names"] = [np.bytes_("d/kernel:0")]
    group.create_dataset("d/kernel:0", data=np.zeros(64 * count, "f4"), chunks=(64,))
seconds = []
for _ in range(repetitions):
    start = time.perf_counter()
    with h5py.File(path) as file:
        found = []
        file["d/d/kernel:0"].id.chunk_iter(lambda chunk: found.append((chunk.chunk_offset, chunk.byte_offset, chunk.size)))
    seconds.append(time.perf_counter() - start)
    assert len(found) == count
path.with_suffix(".seconds").write_text(f"{statistics.median(seconds)}")
