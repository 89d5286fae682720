"""Forged HDF5 files whose sums are all valid: headers, links, heaps and trees that lie.

    python make_hostile_hdf5.py DIRECTORY

Every file is an `optstate` store built byte by byte, so that the attack reaches the reader of our own files as well as
libhdf5. `attacks.tsv` names the file, the exit status that a reading command owes it, and the attack.
"""
import os
import struct
import sys
import zlib

import hdf5_bytes as h
from expected import crc32c
from hdf5_bytes import UNDEFINED, attribute, contiguous, extent, group, header, link, message, number

DATA = struct.pack("<4f", 0, 1, 2, 3)
MOST = (1 << 63) - 1

attacks = []


def text(name, heap, place, length):
    return attribute(name, h.TEXT, h.SCALAR, struct.pack("<IQI", length, heap, place))


def checksum(data=DATA):
    return attribute("crc32c", h.integer(4, False), h.SCALAR, struct.pack("<I", crc32c(data)))


class Store:
    """A store with one variable, `kernel`; what is given replaces or joins its parts."""

    def __init__(self):
        self.file = file = h.File()
        self.place = file.add(DATA)
        texts = (b"optstate", b"tensorflow", b"google-bert")
        self.heap = file.add(h.heap(*enumerate(texts, 1)))

    def about(self):
        return (text("format", self.heap, 1, 8) + number("format_version", 1) + text("source_format", self.heap, 2, 10))

    def value(self, space=None, kind=h.FLOAT32, place=None, size=16, more=b""):
        """A sound dataset with bytes of its own unless it is told otherwise; returns its address."""
        place = self.file.add(DATA) if place is None else place
        messages = contiguous(place, size, space or extent(4), kind)
        return self.file.add(header(messages + checksum() + more))

    def variable(self, value=None, *links, more=b""):
        value = self.value() if value is None else value
        return self.file.add(header(group(link("@value", value), *links) + number("index", 0) + more))

    def root(self, *links, more=b""):
        return self.file.add(header(group(*links) + self.about() + more))


def put(directory, name, status, attack, content):
    attacks.append((name + ".h5", str(status), attack))
    with open(os.path.join(directory, name + ".h5"), "wb") as file:
        file.write(content)


def forged(directory, name, attack, make, status=65, **options):
    """A file whose root `make` builds in a store."""
    store = Store()
    put(directory, name, status, attack, store.file.finish(make(store), **options))


def make_superblocks(directory):
    def sound(store):
        return store.root(link("kernel", store.variable()))

    forged(directory, "control", "nothing is wrong: the tool must read this one", sound, 0)
    forged(directory, "end-past-end", "a superblock that says the file is longer", sound, end=1 << 40)
    forged(directory, "end-short", "a superblock that says the file is shorter", sound, "0,65", end=64)
    forged(directory, "base", "a base address behind the file's end", sound, base=1 << 40)
    forged(directory, "extension-itself", "a superblock that is its own extension", sound, extension=0)
    forged(directory, "extension-wild", "an extension behind the file's end", sound, extension=1 << 40)
    forged(directory, "extension-root", "an extension that is the root group", lambda s: sound(s), "0,65", extension=48 + 16)
    forged(directory, "root-zero", "a root group at address 0", lambda s: 0)
    forged(directory, "root-nowhere", "a root group at no address", lambda s: UNDEFINED)
    forged(directory, "root-most", "a root group at address 2^63 - 1", lambda s: MOST)
    forged(directory, "root-end", "a root group at the end of the file", lambda s: s.file.next)
    forged(directory, "root-dataset", "a root group that is a dataset", lambda s: s.value())
    good = bytearray(open(os.path.join(directory, "control.h5"), "rb").read())
    good[44] ^= 1
    put(directory, "superblock-sum", 65, "a superblock whose sum is wrong", bytes(good))


