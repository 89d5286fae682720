"""Forged TensorFlow checkpoints of version 1: sound tables and sums around records that lie.

    python make_hostile_version_1.py DIRECTORY

`attacks.tsv` names the file, the exit status that a reading command owes it, and the attack.
"""
import os
import struct
import sys

import bundle_bytes as b
from bundle_bytes import bytes_field, extents, number_field, varint

FLOATS = struct.pack("<4f", 1, 2, 3, 4)
FULL = bytes_field(1, b"")

attacks = []


def packed(field, count=4):
    """A list of numbers in a record, the bytes of floats where they are floats."""
    return bytes_field(field, FLOATS[: 4 * count] if field == 5 else b"".join(varint(number) for number in range(count)))


def listed(name, sizes, slices=(FULL,), dtype=b.FLOAT32):
    body = bytes_field(1, name) + bytes_field(2, b.shape(sizes)) + number_field(3, dtype)
    return bytes_field(1, body + b"".join(bytes_field(4, one) for one in slices))


def key(name, rank=1, parts=None):
    """The ordered code of a slice; without parts, of everything."""
    code = b"\0" + name.replace(b"\0", b"\0\xff").replace(b"\xff", b"\xff\0") + b"\0\1" + (bytes([1, rank]) if rank else b"\0")
    if parts is None:
        return code + b"\x80\x7f" * rank
    return code + b"".join(bytes([0x80 ^ start, 0x80 ^ length]) for start, length in parts)


def part(name, data, where=FULL):
    return bytes_field(2, bytes_field(1, name) + bytes_field(2, where) + bytes_field(3, data))


def put(directory, name, status, attack, pairs):
    attacks.append((name, str(status), attack))
    with open(os.path.join(directory, name), "wb") as file:
        file.write(b.table(sorted(pairs)))


def tensors(*records, versions=None, extra=()):
    """The pairs of a table: the list of tensors, then one piece for each of `a`, `b`."""
    version = number_field(1, 1) if versions is None else versions
    meta = bytes_field(1, b"".join(records) + bytes_field(2, version))
    return [(b"", meta), *extra]


A = listed(b"a", [4])
PIECE_A = (key(b"a"), part(b"a", packed(5)))


def make_lists(directory):
    def one(name, attack, pairs, status=65):
        put(directory, name, status, attack, pairs)

    one("control", "nothing is wrong: the tool must read this one", tensors(A, extra=[PIECE_A]), 0)
    one("no-list", "a table without its list of tensors", [PIECE_A])
    one("list-garbage", "a list of tensors that is no record", [(b"", b"\x0a\xff\xff\xff\xff\x0f"), PIECE_A])
    one("list-is-piece", "a piece of data where the list should be", [(b"", part(b"a", packed(5))), PIECE_A], "0,65")
    one("list-empty", "a list of no tensors beside a piece of one", tensors(extra=[PIECE_A]))
    one("too-new", "a checkpoint that asks for a reader of version 9", tensors(A, versions=number_field(2, 9), extra=[PIECE_A]))
    one("excluded", "a checkpoint that excludes readers of version 1", tensors(A, versions=number_field(3, 1), extra=[PIECE_A]))
    one("listed-twice", "one tensor listed twice", tensors(A, A, extra=[PIECE_A]))
    one("listed-in-two-shapes", "one tensor listed twice, in two shapes",
        tensors(A, listed(b"a", [2, 2]), extra=[PIECE_A, (key(b"a", 2), part(b"a", packed(5), FULL * 2))]))
    one("unlisted", "a piece of a tensor that is not listed", tensors(A, extra=[PIECE_A, (key(b"z"), part(b"z", packed(5)))]))
    one("absent", "a tensor listed whose data are not there", tensors(A, listed(b"z", [4]), extra=[PIECE_A]))
    one("garbled-key", "a key that cannot be decoded", tensors(A, extra=[PIECE_A, (b"\0z\xff", part(b"z", packed(5)))]))
    one("foreign-key", "a key that is no slice's", tensors(A, extra=[PIECE_A, (b"z", part(b"z", packed(5)))]))
    one("name-other", "a piece that says it is another tensor's", tensors(A, extra=[(key(b"a"), part(b"z", packed(5)))]))
    one("slice-other", "a piece that says it is another part", tensors(A, extra=[(key(b"a"), part(b"a", packed(5), extents((1, 2))))]))
    one("piece-garbage", "a piece that is no record", tensors(A, extra=[(key(b"a"), b"\xff\xff\xff")]))
    one("piece-empty", "a piece of no bytes", tensors(A, extra=[(key(b"a"), b"")]))
    one("many", "three thousand tensors that are listed and not there", tensors(*(listed(b"t%d" % number, [4]) for number in range(3000)), extra=[PIECE_A]))


