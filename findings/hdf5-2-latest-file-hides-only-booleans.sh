#!/bin/bash
# h5py 3.16.0 (HDF5 2.0.0) and h5py 3.14.0 (HDF5 1.14.6): in a file written with libver='latest' the older library
# reads every number and no boolean, and one boolean attribute hides the other attributes of its object.
#
# Seen: HDF5 1.14 opens the file, lists all names, and reads float32 and int64 datasets and their attributes. A bool
# array and a complex one are listed and cannot be opened ("bad version number for datatype message"): their types
# are built of others, and such types get a newer version of the message. A weight whose attributes are
# step=3 and frozen=False can be read, but going through its attributes ends in an error. Without libver all is read.
# Guessed: a file of a newer format is refused as a whole when it is opened, or else read as a whole.
# Printed: "latest: weight read, step read, mask KeyError, spectrum KeyError, attributes RuntimeError" /
#          "default: weight read, step read, mask read, spectrum read, attributes read"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for version in 3.16.0 3.14.0; do
  python3 -m venv "$dir/$version"
  "$dir/$version/bin/pip" -q install h5py==$version numpy==2.4.6
done
"$dir/3.16.0/bin/python" - "$dir" <<'PY'
import sys, h5py, numpy as np
assert h5py.version.hdf5_version == "2.0.0"
for name, options in (("latest", {"libver": "latest"}), ("default", {})):
    with h5py.File(f"{sys.argv[1]}/{name}.h5", "w", **options) as f:
        f["weight"] = np.ones((2, 3), "f4")
        f["weight"].attrs["step"] = 3
        f["weight"].attrs["frozen"] = False
        f["step"] = np.int64(3)
        f["mask"] = np.array([True, False])
        f["spectrum"] = np.ones(2, "c8")
PY
"$dir/3.14.0/bin/python" - "$dir" <<'PY'
import sys, h5py
assert h5py.version.hdf5_version == "1.14.6"

def attempt(action):
    try:
        action()
        return "read"
    except (KeyError, RuntimeError, OSError) as error:
        assert "bad version number for datatype message" in str(error)
        return type(error).__name__

for name, expected in (("latest", ["read", "read", "KeyError", "KeyError", "RuntimeError"]), ("default", ["read"] * 5)):
    with h5py.File(f"{sys.argv[1]}/{name}.h5") as f:
        assert sorted(f) == ["mask", "spectrum", "step", "weight"]
        keys = ["weight", "step", "mask", "spectrum"]
        got = [attempt(lambda: f[key][()]) for key in keys] + [attempt(lambda: dict(f["weight"].attrs))]
    print(f"{name}:", ", ".join(f"{key} {result}" for key, result in zip(keys + ["attributes"], got)))
    assert got == expected
PY