def make_headers(directory):
    def one(name, attack, block, status=65):
        """A variable whose header is the block."""
        forged(directory, name, attack, lambda s: s.root(link("kernel", s.file.add(block(s)))), status)

    def body(s):
        return group(link("@value", s.value())) + number("index", 0)

    one("header-most", "a header of 2^63 - 1 bytes", lambda s: header(body(s), MOST, 8))
    one("header-last", "a header of 2^64 - 1 bytes", lambda s: header(body(s), UNDEFINED, 8))
    one("header-past-end", "a header longer than the file", lambda s: header(body(s), 1 << 30))
    one("header-short", "a header that ends within a message", lambda s: h.summed(b"OHDR\2\2" + struct.pack("<I", 9) + body(s)[:9]))
    one("header-empty", "a header without a message", lambda s: header(b""))
    one("header-gap", "a gap of three bytes behind the messages", lambda s: header(body(s), gap=b"\0\0\0"), "0,65")
    one("header-version", "a header of version 9", lambda s: header(body(s), version=9))
    one("header-flags", "a header with flags that do not exist", lambda s: header(body(s), flags=0xC0))
    one("header-times", "a header that ends within its times", lambda s: h.summed(b"OHDR\2\x22" + bytes(8)))
    one("message-past-end", "a message longer than its header", lambda s: header(body(s) + message(0x0C, b"", size=65535)))
    one("message-unknown", "a message of an unknown kind", lambda s: header(body(s) + message(0x7F, b"x")), "0,65")
    one("message-must-know", "an unknown message that a reader must know", lambda s: header(body(s) + message(0x7F, b"x", flags=0x80)))
    one("message-shared", "a message that is shared with no other", lambda s: header(body(s) + message(0x0C, bytes(10), flags=2)))
    one("message-none", "a hundred messages of no kind", lambda s: header(body(s) + message(0, b"") * 100), "0,65")
    one("reference-count", "a group that says 2^32 - 1 links lead to it", lambda s: header(body(s) + message(0x16, b"\0\xff\xff\xff\xff")), "0,65")

    def continued(where):
        return lambda s: header(body(s) + message(0x10, struct.pack("<QQ", *where(s))))

    one("continued-in-itself", "a header continued in itself", continued(lambda s: (s.file.next, 100)))
    one("continued-at-zero", "a header continued in the superblock", continued(lambda s: (0, 48)))
    one("continued-past-end", "a header continued behind the file's end", continued(lambda s: (1 << 40, 64)))
    one("continued-most", "a header continued for 2^63 - 1 bytes", continued(lambda s: (s.place, MOST)))
    one("continued-last", "a header continued at the last address", continued(lambda s: (UNDEFINED - 8, 8)))
    one("continued-seven", "a header continued for seven bytes", continued(lambda s: (s.place, 7)))
    one("continued-nothing", "a header continued for no bytes", continued(lambda s: (s.place, 0)))

    def circle(count):
        def block(s):
            base, width = s.file.next + (-s.file.next) % 8, 32
            for place in range(count):
                following = base + width * ((place + 1) % count)
                s.file.add(h.continuation(message(0x10, struct.pack("<QQ", following, 28))))
            return header(body(s) + message(0x10, struct.pack("<QQ", base, 28)))
        return block

    one("continued-in-circle", "continuations in a circle", circle(2), "0,65")
    one("continued-circle-long", "a thousand continuations in a circle", circle(1000), "0,65")

    def fan(s):
        inner = s.file.add(h.continuation(message(0x10, struct.pack("<QQ", 0, 28)) * 0 + message(0, b"")))
        again = message(0x10, struct.pack("<QQ", inner, 12))
        return header(body(s) + again * 500)

    one("continued-often", "one continuation named five hundred times", fan, "0,65")


