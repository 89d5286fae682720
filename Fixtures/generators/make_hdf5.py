"""HDF5 files in the ways in which h5py stores things: layouts, filters, types, attributes.

    python make_hdf5.py DIRECTORY

`old.h5` has the oldest structures that libhdf5 writes, `new.h5` the newest; what is in them is the same.
`sum.h5` has a filter that is in neither.
Element number n of every dataset is n modulo 251, but where the type has no such number.
"""
import os
import sys
import zlib

import h5py
import numpy as np

TYPES = [
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
]


def numbers(shape, kind="float32"):
    return (np.arange(int(np.prod(shape))) % 251 % 100).astype(kind).reshape(shape)


def timeless(kind):
    """Properties that leave out the time of creation, so that the same script makes the same file."""
    properties = h5py.h5p.create(kind)
    properties.set_obj_track_times(False)
    return properties


def make_group(parent, name):
    links = h5py.h5p.create(h5py.h5p.LINK_CREATE)
    links.set_char_encoding(h5py.h5t.CSET_UTF8)
    return h5py.Group(h5py.h5g.create(parent.id, name.encode(), links, timeless(h5py.h5p.GROUP_CREATE)))


def compact(group, name, data):
    properties = timeless(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple(data.shape)
    dataset = h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(data.dtype), space, properties)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, data)


def make_layouts(file):
    group = make_group(file, "layouts")
    group.create_dataset("scalar", data=np.float32(7))
    group.create_dataset("empty", data=np.zeros((3, 0, 2), np.float32))
    group.create_dataset("null", data=h5py.Empty("f4"))
    group.create_dataset("contiguous", data=numbers((5, 7)))
    compact(group, "compact", numbers((3, 4)))
    group.create_dataset("chunked", data=numbers((5, 7)), chunks=(2, 3))
    group.create_dataset("growing", data=numbers((5, 7)), chunks=(2, 3), maxshape=(None, None))
    group.create_dataset("one-chunk", data=numbers((5, 7)), chunks=(5, 7))
    group.create_dataset("cube", data=numbers((3, 4, 5), "int16"), chunks=(2, 3, 2))


def make_filters(file):
    group = make_group(file, "filters")
    data = numbers((5, 7))
    group.create_dataset("deflate", data=data, chunks=(2, 3), compression=4)
    group.create_dataset("shuffle", data=data, chunks=(2, 3), shuffle=True)
    group.create_dataset("both", data=data, chunks=(2, 3), compression=9, shuffle=True)
    # Each chunk may leave out filters of its own: the mask names those that were left out.
    masks = group.create_dataset("masks", (8,), "<f4", chunks=(2,), compression=4, shuffle=True)
    values = numbers((8,))
    for mask in range(4):
        chunk = values[2 * mask : 2 * mask + 2].tobytes()
        if not mask & 1:
            chunk = b"".join(chunk[place::4] for place in range(4))
        if not mask & 2:
            chunk = zlib.compress(chunk, 4)
        masks.id.write_direct_chunk((2 * mask,), chunk, mask)


def make_types(file):
    group = make_group(file, "types")
    for name in TYPES:
        group.create_dataset(name, data=numbers((6,), name))
        group.create_dataset(name + "-big", data=numbers((6,), name).astype(np.dtype(name).newbyteorder(">")))
    group.create_dataset("bool", data=np.arange(6) % 2 == 1)
    group.create_dataset("text", data=["a", "bc"])
    group.create_dataset("bytes", data=np.array([b"a", b"bc"]))


def make_attributes(file):
    group = make_group(file, "attributes")
    attributes = group.attrs
    attributes["int"] = -7
    for name in ("int8", "int16", "int32", "uint8", "uint16", "uint32", "float16", "float32", "float64"):
        attributes[name] = np.dtype(name).type(9)
    attributes["uint64"] = np.uint64(1 << 40)
    attributes["bool"] = True
    attributes["text"] = "gr\u00fc\u00df \u540d"
    attributes["empty-text"] = ""
    attributes["fixed"] = np.bytes_(b"fixed")
    attributes["ints"] = [1, -2, 3]
    attributes["reals"] = [0.5, -0.25]
    attributes["texts"] = ["a", "", "\u00e9"]
    attributes["fixed-texts"] = np.array([b"a", b"bc"])
    attributes["no-ints"] = np.zeros(0, np.int64)
    attributes["no-texts"] = np.array([], dtype=h5py.string_dtype())
    attributes["grid"] = np.arange(6).reshape(2, 3)
    attributes["complex"] = 1j
    attributes["null"] = h5py.Empty("f4")
    for number in range(20):
        attributes["many-%d" % number] = number
    file.create_dataset("with-attribute", data=np.zeros(1, np.float32)).attrs["unit"] = "m"


def make_names(file):
    group = make_group(file, "names")
    for name in ("e\u0301", "\u00e9", " ", "a b", "x" * 200):
        make_group(group, name).attrs["name"] = name


def main(directory):
    for name, version in (("old", h5py.h5f.LIBVER_EARLIEST), ("new", h5py.h5f.LIBVER_V110)):
        access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
        access.set_libver_bounds(version, h5py.h5f.LIBVER_V110)
        path = os.path.join(directory, name + ".h5").encode()
        created = h5py.h5f.create(path, h5py.h5f.ACC_TRUNC, timeless(h5py.h5p.FILE_CREATE), access)
        with h5py.File(created) as file:
            make_layouts(file)
            make_filters(file)
            make_types(file)
            make_attributes(file)
            make_names(file)
    with h5py.File(os.path.join(directory, "sum.h5"), "w") as file:
        file.create_dataset("sum", data=numbers((5, 7)), chunks=(2, 3), fletcher32=True)


if __name__ == "__main__":
    main(sys.argv[1])
