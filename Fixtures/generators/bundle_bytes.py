"""The bytes of a TensorFlow checkpoint, written by hand.

Only for what TensorFlow itself will not write: compressed tables and forged files. The
files that stand for TensorFlow are written by TensorFlow.
"""
import struct

from expected import crc32c

MAGIC = 0xDB4775248B80FB57
FLOAT32, STRING, BOOL, INT64 = 1, 7, 10, 9


def masked(crc):
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(number):
    number &= (1 << 64) - 1
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


# Protocol buffer fields: a number, and bytes with their length.


def number_field(field, value):
    return varint(field << 3) + varint(value)


def bytes_field(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def shape(sizes):
    return b"".join(bytes_field(2, number_field(1, size) if size else b"") for size in sizes)


def header(shards=1, big_endian=False, producer=1, min_consumer=0, bad_consumers=()):
    version = number_field(1, producer) if producer else b""
    version += number_field(2, min_consumer) if min_consumer else b""
    version += b"".join(number_field(3, one) for one in bad_consumers)
    order = number_field(2, 1) if big_endian else b""
    return number_field(1, shards) + order + bytes_field(3, version)


def entry(dtype=FLOAT32, sizes=(), shard=0, offset=0, size=0, crc=None, data=None, slices=()):
    """An entry; `data` gives size and checksum unless they are forged."""
    if data is not None:
        size = size or len(data)
        crc = masked(crc32c(data)) if crc is None else crc
    message = number_field(1, dtype) + bytes_field(2, shape(sizes))
    for field, value in ((3, shard), (4, offset), (5, size)):
        message += number_field(field, value) if value else b""
    if crc is not None:
        message += varint(6 << 3 | 5) + struct.pack("<I", crc)
    return message + b"".join(bytes_field(7, one) for one in slices)


def extents(*ranges):
    """A slice: start and length per dimension."""
    return b"".join(
        bytes_field(1, (number_field(1, start) if start else b"") + number_field(2, length))
        for start, length in ranges
    )


def slice_key(name, *ranges):
    """The ordered code of a slice, for starts and lengths below 64."""
    key = b"\0" + name + b"\0\1" + b"\1" + bytes([len(ranges)])
    return key + b"".join(bytes([0x80 ^ start, 0x80 ^ length]) for start, length in ranges)


def block(items, interval=16, restarts=None):
    contents, starts, previous = bytearray(), [], b""
    for number, (key, value) in enumerate(items):
        shared = 0
        if number % interval == 0:
            starts.append(len(contents))
        else:
            while shared < min(len(key), len(previous)) and key[shared] == previous[shared]:
                shared += 1
        contents += varint(shared) + varint(len(key) - shared) + varint(len(value))
        contents += key[shared:] + value
        previous = key
    starts = starts or [0]
    trailer = struct.pack("<%dI" % len(starts), *starts)
    count = len(starts) if restarts is None else restarts
    return bytes(contents) + trailer + struct.pack("<I", count)


class Table:
    """A table file in the making; `compress` is applied to each block's contents."""

    def __init__(self, compress=None, kind=None):
        self.data = bytearray()
        self.compress = compress
        self.kind = kind if kind is not None else (1 if compress else 0)

    def append(self, contents, flip=0):
        """Stores a block and returns its handle; `flip` spoils the checksum."""
        if self.compress:
            contents = self.compress(contents)
        handle = varint(len(self.data)) + varint(len(contents))
        kind = bytes([self.kind])
        crc = masked(crc32c(contents + kind)) ^ flip
        self.data += contents + kind + struct.pack("<I", crc)
        return handle

    def finish(self, metaindex, index):
        footer = (metaindex + index).ljust(40, b"\0") + struct.pack("<Q", MAGIC)
        return bytes(self.data) + footer


def table(items, compress=None, kind=None, flip=0, last=b"\xff", **options):
    """A table of one block, keys as given (sorted or not); `last` is its key in the index."""
    result = Table(compress, kind)
    handle = result.append(block(items, **options), flip)
    metaindex = result.append(block([]))
    index = result.append(block([(last, handle)], interval=1))
    return result.finish(metaindex, index)


def read_varint(data, position):
    shift = number = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, position


def blocks(data):
    """Start and size of the footer's two blocks, from a file that TensorFlow wrote."""
    footer, position, numbers = data[-48:], 0, []
    for _ in range(4):
        number, position = read_varint(footer, position)
        numbers.append(number)
    return numbers


def items(contents):
    """The keys and values of an uncompressed block."""
    (count,) = struct.unpack("<I", contents[-4:])
    end, position, key, result = len(contents) - 4 - 4 * count, 0, b"", []
    while position < end:
        shared, position = read_varint(contents, position)
        rest, position = read_varint(contents, position)
        length, position = read_varint(contents, position)
        key = key[:shared] + contents[position : position + rest]
        position += rest
        result.append((key, contents[position : position + length]))
        position += length
    return result


def table_items(data):
    """Every key and value of a table that TensorFlow wrote."""
    _, _, start, size = blocks(data)
    result = []
    for _, handle in items(data[start : start + size]):
        offset, position = read_varint(handle, 0)
        length, _ = read_varint(handle, position)
        result += items(data[offset : offset + length])
    return result