def make_links(directory):
    def linked(name, attack, links, status=65):
        forged(directory, name, attack, lambda s: s.root(link("kernel", s.variable()), *links(s)), status)

    linked("link-to-zero", "a link to the superblock", lambda s: [link("x", 0)])
    linked("link-past-end", "a link behind the file's end", lambda s: [link("x", 1 << 40)])
    linked("link-last", "a link to the last address", lambda s: [link("x", UNDEFINED - 1)])
    linked("link-into-data", "a link into the data", lambda s: [link("x", s.place)])
    linked("link-into-heap", "a link into a heap", lambda s: [link("x", s.heap)])
    linked("link-to-itself", "a root group inside itself", lambda s: [link("x", s.file.next)])
    linked("link-in-two", "one group under two names", lambda s: (lambda at: [link("x", at), link("y", at)])(s.variable()))
    linked("link-twice", "two links of one name", lambda s: [link("x", s.variable()), link("x", s.variable())])
    linked("link-no-name", "a link without a name", lambda s: [link("", s.variable())])
    linked("link-dot", "a link called '.'", lambda s: [link(".", s.variable())], "0,65")
    linked("link-dots", "a link called '..'", lambda s: [link("..", s.variable())], "0,65")
    linked("link-path", "a link called '../../escape'", lambda s: [link("../../escape", s.variable())])
    linked("link-slash", "a link called '/'", lambda s: [link("/", s.variable())])
    linked("link-nul", "a link with a zero byte in its name", lambda s: [link("a\0b", s.variable())], "0,65")
    linked("link-not-utf8", "a link whose name is not UTF-8", lambda s: [link(b"\xc0\xaf", s.variable())])
    linked("link-surrogate", "a link called half a surrogate pair", lambda s: [link(b"\xed\xa0\x80", s.variable())])
    linked("link-newline", "a link whose name has a line of its own", lambda s: [link("x\nFORGED all sums match", s.variable())], 0)
    linked("link-escape", "a link whose name colours the terminal", lambda s: [link("\x1b[2J\x1b[32mx", s.variable())], 0)
    linked("link-length", "a link whose name is longer than its message", lambda s: [link("x", s.variable(), length=200)])
    linked("link-length-most", "a link whose name has 2^63 - 1 bytes", lambda s: [link("x", s.variable(), width=8, length=MOST)])
    linked("link-length-last", "a link whose name has 2^64 - 1 bytes", lambda s: [link("x", s.variable(), width=8, length=UNDEFINED)])
    soft = bytes([1, 0x18, 1, 1, 1]) + b"x" + struct.pack("<H", 8) + b"/kernel/"
    linked("link-soft", "a soft link", lambda s: [message(0x06, soft)])
    linked("link-soft-itself", "a soft link to itself", lambda s: [message(0x06, bytes([1, 0x18, 1, 1, 1]) + b"x" + struct.pack("<H", 2) + b"/x")])
    outside = b"\0/etc/passwd\0/\0"
    linked("link-external", "a link to another file", lambda s: [message(0x06, bytes([1, 0x18, 64, 1, 1]) + b"x" + struct.pack("<H", len(outside)) + outside)])
    linked("link-kind", "a link of a kind that does not exist", lambda s: [message(0x06, bytes([1, 0x18, 200, 1, 1]) + b"x" + struct.pack("<H", 4) + b"abcd")])

    def deep(count):
        def make(s):
            at = s.file.add(header(group()))
            for _ in range(count):
                at = s.file.add(header(group(link("g", at))))
            return s.root(link("kernel", s.variable()), link("x", at))
        return make

    forged(directory, "groups-deep", "groups three hundred deep", deep(300), "0,65")
    forged(directory, "groups-deeper", "groups six hundred deep", deep(600))

    def doubling(s):
        at = s.variable()
        for _ in range(40):
            at = s.file.add(header(group(link("a", at), link("b", at))))
        return s.root(link("x", at))

    forged(directory, "groups-doubling", "forty groups that hold each next one twice, 2^40 paths", doubling)

    def dense(heap, tree):
        return lambda s: s.root(link("kernel", s.variable()), link("x", s.file.add(header(group(heap=heap(s), tree=tree(s))))))

    forged(directory, "dense-nowhere", "a group whose links lie behind the file's end", dense(lambda s: 1 << 40, lambda s: 1 << 41))
    forged(directory, "dense-in-data", "a group whose links lie in the data", dense(lambda s: s.place, lambda s: s.place))
    forged(directory, "dense-in-itself", "a group whose links lie in itself", dense(lambda s: s.file.next, lambda s: s.file.next))


