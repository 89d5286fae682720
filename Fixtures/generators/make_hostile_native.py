"""Forged files in the native HDF5 layout, each wrong in one place.

    python make_hostile_native.py DIRECTORY

`attacks.tsv` names the file, the exit status that a reading command owes it, and the attack.
"""
import os
import sys

import h5py
import numpy as np
from expected import crc32c

attacks = []


def dataset(group, name, values):
    values = np.asarray(values)
    result = group.create_dataset(name, data=values)
    result.attrs["crc32c"] = np.uint32(crc32c(values.tobytes()))
    return result


def text(value):
    """A fixed-length string attribute."""
    return np.bytes_(value)


class Forgery:
    """A sound file in the native layout, open for the damage."""

    def __init__(self, directory, name, status, attack):
        attacks.append((name + ".h5", status, attack))
        self.path = os.path.join(directory, name + ".h5")

    def __enter__(self):
        self.file = file = h5py.File(self.path, "w")
        file.attrs["format"] = text("optstate")
        file.attrs["format_version"] = np.int64(1)
        file.attrs["created_by"] = text("a forger")
        file.attrs["naming"] = text("google-bert")
        file.attrs["source_format"] = text("tensorflow")
        dataset(file, "global_step", np.int64(7))
        for index, name in enumerate(("dense/kernel", "dense/bias")):
            group = file.create_group(name)
            group.attrs["index"] = np.int64(index)
            dataset(group, "@value", np.arange(4, dtype=np.float32))
            dataset(group, "adam_m", np.arange(4, dtype=np.float32) / 8)
            dataset(group, "adam_v", np.arange(4, dtype=np.float32) / 16)
        return file

    def __exit__(self, *_):
        self.file.close()


def make_identity(directory):
    with Forgery(directory, "control", 0, "nothing is wrong: the tool must read this one"):
        pass
    with Forgery(directory, "not-ours", 65, "an HDF5 file without our attributes") as file:
        for name in list(file.attrs):
            del file.attrs[name]
    with Forgery(directory, "other-format", 65, "an HDF5 file that says it is something else") as file:
        file.attrs["format"] = text("weights")
    with Forgery(directory, "future", 65, "a format version that does not exist yet") as file:
        file.attrs["format_version"] = np.int64(1 << 40)
    with Forgery(directory, "version-text", 65, "a format version that is no number") as file:
        del file.attrs["format_version"]
        file.attrs["format_version"] = text("one")
    with Forgery(directory, "version-list", 65, "a format version of many numbers") as file:
        del file.attrs["format_version"]
        file.attrs["format_version"] = np.arange(4000)


def make_links(directory):
    with Forgery(directory, "soft-link", 65, "a moment that is a soft link to another variable's") as file:
        del file["dense/bias/adam_m"]
        file["dense/bias/adam_m"] = h5py.SoftLink("/dense/kernel/adam_m")
    with Forgery(directory, "soft-link-nowhere", 65, "a soft link to nothing") as file:
        file["dense/bias/momentum"] = h5py.SoftLink("/nowhere")
    with Forgery(directory, "external-link", 65, "a moment in another file") as file:
        del file["dense/bias/adam_m"]
        file["dense/bias/adam_m"] = h5py.ExternalLink("control.h5", "/dense/bias/adam_m")
    with Forgery(directory, "cycle", 65, "a group that contains itself") as file:
        file["dense/again"] = file["dense"]
    with Forgery(directory, "hard-link", "0,65", "two names for one dataset") as file:
        del file["dense/bias/adam_m"]
        file["dense/bias/adam_m"] = file["dense/kernel/adam_m"]


def virtual(group):
    """Made with h5py's lower layer, which can leave out the time of creation."""
    space = h5py.h5s.create_simple((4,))
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_virtual(space, b"control.h5", b"/dense/bias/adam_m", space)
    properties.set_obj_track_times(False)
    h5py.h5d.create(group.id, b"adam_m", h5py.h5t.IEEE_F32LE, space, properties)


