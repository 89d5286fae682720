"""Forged TensorFlow checkpoints, each wrong in one place.

    python make_hostile_tensorflow.py DIRECTORY

`attacks.tsv` names the prefix, the exit status that a reading command owes it, and the attack.
Status 1 is `verify` finding damaged tensor data; 0 marks names that are strange but legal.
"""
import os
import struct
import sys

import bundle_bytes as b
import numpy as np
from bundle_bytes import bytes_field, entry, extents, header, number_field, slice_key, varint
from expected import crc32c

FIRST = np.arange(6, dtype="<f4").tobytes()
SECOND = (np.arange(4, dtype="<f4") + 0.5).tobytes()
DATA = FIRST + SECOND
HUGE = (1 << 63) - 1

attacks = []


def put(directory, name, status, attack, index, data=DATA, shards=None):
    attacks.append((name, status, attack))
    prefix = os.path.join(directory, name)
    with open(prefix + ".index", "wb") as file:
        file.write(index)
    files = [data] if shards is None else shards
    for number, contents in enumerate(files):
        with open("%s.data-%05d-of-%05d" % (prefix, number, len(files)), "wb") as file:
            file.write(contents)


def plain(second=None, head=None, extra=()):
    """Two tensors, `a` and `b`; the entry of `b` may be forged."""
    first = entry(sizes=[6], data=FIRST)
    second = second or entry(sizes=[4], offset=24, data=SECOND)
    pairs = [(b"", head or header()), (b"a", first), (b"b", second), *extra]
    return sorted(pairs, key=lambda pair: pair[0])


def sliced(listed, stored, **changes):
    """`b` in slices of rows: those the entry lists and those the table holds."""
    message = entry(sizes=[4], slices=[extents(one) for one in listed])
    parts = []
    for start, length in stored:
        part = dict(sizes=[length], offset=24 + 4 * start, data=SECOND[4 * start : 4 * (start + length)])
        part.update(changes)
        parts.append((slice_key(b"b", (start, length)), entry(**part)))
    return b.table(plain(message, extra=parts))