def make_datasets(directory):
    def stored(name, attack, value, status=65):
        forged(directory, name, attack, lambda s: s.root(link("kernel", s.variable(value(s)))), status)

    stored("rank-255", "a dataset of 255 axes", lambda s: s.value(extent(*[1] * 254, 4)))
    stored("extent-short", "an extent of fewer sizes than axes", lambda s: s.value(bytes([2, 4, 0, 1]) + struct.pack("<Q", 4)))
    stored("extent-long", "an extent of more sizes than axes", lambda s: s.value(extent(4) + bytes(8)), "0,65")
    stored("extent-product", "sizes whose product overflows", lambda s: s.value(extent(1 << 32, 1 << 32, 4)))
    stored("extent-most", "a size of 2^63 - 1", lambda s: s.value(extent(MOST)))
    stored("extent-last", "a size of 2^64 - 1", lambda s: s.value(extent(UNDEFINED)))
    stored("extent-hidden", "sizes that overflow, with a zero among them", lambda s: s.value(extent(MOST, MOST, 0), size=0))
    stored("extent-maximum", "a greatest extent below the extent", lambda s: s.value(bytes([2, 1, 1, 1]) + struct.pack("<QQ", 4, 2)), "0,65")
    stored("extent-kind", "an extent of a kind that does not exist", lambda s: s.value(bytes([2, 1, 0, 9]) + struct.pack("<Q", 4)))
    stored("extent-null", "an extent of nothing, with data", lambda s: s.value(bytes([2, 0, 0, 2])))
    stored("size-small", "fewer bytes than the extent says", lambda s: s.value(size=12), "0,65")
    stored("size-large", "more bytes than the extent says", lambda s: s.value(size=20), "0,65")
    stored("size-most", "2^63 - 1 bytes of data", lambda s: s.value(size=MOST), "0,65")
    stored("place-past-end", "data behind the file's end", lambda s: s.value(place=1 << 40))
    stored("place-last", "data at the last address", lambda s: s.value(place=UNDEFINED - 8))
    stored("place-tail", "data that end behind the file's end", lambda s: s.value(place=1 << 13))
    stored("place-nowhere", "data at no address", lambda s: s.value(place=UNDEFINED), "1,65")
    stored("place-superblock", "data that are the superblock", lambda s: s.value(place=0), "1,65")
    stored("place-header", "data that are their own header", lambda s: s.value(place=s.file.next), "1,65")
    for name, kind in (("float-wide", h.FLOAT32[:4] + b"\x10" + h.FLOAT32[5:]), ("float-bits", h.FLOAT32[:10] + b"\xff\xff" + h.FLOAT32[12:]),
                       ("integer-empty", h.integer(4)[:4] + bytes(4) + h.integer(4)[8:]), ("type-cut", h.FLOAT32[:9]),
                       ("type-class", bytes([0x1F]) + h.FLOAT32[1:]), ("type-version", bytes([0xF1]) + h.FLOAT32[1:])):
        stored(name, f"an element type that lies ({name})", lambda s, kind=kind: s.value(kind=kind))
    lists = h.integer(1, False)
    for _ in range(500):
        lists = bytes([0x19, 0, 0, 0, 16, 0, 0, 0]) + lists
    stored("type-deep", "lists of lists, five hundred deep, for an element", lambda s: s.value(kind=lists))
    arrays = h.FLOAT32
    for _ in range(300):
        arrays = bytes([0x3A, 0, 0, 0]) + struct.pack("<I", 4) + bytes([1]) + struct.pack("<I", 1) + arrays
    stored("type-arrays", "arrays of arrays, three hundred deep, for an element", lambda s: s.value(kind=arrays))

    def shared(s):
        value, moment = (s.value(place=s.place) for _ in range(2))
        return s.root(link("kernel", s.variable(value, link("adam_m", moment))))

    forged(directory, "data-shared", "two datasets of the same bytes", shared)

    def overlapping(s):
        moment = s.value(extent(2), place=s.place + 8, size=8)
        return s.root(link("kernel", s.variable(s.value(place=s.place), link("adam_m", moment))))

    forged(directory, "data-overlapping", "two datasets that share some bytes", overlapping, "1,65")
    for name, kind in (("no-type", 0x03), ("no-extent", 0x01), ("no-layout", 0x08)):
        def lacking(s, kind=kind):
            parts = [(0x01, extent(4)), (0x03, h.FLOAT32), (0x05, b"\3\5"), (0x08, bytes([3, 1]) + struct.pack("<QQ", s.place, 16))]
            return s.file.add(header(b"".join(message(one, content) for one, content in parts if one != kind) + checksum()))
        stored(name, f"a dataset with {name.replace('-', ' ')}", lacking)
    stored("type-twice", "a dataset of two types", lambda s: s.value(more=message(0x03, h.FLOAT64)), "0,65")