def make_storage(directory):
    floats = np.arange(4, dtype=np.float32)

    def stored(name, attack, create, status=65):
        with Forgery(directory, name, status, attack) as file:
            del file["dense/bias/adam_m"]
            create(file["dense/bias"])

    stored(
        "external-storage",
        "a moment whose bytes lie in a system file",
        lambda group: group.create_dataset("adam_m", (4,), "f4", external=[("/etc/passwd", 0, 16)]),
    )
    stored("virtual", "a virtual dataset over another file", virtual)
    stored(
        "huge-declared",
        "2^50 elements declared, none stored",
        lambda group: group.create_dataset("adam_m", (1 << 50,), "f4", chunks=(1 << 20,)),
    )
    stored(
        "never-written",
        "a contiguous dataset to which nothing was ever written",
        lambda group: group.create_dataset("adam_m", (4,), "f4"),
        status="1,65",
    )
    stored(
        "strange-filter",
        "a filter that plain libhdf5 lacks",
        lambda group: group.create_dataset("adam_m", data=floats, chunks=(4,), compression="lzf"),
    )
    stored("big-endian", "big-endian floats", lambda group: dataset(group, "adam_m", floats.astype(">f4")), "0,1,65")
    stored("is-group", "empty groups where a moment belongs", lambda group: group.create_group("adam_m/adam_m/x"), "0,65")
    compound = np.zeros(4, [("real", "f4"), ("name", "S3")])
    stored("compound", "a dataset of records", lambda group: group.create_dataset("adam_m", data=compound))
    stored("references", "a dataset of object references", lambda group: group.create_dataset("adam_m", (4,), h5py.ref_dtype))
    stored("text", "a dataset of variable-length strings", lambda group: group.create_dataset("adam_m", data=["a"] * 4))
    stored("null-space", "a dataset without any elements or shape", lambda group: group.create_dataset("adam_m", data=h5py.Empty("f4")))
    stored("other-shape", "a moment of another shape than its variable", lambda group: dataset(group, "adam_m", np.zeros(5, np.float32)), "0,1,65")


def make_structure(directory):
    with Forgery(directory, "value-is-group", 65, "a variable whose value is a group") as file:
        del file["dense/bias/@value"]
        file.create_group("dense/bias/@value")
    with Forgery(directory, "deep", "0,65", "groups nested five hundred deep") as file:
        file.create_group("x/" * 500)
    with Forgery(directory, "step-is-float", "0,65", "a global step that is no integer") as file:
        del file["global_step"]
        dataset(file, "global_step", np.float32(7.5))
    with Forgery(directory, "step-is-list", "0,65", "a global step of a thousand numbers") as file:
        del file["global_step"]
        dataset(file, "global_step", np.arange(1000))
    with Forgery(directory, "unknown-record", "0,65", "a record whose name begins with @ and means nothing") as file:
        file.create_group("@unheard-of").attrs["x"] = 1


def make_checksums(directory):
    with Forgery(directory, "crc-absent", "0,1,65", "a moment without its checksum") as file:
        del file["dense/bias/adam_m"].attrs["crc32c"]
    with Forgery(directory, "crc-wrong", 1, "a moment with the wrong checksum") as file:
        file["dense/bias/adam_m"].attrs["crc32c"] = np.uint32(1)
    with Forgery(directory, "crc-text", "1,65", "a checksum that is no number") as file:
        del file["dense/bias/adam_m"].attrs["crc32c"]
        file["dense/bias/adam_m"].attrs["crc32c"] = text("1")


def make_damage(directory):
    """Cuts and overwritten bytes, on the control file."""
    with open(os.path.join(directory, "control.h5"), "rb") as file:
        good = file.read()

    def damaged(name, attack, contents, status=65):
        attacks.append((name + ".h5", status, attack))
        with open(os.path.join(directory, name + ".h5"), "wb") as file:
            file.write(contents)

    damaged("empty", "a file of no bytes", b"")
    damaged("signature-only", "eight bytes of signature and nothing more", good[:8])
    damaged("cut", "a file cut in the middle", good[: len(good) // 2])
    damaged("cut-one", "a file one byte short", good[:-1], "0,65")
    damaged("superblock", "a superblock of ones", good[:8] + b"\xff" * 88 + good[96:])
    with h5py.File(os.path.join(directory, "control.h5")) as file:
        first, second = (file["dense/bias"][name].id.get_offset().to_bytes(8, "little") for name in ("adam_m", "adam_v"))
    assert good.count(first) == 1
    damaged("shared-bytes", "two moments that are the same bytes", good.replace(first, second))
    for magic in (b"TREE", b"HEAP", b"SNOD"):
        at = good.index(magic)
        name = "no-" + magic.decode().lower()
        damaged(name, "a %s whose signature is gone" % magic.decode(), good[:at] + b"XXXX" + good[at + 4 :])
        wild = good[: at + 8] + b"\xff" * 16 + good[at + 24 :]
        damaged("wild-" + magic.decode().lower(), "a %s whose addresses are ones" % magic.decode(), wild, "0,65")


def main(directory):
    make_identity(directory)
    make_links(directory)
    make_storage(directory)
    make_structure(directory)
    make_checksums(directory)
    make_damage(directory)
    with open(os.path.join(directory, "attacks.tsv"), "w", newline="\n") as file:
        file.write("file\tstatus\tattack\n")
        for attack in attacks:
            file.write("%s\t%s\t%s\n" % attack)


if __name__ == "__main__":
    main(sys.argv[1])
