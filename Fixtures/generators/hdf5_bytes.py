"""The bytes of an HDF5 file in the structures of libhdf5 1.8, written by hand, every sum valid.

Only for forged files: h5py writes no number that lies. Source: HDF5 File Format Specification 3.0.
"""
import struct

UNDEFINED = (1 << 64) - 1
SCALAR = bytes([2, 0, 0, 0])


def rotated(value, count):
    return (value << count | value >> (32 - count)) & 0xFFFFFFFF


def lookup3(data):
    """Bob Jenkins' sum of metadata, `hashlittle` of lookup3.c with start value 0."""
    mask = 0xFFFFFFFF
    a = b = c = (0xDEADBEEF + len(data)) & mask
    place = 0
    while len(data) - place > 12:
        x, y, z = struct.unpack_from("<3I", data, place)
        a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
        a = (a - c & mask) ^ rotated(c, 4)
        c = (c + b) & mask
        b = (b - a & mask) ^ rotated(a, 6)
        a = (a + c) & mask
        c = (c - b & mask) ^ rotated(b, 8)
        b = (b + a) & mask
        a = (a - c & mask) ^ rotated(c, 16)
        c = (c + b) & mask
        b = (b - a & mask) ^ rotated(a, 19)
        a = (a + c) & mask
        c = (c - b & mask) ^ rotated(b, 4)
        b = (b + a) & mask
        place += 12
    if place == len(data):
        return c
    x, y, z = struct.unpack("<3I", data[place:].ljust(12, b"\0"))
    a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
    c = (c ^ b) - rotated(b, 14) & mask
    a = (a ^ c) - rotated(c, 11) & mask
    b = (b ^ a) - rotated(a, 25) & mask
    c = (c ^ b) - rotated(b, 16) & mask
    a = (a ^ c) - rotated(c, 4) & mask
    b = (b ^ a) - rotated(a, 14) & mask
    return (c ^ b) - rotated(b, 24) & mask


def summed(block):
    return block + struct.pack("<I", lookup3(block))


# Messages: a type and its content.


def message(kind, content, flags=0, size=None):
    return struct.pack("<BHB", kind, len(content) if size is None else size, flags) + content


def integer(width, signed=True):
    return bytes([0x10, 8 if signed else 0, 0, 0, width, 0, 0, 0, 0, 0, 8 * width, 0])


FLOAT32 = bytes([0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0])
FLOAT64 = bytes([0x11, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 255, 3, 0, 0])
TEXT = bytes([0x19, 1, 1, 0, 16, 0, 0, 0]) + integer(1, False)


def extent(*sizes):
    return bytes([2, len(sizes), 0, 1 if sizes else 0]) + b"".join(struct.pack("<Q", size) for size in sizes)


def link(name, address, flags=0x10, width=1, length=None):
    name = name.encode() if isinstance(name, str) else name
    length = len(name) if length is None else length
    flags |= {1: 0, 2: 1, 4: 2, 8: 3}[width]
    content = bytes([1, flags]) + (b"\1" if flags & 0x10 else b"") + length.to_bytes(width, "little") + name
    return message(0x06, content + struct.pack("<Q", address))


def group(*links, heap=UNDEFINED, tree=UNDEFINED):
    """The messages of a group."""
    return message(0x02, struct.pack("<BBQQ", 0, 0, heap, tree)) + message(0x0A, b"\0\0") + b"".join(links)


def attribute(name, kind, space, data, sizes=(), version=3):
    """An attribute; `sizes` forges the lengths of name, type and space."""
    name = (name.encode() if isinstance(name, str) else name) + b"\0"
    true = (len(name), len(kind), len(space))
    lengths = tuple(sizes[place] if len(sizes) > place and sizes[place] is not None else true[place] for place in range(3))
    return message(0x0C, bytes([version, 0]) + struct.pack("<HHHB", *lengths, 1) + name + kind + space + data)


def number(name, value):
    return attribute(name, integer(8), SCALAR, struct.pack("<q", value))


def contiguous(address, size, space, kind=FLOAT32):
    """The messages of a dataset in one piece."""
    layout = bytes([3, 1]) + struct.pack("<QQ", address, size)
    return message(0x01, space) + message(0x03, kind) + message(0x05, b"\3\5") + message(0x08, layout)


def header(messages, length=None, width=4, flags=0, version=2, gap=b""):
    """An object header; `length` forges the count of its bytes."""
    flags |= {1: 0, 2: 1, 4: 2, 8: 3}[width]
    length = len(messages) + len(gap) if length is None else length
    return summed(b"OHDR" + bytes([version, flags]) + length.to_bytes(width, "little") + messages + gap)


def continuation(messages):
    return summed(b"OCHK" + messages)


def heap(*objects, size=None, free=None):
    """A global heap of objects: numbers and bytes."""
    body = b""
    for number_, content in objects:
        body += struct.pack("<HHIQ", number_, 1, 0, len(content)) + content + bytes(-len(content) % 8)
    rest = 4096 - 16 - len(body)
    body += struct.pack("<HHIQ", 0, 0, 0, rest if free is None else free) + bytes(rest - 16)
    return b"GCOL" + struct.pack("<IQ", 1, 16 + len(body) if size is None else size) + body


class File:
    """A file in the making: blocks behind a superblock."""

    def __init__(self):
        self.data = bytearray(48)

    def add(self, block):
        """Appends a block and returns its address."""
        self.data += bytes(-len(self.data) % 8)
        address = len(self.data)
        self.data += block
        return address

    @property
    def next(self):
        """The address that the next block will have."""
        return len(self.data) + -len(self.data) % 8

    def finish(self, root, end=None, base=0, extension=UNDEFINED, version=2):
        end = len(self.data) if end is None else end
        block = b"\x89HDF\r\n\x1a\n" + bytes([version, 8, 8, 0]) + struct.pack("<QQQQ", base, extension, end, root)
        self.data[:48] = summed(block)
        return bytes(self.data)


def timeless(data):
    """A file of h5py's without the times that headers of version 2 have, the sums brought up to date."""
    data, place = bytearray(data), 0
    while (place := data.find(b"OHDR\2", place)) >= 0:
        flags = data[place + 5]
        if flags & 0x20:
            data[place + 6 : place + 22] = bytes(16)
            start = place + 22 + (4 if flags & 0x10 else 0)
            width = 1 << (flags & 3)
            end = start + width + int.from_bytes(data[start : start + width], "little")
            data[end : end + 4] = struct.pack("<I", lookup3(bytes(data[place:end])))
        place += 4
    return bytes(data)


def strip_times(path):
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(timeless(data))