def chunked(store, sizes, chunk, entries, width=4, filters=b"", level=0, count=None, kind=h.FLOAT32, sibling=UNDEFINED):
    """A dataset in chunks: entries of size, mask, offsets and address, in one node of a tree."""
    rank = len(sizes) + 1
    node = b"TREE" + struct.pack("<BBHQQ", 1, level, len(entries) if count is None else count, sibling, sibling)
    for size, mask, offsets, address in entries:
        node += struct.pack("<II", size, mask) + b"".join(struct.pack("<Q", one) for one in (*offsets, 0)) + struct.pack("<Q", address)
    node += struct.pack("<II", 0, 0) + b"".join(struct.pack("<Q", one) for one in (*sizes, 0))
    tree = store.file.add(node + bytes(24 + 64 * 8 + 65 * (8 + 8 * rank) - len(node)))
    layout = bytes([3, 2, rank]) + struct.pack("<Q", tree) + b"".join(struct.pack("<I", one) for one in (*chunk, width))
    messages = message(0x01, extent(*sizes)) + message(0x03, kind) + message(0x05, b"\3\6") + filters + message(0x08, layout)
    return store.file.add(header(messages + checksum()))


def pipeline(*filters, count=None):
    """A filter pipeline: number, flags, values of each."""
    body = bytes([2, len(filters) if count is None else count])
    for kind, flags, values in filters:
        body += struct.pack("<HHH", kind, flags, len(values)) + b"".join(struct.pack("<I", one) for one in values)
    return message(0x0B, body)