def make_containers(directory):
    """Wrong before the first entry is understood."""
    good = b.table(plain())
    put(directory, "control", 0, "nothing is wrong: the tool must read this one", good)
    put(directory, "empty", 65, "an index of no bytes", b"")
    put(directory, "short", 65, "an index one byte shorter than its footer", good[-47:])
    put(directory, "cut", 65, "an index cut in the middle", good[: len(good) // 2])
    put(directory, "magic", 65, "a footer with one wrong bit in its magic number", good[:-1] + b"\xda")
    put(directory, "leading-junk", "1,65", "two bytes before the table: every handle is off", b"xx" + good)
    put(directory, "block-crc", "1,65", "a block whose checksum is wrong", b.table(plain(), flip=1))
    put(directory, "block-type", 65, "a block of a compression that does not exist", b.table(plain(), kind=7))

    result = b.Table()
    result.append(b.block(plain()))
    metaindex = result.append(b.block([]))

    def footer(index):
        return bytes(result.data) + (metaindex + index).ljust(40, b"\0") + struct.pack("<Q", b.MAGIC)

    put(directory, "footer-past-end", 65, "an index block that lies past the end", footer(varint(1 << 40) + varint(8)))
    put(directory, "footer-overflow", 65, "an index block at the last 64-bit offset", footer(varint(-1) + varint(1 << 20)))
    put(directory, "footer-huge-block", 65, "an index block of 2^62 bytes", footer(varint(0) + varint(1 << 62)))

    def indexed(pairs, **options):
        forged = b.Table()
        forged.append(b.block(plain()))
        meta = forged.append(b.block([]))
        return forged.finish(meta, forged.append(b.block(pairs, interval=1, **options)))

    put(directory, "handle-past-end", 65, "a data block that lies past the end", indexed([(b"\xff", varint(1 << 50) + varint(40))]))
    put(directory, "handle-short", 65, "a block handle of one number in place of two", indexed([(b"\xff", varint(0))]))
    put(directory, "handle-endless", 65, "a block handle whose number never ends", indexed([(b"\xff", b"\xff" * 12)]))
    put(directory, "handle-on-itself", 65, "an index block that names itself as data", indexed([(b"\xff", varint(len(result.data)) + varint(20))]))
    put(directory, "restarts-huge", 65, "a block that claims 2^30 restart points", b.table(plain(), restarts=1 << 30))
    put(directory, "restarts-zero", 65, "a block without the restart point every block has", b.table(plain(), restarts=0))

    def one_block(contents):
        forged = b.Table()
        handle = forged.append(contents)
        meta = forged.append(b.block([]))
        return forged.finish(meta, forged.append(b.block([(b"\xff", handle)], interval=1)))

    end = struct.pack("<II", 0, 1)
    put(directory, "shared-too-long", 65, "a first key that shares bytes with the key before it", one_block(varint(5) + varint(1) + varint(0) + b"a" + end))
    put(directory, "key-past-block", 65, "a key longer than its block", one_block(varint(0) + varint(1 << 31) + varint(0) + b"a" + end))
    put(directory, "value-past-block", 65, "a value of 2^63 bytes", one_block(varint(0) + varint(1) + varint(1 << 63) + b"a" + end))
    put(directory, "block-of-three-bytes", 65, "a block too small for its restart count", one_block(b"\0\0\0"))
    ordered = plain()
    put(directory, "keys-unsorted", 65, "keys out of order", b.table([ordered[0], ordered[2], ordered[1]]))
    put(directory, "keys-repeated", 65, "the same key twice", b.table([*ordered, ordered[2]]))


def make_snappy(directory):
    def squeezed(body):
        return b.table(plain(), compress=lambda contents: body)

    whole = b.block(plain())
    literal = varint(len(whole))
    for start in range(0, len(whole), 60):
        piece = whole[start : start + 60]
        literal += bytes([len(piece) - 1 << 2]) + piece
    put(directory, "snappy-bomb", 65, "a few compressed bytes that claim 4 GB", squeezed(varint((1 << 32) - 1) + literal[2:]))
    put(directory, "snappy-endless-length", 65, "a compressed length whose number never ends", squeezed(b"\xff" * 20))
    put(directory, "snappy-cut", 65, "a compressed block that stops within a literal", squeezed(literal[:-7]))
    put(directory, "snappy-back-too-far", 65, "a copy from before the first byte", squeezed(varint(8) + b"\0a" + b"\x0d\xff"))
    put(directory, "snappy-zero-offset", 65, "a copy at distance zero", squeezed(varint(8) + b"\0a" + b"\x0d\0"))
    put(directory, "snappy-too-long", 65, "more bytes than the compressed block announced", squeezed(varint(9) + literal[2:]))


def make_headers(directory):
    def headed(head):
        return b.table(plain(head=head))

    without = plain()[1:]
    put(directory, "no-header", 65, "no header entry", b.table(without))
    put(directory, "header-garbage", 65, "a header that is no protocol buffer", headed(b"\xff\xff\xff"))
    put(directory, "shards-none", 65, "a header of zero shards", headed(header(0)))
    put(directory, "shards-more", "65,66", "a header of two shards beside one data file", headed(header(2)))
    put(directory, "shards-many", "65,66", "a header of 2^31-1 shards", headed(header((1 << 31) - 1)))
    put(directory, "shards-negative", 65, "a header of minus one shard", headed(header(-1)))
    put(directory, "too-new", 65, "a bundle that asks for a reader of version 2", headed(header(min_consumer=2)))
    put(directory, "excluded", 65, "a bundle that excludes readers of version 1", headed(header(bad_consumers=[1])))
    swapped = [np.frombuffer(part, "<f4").astype(">f4").tobytes() for part in (FIRST, SECOND)]
    big = [
        (b"", header(big_endian=True)),
        (b"a", entry(sizes=[6], data=swapped[0])),
        (b"b", entry(sizes=[4], offset=24, data=swapped[1])),
    ]
    put(directory, "big-endian", 65, "a sound big-endian bundle: refused by name, not misread", b.table(big), b"".join(swapped))
    put(directory, "no-data-file", "65,66", "an index without its data file", b.table(plain()), shards=[])


def make_entries(directory):
    def forged(name, attack, message, status=65):
        put(directory, name, status, attack, b.table(plain(message)))

    good = dict(sizes=[4], offset=24, data=SECOND)
    forged("entry-garbage", "an entry that is no protocol buffer", b"\x0a\xff\xff\xff\xff\x0f")
    forged("entry-empty", "an entry that sets no field we know (TensorFlow aborts on it)", b"\x38\x00")
    forged("type-none", "element type 0 (TensorFlow aborts on it)", entry(dtype=0, **good))
    forged("type-unknown", "an element type that does not exist", entry(dtype=99, **good))
    forged("type-resource", "a resource handle, which no file can hold", entry(dtype=20, **good))
    forged("type-reference", "a reference type, which no file can hold", entry(dtype=101, **good))
    forged("shape-negative", "a dimension of -4 (TensorFlow aborts on it)", entry(**{**good, "sizes": [-4]}))
    forged("shape-overflow", "a shape whose product is 4 modulo 2^64", entry(**{**good, "sizes": [1 << 32, 1 << 32, 4]}))
    forged("shape-bytes-overflow", "a shape whose byte count is 16 modulo 2^64", entry(**{**good, "sizes": [(1 << 62) + 4]}))
    forged("shape-hidden-overflow", "an overflowing shape with a zero in it", entry(sizes=[HUGE, HUGE, 0], data=b""))
    forged("shape-rank-300", "a shape of 300 dimensions", entry(**{**good, "sizes": [1] * 299 + [4]}))
    unknown = number_field(1, 1) + bytes_field(2, number_field(3, 1)) + number_field(5, 4)
    forged("shape-unknown", "a tensor of unknown rank", unknown)
    forged("size-small", "a size smaller than the shape says", entry(**{**good, "size": 12}))
    forged("size-large", "a size larger than the shape says", entry(**{**good, "size": 20}))
    forged("size-huge", "2^60 elements of which none are there", entry(sizes=[1 << 60], offset=24, size=1 << 62, crc=0))
    forged("size-negative", "a size of -16", entry(sizes=[4], offset=24, size=-16, crc=0))
    forged("offset-negative", "an offset before the file", entry(**{**good, "offset": -16}))
    forged("offset-past-end", "an offset past the end of the file", entry(**{**good, "offset": 4096}))
    forged("offset-overflow", "an offset and a size whose sum overflows", entry(**{**good, "offset": HUGE - 8}))
    forged("shard-unknown", "a tensor in a shard that does not exist", entry(**{**good, "shard": 1}))
    forged("shard-negative", "a tensor in shard -1", entry(**{**good, "shard": -1}))
    forged("crc-absent", "no checksum", entry(sizes=[4], offset=24, size=16), "1,65")
    put(directory, "data-cut", 65, "a data file one byte short", b.table(plain()), DATA[:-1])
    put(directory, "data-empty", 65, "a data file of no bytes", b.table(plain()), b"")
    put(directory, "data-flipped", 1, "one wrong bit in tensor `b`", b.table(plain()), DATA[:30] + bytes([DATA[30] ^ 1]) + DATA[31:])
    put(directory, "data-trailing", 0, "bytes that belong to no tensor after the last one", b.table(plain()), DATA + b"junk")
    shared = bytes(8192)
    same = entry(sizes=[2048], data=shared)
    pairs = [(b"", header()), *((b"t%03d" % number, same) for number in range(200))]
    put(directory, "data-shared", 65, "two hundred tensors of the same bytes", b.table(pairs), shared)


def make_slices(directory):
    halves = [(0, 2), (2, 2)]
    put(directory, "slices-control", 0, "nothing is wrong: two halves", sliced(halves, halves))
    put(directory, "slices-gap", 65, "slices that leave two rows out", sliced(halves[:1], halves[:1]))
    put(directory, "slices-absent", 65, "a slice that is listed but not there", sliced(halves, halves[:1]))
    overlap = [*halves, (1, 2)]
    put(directory, "slices-overlap", 65, "slices that overlap", sliced(overlap, overlap))
    put(directory, "slices-outside", 65, "a slice that ends past the tensor", sliced([(0, 2), (2, 3)], halves))
    put(directory, "slices-negative", 65, "a slice that starts at -1", sliced([(-1, 3), (2, 2)], halves))
    put(directory, "slices-overflow", 65, "a slice whose end overflows", sliced([(0, 2), (2, HUGE)], halves))
    put(directory, "slices-other-type", 65, "slices of another element type than the whole", sliced(halves, halves, dtype=3))
    put(directory, "slices-other-shape", 65, "slices of another shape than their extents", sliced(halves, halves, sizes=[1, 2]))
    rank = entry(sizes=[4], slices=[extents((0, 4), (0, 1))])
    put(directory, "slices-rank", 65, "a slice of another rank than the tensor", b.table(plain(rank)))
    alone = plain(extra=[(slice_key(b"c", (0, 2)), entry(sizes=[2], data=FIRST[:8]))])
    put(directory, "slices-orphan", 65, "a slice of a tensor that is not there", b.table(alone))
    garbled = plain(extra=[(b"\0c\xff", entry(sizes=[2], data=FIRST[:8]))])
    put(directory, "slices-garbled-key", 65, "a slice key that cannot be decoded", b.table(garbled))


def make_strings(directory):
    def stringly(name, attack, body, count=2, status=65):
        message = entry(dtype=b.STRING, sizes=[count], data=body)
        put(directory, name, status, attack, b.table([(b"", header()), (b"s", message)]), body)

    lengths = varint(2) + varint(3)
    checksum = struct.pack("<I", b.masked(crc32c(struct.pack("<II", 2, 3))))
    stringly("string-past-end", "a string longer than its tensor", varint(2) + varint(1 << 40) + checksum + b"abcde", status="1,65")
    stringly("string-lengths-overflow", "string lengths whose sum overflows", varint(HUGE) + varint(HUGE) + checksum + b"ab", status="1,65")
    stringly("string-lengths-crc", "string lengths with a wrong checksum", lengths + b"\0\0\0\0" + b"abcde", status="1,65")
    stringly("string-count", "2^40 strings in ten bytes", lengths + checksum + b"abcde", count=1 << 40)
    stringly("string-cut", "a string tensor that ends within its lengths", varint(1 << 20)[:1])


def make_names(directory):
    """Legal for TensorFlow; none may lead outside the output or be mistaken for ours."""

    def named(name, title, attack, status=0):
        message = entry(sizes=[4], offset=24, data=SECOND)
        put(directory, title, status, attack, b.table(plain(extra=[(name, message)])))

    named(b"../../escape", "name-dots", "a name that climbs out of a folder")
    named(b"/etc/escape", "name-absolute", "a name that is an absolute path")
    named(b"a//b/", "name-empty-parts", "a name with empty parts")
    named(b"a/./b", "name-dot", "a name with a part that HDF5 takes for the group itself")
    named(b"a/@value", "name-at", "a name that our own layout uses")
    named(b"@schedule/kind", "name-record", "a name where our own layout keeps a record")
    named(b"a/adam_m/adam_m", "name-slot-of-slot", "a slot of a slot")
    named(b"n" * 70000, "name-long", "a name longer than HDF5 allows a link to be", "0,65")
    named(b"pa\xffrt", "name-not-utf8", "a name that is not UTF-8", 65)
    named(b"a\0b", "name-nul", "a name with a zero byte", 65)


NAMES = {
    "newline": ("a name with a line of its own", "a\nFORGED all sums match"),
    "return": ("a name that overwrites its line", "a\rFORGED all sums match"),
    "escape": ("a name that colours the terminal", "\x1b[2J\x1b[32mx"),
    "delete": ("a name with DEL and backspaces", "abc\x7f\x08\x08\x08x"),
    "c1": ("a name with a control sequence in one character", "a\x9b32mb"),
    "separator": ("a name with a line separator", "a\u2028FORGED all sums match"),
    "bidi": ("a name that turns the direction of writing", "a\u202egnihtyna\u202c"),
    "isolate": ("a name with an isolate that never ends", "a\u2067b"),
    "zero-width": ("a name with a zero-width space", "a\u200bb"),
    "byte-order-mark": ("a name that begins with a byte order mark", "\ufeffa"),
    "mark-behind-slash": ("a combining mark behind a slash", "a/\u0301b"),
    "mark-first": ("a name that begins with a combining mark", "\u0301a"),
    "mark-behind-slot": ("a combining mark behind a slot's name", "a/adam_m\u0301"),
    "mark-before-slot": ("a mark that joins the slash before a slot's name", "a\u0600/adam_m"),
    "non-character": ("a name with a code point that is no character", "a\uffffb"),
}


def make_unicode(directory):
    second = entry(sizes=[4], offset=24, data=SECOND)
    for title, (attack, name) in NAMES.items():
        put(directory, "unicode-" + title, 0, attack, b.table(plain(extra=[(name.encode(), second)])))
    for title, attack, one, other in (
        ("composed", "two names that differ in how an accent is written", "caf\u00e9", "cafe\u0301"),
        ("scripts", "two names in two scripts that look the same", "scope", "s\u0441ope"),
        ("hangul", "two names that differ in how a syllable is written", "\uac00", "\u1100\u1161"),
        ("slots", "one slot under two spellings of its variable", "caf\u00e9", "cafe\u0301/adam_m"),
    ):
        first = entry(sizes=[6], data=FIRST)
        put(directory, "unicode-two-" + title, 0, attack, b.table(plain(extra=[(one.encode(), first), (other.encode(), second)])))
    for title, attack, name in (
        ("overlong", "a name with a slash in overlong UTF-8", b"a\xc0\xafb"),
        ("surrogate", "a name with half a surrogate pair", b"a\xed\xa0\x80b"),
        ("beyond", "a name with a code point behind the last", b"a\xf4\x90\x80\x80b"),
        ("cut", "a name that ends within a character", b"a\xe2\x80"),
    ):
        put(directory, "unicode-" + title, 65, attack, b.table(plain(extra=[(name, second)])))


def make_counters(directory):
    """Steps and slots that do not fit what they count or belong to."""

    def beside(name, attack, key, dtype, sizes, body, status="0,65"):
        message = entry(dtype, sizes, offset=len(DATA), data=body)
        put(directory, name, status, attack, b.table(plain(extra=[(key, message)])), DATA + body)

    number = struct.Struct("<q").pack
    for word, value in (("negative", -1), ("least", -HUGE - 1), ("most", HUGE)):
        beside("step-" + word, "a global step that is %s" % word, b"global_step", b.INT64, [], number(value))
    beside("step-float", "a global step that is a float", b"global_step", b.FLOAT32, [], SECOND[:4])
    beside("step-list", "a global step of two numbers", b"global_step", b.INT64, [2], number(1) + number(2))
    beside("step-empty", "a global step of no numbers", b"global_step", b.INT64, [0], b"")
    text = varint(1) + struct.pack("<I", b.masked(crc32c(struct.pack("<I", 1)))) + b"7"
    crc = b.masked(crc32c(struct.pack("<I", 1) + text[1:]))
    put(directory, "step-text", "0,65", "a global step that is a text", b.table(plain(extra=[
        (b"global_step", entry(b.STRING, [], offset=len(DATA), data=text, crc=crc))])), DATA + text)
    beside("slot-shape", "a slot of another shape than its variable", b"b/adam_m", b.FLOAT32, [2], SECOND[:8], "0,1,65")
    beside("slot-turned", "a slot of as many elements in another shape", b"b/adam_m", b.FLOAT32, [2, 2], SECOND, "0,1,65")
    beside("slot-type", "a slot of whole numbers", b"b/adam_m", b.INT64, [2], SECOND, "0,1,65")
    beside("slot-scalar", "a slot that is a number", b"b/adam_v", b.FLOAT32, [], SECOND[:4], "0,1,65")
    beside("slot-two-spellings", "a slot, once as BERT and once as TensorFlow calls it", b"b/Adam", b.FLOAT32, [4], SECOND)
    beside("power-negative", "a power of beta below zero", b"beta1_power", b.FLOAT32, [], struct.pack("<f", -1))
    beside("power-nan", "a power of beta that is no number", b"beta1_power", b.FLOAT32, [], struct.pack("<f", float("nan")))
    beside("power-double", "a power of beta that is a whole number", b"beta1_power", b.INT64, [], number(7))


def make_state_files(directory):
    def state(name, status, attack, text):
        attacks.append((name, status, attack))
        os.makedirs(os.path.join(directory, name))
        with open(os.path.join(directory, name, "checkpoint"), "wb") as file:
            file.write(text)

    state("state-gone", 66, "a state file that names a checkpoint that is not there", b'model_checkpoint_path: "gone-1"\n')
    state("state-empty", "65,66", "a state file of no bytes", b"")
    state("state-garbage", 65, "a state file that is no text", bytes(range(256)))
    state("state-open-quote", 65, "a state file whose string never ends", b'model_checkpoint_path: "model.ckpt')
    state("state-nul", 65, "a state file whose path holds a zero byte", b'model_checkpoint_path: "a\\000b"\n')


def main(directory):
    for make in (
        make_containers,
        make_snappy,
        make_headers,
        make_entries,
        make_slices,
        make_strings,
        make_names,
        make_unicode,
        make_counters,
        make_state_files,
    ):
        make(directory)
    with open(os.path.join(directory, "attacks.tsv"), "w", newline="\n") as file:
        file.write("prefix\tstatus\tattack\n")
        for attack in attacks:
            file.write("%s\t%s\t%s\n" % attack)


if __name__ == "__main__":
    main(sys.argv[1])
