"""PyTorch files of plain values, written by hand: dictionaries may repeat their keys, numbers may be any.

Only for forged files; no pickle here is ever loaded by Python.
"""
import struct

from make_hostile_pytorch import Zip, glob, long, number, pickled, shape, text


class Pairs(list):
    """A dictionary as a list of keys and values."""


class Raw(bytes):
    """Operations of a pickle as they are."""


class Array:
    """A tensor of its own storage."""

    def __init__(self, values, sizes=None, kind="FloatStorage"):
        self.code = {"FloatStorage": "f", "DoubleStorage": "d", "LongStorage": "q", "IntStorage": "i", "BoolStorage": "?"}[kind]
        self.values = values if isinstance(values, list) else [values]
        self.sizes = [] if sizes is None and not isinstance(values, list) else sizes or [len(self.values)]
        self.kind = kind

    @property
    def data(self):
        return struct.pack("<%d%s" % (len(self.values), self.code), *self.values)


class Writer:
    """Pickles values and gathers the storages of their tensors."""

    def __init__(self):
        self.storages = []

    def value(self, item):
        if isinstance(item, Raw):
            return bytes(item)
        if item is None:
            return b"N"
        if isinstance(item, bool):
            return b"\x88" if item else b"\x89"
        if isinstance(item, int):
            width = max(1, (item.bit_length() + 8) // 8)
            return number(item) if -(1 << 31) <= item < 1 << 31 else long(item, width)
        if isinstance(item, float):
            return b"G" + struct.pack(">d", item)
        if isinstance(item, (str, bytes)):
            return text(item)
        if isinstance(item, tuple):
            return b"(" + b"".join(map(self.value, item)) + b"t"
        if isinstance(item, (Pairs, dict)):
            pairs = item if isinstance(item, Pairs) else item.items()
            return b"}(" + b"".join(self.value(key) + self.value(one) for key, one in pairs) + b"u"
        if isinstance(item, list):
            return b"](" + b"".join(map(self.value, item)) + b"e"
        return self.tensor(item)

    def tensor(self, array):
        key = str(len(self.storages))
        self.storages.append(array.data)
        stored = b"(" + text("storage") + glob("torch", array.kind) + text(key) + text("cpu") + number(len(array.values)) + b"tQ"
        strides = [1]
        for size in reversed(array.sizes[1:]):
            strides.insert(0, strides[0] * size)
        return (glob("torch._utils", "_rebuild_tensor_v2") + b"(" + stored + number(0) + shape(*array.sizes)
                + shape(*strides[: len(array.sizes)]) + b"\x89" + glob("collections", "OrderedDict") + b")RtR")


def saved(item, root="r"):
    """The bytes of a file that holds a value."""
    writer = Writer()
    body = pickled(writer.value(item))
    archive = Zip().add(f"{root}/data.pkl", body).add(f"{root}/byteorder", b"little")
    for key, data in enumerate(writer.storages):
        archive.add(f"{root}/data/{key}", data)
    return archive.add(f"{root}/version", b"3\n").finish()


def moments(count, step=7.0, **more):
    """The state of one parameter under Adam."""
    sizes = [2, 2] if count == 4 else [count]
    entry = {"step": Array(step) if isinstance(step, float) else step}
    entry.update({"exp_avg": Array([0.5] * count, sizes), "exp_avg_sq": Array([0.25] * count, sizes)})
    entry.update(more)
    return {key: one for key, one in entry.items() if one is not Ellipsis}


def group(params, **more):
    settings = {"lr": 0.001, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01, "amsgrad": False, "maximize": False,
                "foreach": None, "capturable": False, "differentiable": False, "fused": None}
    return {**settings, **more, "params": params}