def make_chunks(directory):
    def one(name, attack, make, status=65):
        forged(directory, name, attack, lambda s: s.root(link("kernel", s.variable(make(s)))), status)

    def halves(s, first=0, second=2, size=8, addresses=None, **options):
        places = addresses or (s.place, s.place + 8)
        return chunked(s, [4], [2], [(8, 0, [first], places[0]), (size, 0, [second], places[1])], **options)

    one("chunks", "two chunks, with nothing wrong", halves, 0)
    one("chunk-twice", "two chunks at one place of the tensor", lambda s: halves(s, second=0), "1,65")
    one("chunk-outside", "a chunk behind the tensor's end", lambda s: halves(s, second=400), "1,65")
    one("chunk-last", "a chunk at the last place there is", lambda s: halves(s, second=UNDEFINED - 1), "1,65")
    one("chunk-askew", "a chunk that begins within another", lambda s: halves(s, second=1), "1,65")
    one("chunk-absent", "a chunk that is not there", lambda s: chunked(s, [4], [2], [(8, 0, [0], s.place)]), "1,65")
    one("chunk-same-bytes", "two chunks of the same bytes", lambda s: halves(s, addresses=(s.place, s.place)), "1,65")
    one("chunk-small", "a chunk of fewer bytes than its shape", lambda s: halves(s, size=4), "1,65")
    one("chunk-large", "a chunk of more bytes than its shape", lambda s: halves(s, size=4000), "1,65")
    one("chunk-4-gib", "a chunk of four gigabytes", lambda s: halves(s, size=0xFFFFFFFF), "1,65")
    one("chunk-past-end", "a chunk behind the file's end", lambda s: halves(s, addresses=(s.place, 1 << 40)), "1,65")
    one("chunk-nowhere", "a chunk at no address", lambda s: halves(s, addresses=(s.place, UNDEFINED)), "1,65")
    one("chunk-backwards", "chunks out of order", lambda s: halves(s, first=2, second=0), "0,1,65")
    one("chunk-shape-zero", "chunks of no elements", lambda s: chunked(s, [4], [0], [(8, 0, [0], s.place)]))
    one("chunk-shape-huge", "chunks of 2^32 - 1 elements", lambda s: chunked(s, [4], [0xFFFFFFFF], [(16, 0, [0], s.place)]), "1,65")
    one("chunk-width", "chunks whose elements are wider than the tensor's", lambda s: chunked(s, [4], [4], [(16, 0, [0], s.place)], width=64), "0,1,65")
    one("chunk-mask", "a chunk that skips filters there are not", lambda s: chunked(s, [4], [4], [(16, 0xFFFFFFFF, [0], s.place)]), "0,1,65")
    one("tree-count", "a tree that counts 65535 chunks", lambda s: halves(s, count=65535), "1,65")
    one("tree-empty", "a tree that counts no chunks", lambda s: halves(s, count=0), "1,65")
    one("tree-in-itself", "a tree whose child is itself", lambda s: chunked(s, [4], [2], [(8, 0, [0], s.file.next)], level=1), "1,65")
    one("tree-level", "a tree 255 levels high", lambda s: halves(s, level=255), "1,65")
    one("tree-sibling", "a tree that is its own neighbour", lambda s: halves(s, sibling=s.file.next), "0,1,65")
    huge = 1 << 20
    one("chunks-declared", "a million chunks declared, two of them there", lambda s: chunked(s, [2 * huge], [2], [(8, 0, [0], s.place), (8, 0, [2], s.place + 8)]), "1,65")

    def filtered(name, attack, filters, status="1,65", body=None):
        body = zlib.compress(DATA) if body is None else body
        one(name, attack, lambda s: chunked(s, [4], [4], [(len(body), 0, [0], s.file.add(body))], filters=filters), status)

    deflate = (1, 0, [6])
    filtered("deflated", "a deflated chunk, with nothing wrong", pipeline(deflate), 0)
    filtered("filters-none", "a pipeline without filters", pipeline(), "1,65")
    filtered("filters-33", "a pipeline of 33 filters", pipeline(*[deflate] * 33), 65)
    filtered("filters-twice", "a chunk deflated once that says twice", pipeline(deflate, deflate))
    filtered("filters-count", "a pipeline that counts more filters than it has", pipeline(deflate, count=9), 65)
    filtered("filter-values", "a filter of 65535 values that are not there", message(0x0B, bytes([2, 1]) + struct.pack("<HHH", 1, 0, 65535)), 65)
    filtered("filter-unknown", "a filter that nobody has", pipeline((999, 0, [])) , 65)
    filtered("filter-shuffle", "a shuffle of elements of no bytes", pipeline((2, 0, [0]), deflate))
    filtered("filter-shuffle-wide", "a shuffle of elements of 2^32 - 1 bytes", pipeline((2, 0, [0xFFFFFFFF]), deflate))
    filtered("filter-bomb", "a chunk of a few bytes that inflates to a megabyte", pipeline(deflate), body=zlib.compress(bytes(1 << 20), 9))
    filtered("filter-short", "a chunk that inflates to too few bytes", pipeline(deflate), body=zlib.compress(DATA[:8]))
    filtered("filter-torn", "a deflated chunk that breaks off", pipeline(deflate), body=zlib.compress(DATA)[:-6])
    filtered("filter-trailing", "a deflated chunk with more behind its end", pipeline(deflate), "0,1,65", body=zlib.compress(DATA) + b"junk")