def make_shapes(directory):
    def shaped(name, attack, sizes, data=packed(5), status=65, dtype=b.FLOAT32):
        record = listed(b"a", sizes, [FULL * len(sizes)], dtype)
        put(directory, name, status, attack, tensors(record, extra=[(key(b"a", len(sizes)), part(b"a", data, FULL * len(sizes)))]))

    shaped("scalar", "a scalar, with nothing wrong", [], packed(5, 1), 0)
    shaped("negative", "a size of -4", [-4])
    shaped("least", "a size of -2^63", [-(1 << 63)])
    shaped("overflow", "sizes whose product overflows", [1 << 32, 1 << 32, 4])
    shaped("bytes", "a size whose bytes overflow", [1 << 61])
    shaped("huge", "2^40 elements of which four are there", [1 << 40])
    shaped("rank", "a hundred axes", [1] * 99 + [4])
    shaped("fewer", "fewer elements than the shape says", [5])
    shaped("more", "more elements than the shape says", [3])
    shaped("none", "no elements at all", [4], b"")
    shaped("torn", "floats of fifteen bytes", [4], bytes_field(5, FLOATS[:15]))
    shaped("other-list", "floats that lie in the list of whole numbers", [4], packed(7))
    shaped("two-lists", "floats beside a list of whole numbers", [4], packed(5) + packed(7), "0,65")
    shaped("not-packed", "floats one by one, as old writers have them", [2], b"\x2d" + FLOATS[:4] + b"\x2d" + FLOATS[4:8], 0)
    shaped("type-none", "element type 0", [4], dtype=0)
    shaped("type-unknown", "an element type that does not exist", [4], dtype=77)
    shaped("type-negative", "element type -1", [4], dtype=-1)
    shaped("type-variant", "a type that version 1 cannot hold", [4], dtype=21)
    shaped("type-bfloat16", "a type that version 1 has no list for", [4], packed(13), dtype=14)
    shaped("int8-wide", "small numbers that are too large", [1], bytes_field(7, varint(300)), "0,65", dtype=6)
    shaped("half-wide", "half floats of more than 16 bits", [1], bytes_field(13, varint(1 << 20)), "0,65", dtype=19)
    shaped("int-64-bits", "a 32-bit number of 64 bits", [1], bytes_field(7, varint(1 << 40)), "0,65", dtype=3)
    shaped("bool-seven", "a truth value of seven", [1], bytes_field(11, varint(7)), "0,65", dtype=10)
    shaped("complex-odd", "complex numbers without their last part", [2], packed(9, 3), dtype=8)
    shaped("texts-fewer", "fewer texts than the shape says", [3], bytes_field(8, b"a") + bytes_field(8, b"b"), dtype=b.STRING)
    unknown = bytes_field(1, bytes_field(1, b"a") + bytes_field(2, number_field(3, 1)) + number_field(3, 1) + bytes_field(4, b""))
    put(directory, "shape-unknown", 65, "a tensor of unknown rank", tensors(unknown, extra=[(key(b"a", 0), part(b"a", packed(5, 1), b""))]))


def make_slices(directory):
    def cut(name, attack, listed_parts, there=None, status=65, counts=None):
        pieces = []
        for number, (start, length) in enumerate(listed_parts if there is None else there):
            count = length if counts is None else counts[number]
            pieces.append((key(b"a", 1, [(start, length)]), part(b"a", packed(5, count), extents((start, length)))))
        put(directory, name, status, attack, tensors(listed(b"a", [4], [extents(one) for one in listed_parts]), extra=pieces))

    halves = [(0, 2), (2, 2)]
    cut("halves", "two halves, with nothing wrong", halves, status=0)
    cut("gap", "slices that leave a row out", [(0, 2), (3, 1)])
    cut("overlap", "slices that overlap", [(0, 3), (2, 2)])
    cut("twice", "one slice listed twice", [(0, 4), (0, 4)], [(0, 4)])
    cut("outside", "a slice that ends past the tensor", [(0, 2), (2, 3)], counts=[2, 3])
    cut("slice-absent", "a slice that is listed but not there", halves, halves[:1])
    cut("slice-unlisted", "a slice that is there but not listed", [(0, 4)], [(0, 4), (1, 2)])
    cut("slice-fewer", "a slice of fewer elements than it says", halves, counts=[2, 1])
    cut("no-slices", "a tensor of which no slice is listed", [])
    for name, attack, where in (
        ("slice-negative", "a slice that starts at -1", extents((-1, 3))),
        ("slice-overflow", "a slice whose end overflows", extents((2, (1 << 63) - 1))),
        ("slice-length-negative", "a slice of length -2", extents((0, -2))),
        ("slice-rank", "a slice of more axes than its tensor", extents((0, 4), (0, 1))),
        ("slice-axes", "a slice of a thousand axes", FULL * 1000),
    ):
        put(directory, name, 65, attack, tensors(listed(b"a", [4], [where]), extra=[PIECE_A]))


def make_names(directory):
    def named(title, attack, name, status=0):
        put(directory, title, status, attack, tensors(listed(name, [4]), extra=[(key(name), part(name, packed(5)))]))

    named("name-climbs", "a name that climbs out of a folder", b"../../escape")
    named("name-absolute", "a name that is an absolute path", b"/etc/escape")
    named("name-newline", "a name with a line of its own", b"a\nFORGED all sums match")
    named("name-escape", "a name that colours the terminal", b"\x1b[2J\x1b[32ma")
    named("name-empty", "a tensor without a name", b"", "0,65")
    named("name-nul", "a name with a zero byte", b"a\0b", "0,65")
    named("name-not-utf8", "a name that is not UTF-8", b"a\xffb", 65)
    named("name-slot", "a slot without its variable", b"a/adam_m")
    step = listed(b"global_step", [], [b""], b.INT64)
    piece = (key(b"global_step", 0), part(b"global_step", bytes_field(10, varint(-5)), b""))
    put(directory, "step-negative", "0,65", "a global step of -5", tensors(A, step, extra=[PIECE_A, piece]))
    last = (key(b"global_step", 0), part(b"global_step", bytes_field(10, varint((1 << 63) - 1)), b""))
    put(directory, "step-most", "0,65", "a global step of 2^63 - 1", tensors(A, step, extra=[PIECE_A, last]))


def main(directory):
    make_lists(directory)
    make_shapes(directory)
    make_slices(directory)
    make_names(directory)
    with open(os.path.join(directory, "attacks.tsv"), "w", newline="\n") as file:
        file.write("file\tstatus\tattack\n")
        file.writelines("%s\t%s\t%s\n" % attack for attack in attacks)


if __name__ == "__main__":
    main(sys.argv[1])