def make_attributes(directory):
    def one(name, attack, make, status=65):
        forged(directory, name, attack, lambda s: s.root(link("kernel", s.variable(more=make(s)))), status)

    wide = struct.pack("<q", 1)
    one("attribute-twice", "one attribute twice", lambda s: number("index", 1))
    one("attribute-name-long", "an attribute whose name is longer than its message", lambda s: attribute("x", h.integer(8), h.SCALAR, wide, [60000]))
    one("attribute-name-open", "an attribute whose name has no end", lambda s: attribute("x", h.integer(8), h.SCALAR, wide, [1]))
    one("attribute-name-empty", "an attribute without a name", lambda s: attribute("", h.integer(8), h.SCALAR, wide), "0,65")
    one("attribute-type-long", "an attribute whose type is longer than its message", lambda s: attribute("x", h.integer(8), h.SCALAR, wide, [None, 60000]))
    one("attribute-space-long", "an attribute whose extent is longer than its message", lambda s: attribute("x", h.integer(8), h.SCALAR, wide, [None, None, 60000]))
    one("attribute-huge", "an attribute of 2^60 numbers", lambda s: attribute("x", h.integer(8), extent(1 << 60), wide))
    one("attribute-last", "an attribute of 2^64 - 1 numbers", lambda s: attribute("x", h.integer(8), extent(UNDEFINED), wide))
    one("attribute-short", "an attribute of fewer numbers than it says", lambda s: attribute("x", h.integer(8), extent(4), wide))
    one("attribute-matrix", "an attribute of two axes", lambda s: attribute("x", h.integer(8), extent(1, 1), wide), "0,65")
    one("attribute-version", "an attribute of version 9", lambda s: attribute("x", h.integer(8), h.SCALAR, wide, version=9))
    one("attributes-elsewhere", "attributes that lie behind the file's end", lambda s: message(0x15, struct.pack("<BBQQ", 0, 0, 1 << 40, 1 << 41)))
    one("text-nowhere", "a text in a heap that is not there", lambda s: text("x", 1 << 40, 1, 3))
    one("text-in-data", "a text in a heap that is none", lambda s: text("x", s.place, 1, 3))
    one("text-last", "a text in a heap at the last address", lambda s: text("x", UNDEFINED, 1, 3), "0,65")
    one("text-absent", "a text that its heap lacks", lambda s: text("x", s.heap, 77, 3))
    one("text-long", "a text longer than what its heap has", lambda s: text("x", s.heap, 1, 0xFFFFFFFF))
    one("text-huge", "a list of 2^40 texts", lambda s: attribute("x", h.TEXT, extent(1 << 40), struct.pack("<IQI", 8, s.heap, 1)))

    def other(name, attack, heap, length=1, status=65):
        def make(s):
            return text("x", s.file.add(heap), 1, length)
        one(name, attack, make, status)

    other("heap-most", "a heap of 2^63 - 1 bytes", h.heap((1, b"a"), size=MOST))
    other("heap-past-end", "a heap longer than the file", h.heap((1, b"a"), size=1 << 30))
    other("heap-nothing", "a heap of no bytes", h.heap((1, b"a"), size=0))
    other("heap-object-most", "a heap with an object of 2^63 - 1 bytes", h.heap((1, b"a"))[:24] + struct.pack("<Q", MOST) + bytes(4064))
    other("heap-twice", "a heap with two objects of one number", h.heap((1, b"a"), (1, b"b")), status="0,65")
    other("heap-free", "a heap with more room left than it has", h.heap((1, b"a"), free=1 << 40), status="0,65")
    other("text-nul", "a text with a zero byte in it", h.heap((1, b"a\0b")), 3, "0,65")
    other("text-not-utf8", "a text that is not UTF-8", h.heap((1, b"\xff\xfe")), 2)

    def nested(s):
        """A heap every 16 bytes; each has all that follow for its one object."""
        count, tail = 2800, 60_000
        sizes = [tail + 32 * (count - place) for place in range(count)]
        heaps = b"".join(b"GCOL" + struct.pack("<IQ", 1, size) for size in sizes)
        start = s.file.add(heaps + struct.pack("<HHIQ", 0x4347, 1, 0, tail - 32) + bytes(sizes[0] - len(heaps)))
        places = b"".join(struct.pack("<IQI", 1, start + 16 * place, 0x4347) for place in range(count - 2))
        return attribute("x", h.TEXT, extent(count - 2), places)

    def same(s):
        place = s.file.add(h.heap((1, b"a" * 4000)))
        return attribute("x", h.TEXT, extent(4000), struct.pack("<IQI", 4000, place, 1) * 4000)

    one("texts-same", "four thousand texts that are the same bytes", same)

    def common(s):
        block = h.continuation(attribute("x", h.integer(8), extent(5000), bytes(40_000)))
        place = s.file.add(block)
        going_on = header(group() + message(0x10, struct.pack("<QQ", place, len(block))))
        links = [link(f"group-{number_}", s.file.add(going_on)) for number_ in range(80)]
        return s.root(link("kernel", s.variable()), *links)

    # libhdf5 gives the block's attributes to the first group alone.
    forged(directory, "continuation-common", "eighty groups that go on in one and the same block", common, "0,65")
    one("heaps-nested", "two thousand heaps that are mostly the same bytes", nested)


def main(directory):
    make_superblocks(directory)
    make_headers(directory)
    make_links(directory)
    make_datasets(directory)
    make_chunks(directory)
    make_attributes(directory)
    with open(os.path.join(directory, "attacks.tsv"), "w", newline="\n") as file:
        file.write("file\tstatus\tattack\n")
        file.writelines("%s\t%s\t%s\n" % attack for attack in attacks)


if __name__ == "__main__":
    main(sys.argv[1])
