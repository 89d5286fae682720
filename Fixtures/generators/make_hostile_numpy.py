"""Forged `.npy` and `.npz` files, each wrong in one place.

    python make_hostile_numpy.py DIRECTORY

`attacks.tsv` names the file, the exit status that a reading command owes it, and the attack.
"""
import os
import struct
import sys
import zlib

attacks = []
directory = sys.argv[1]
FLOATS = struct.pack("<4f", 0, 1, 2, 3)
GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }"


def write(name, status, attack, content):
    attacks.append((name, status, attack))
    with open(os.path.join(directory, name), "wb") as file:
        file.write(content)


def array(header=GOOD, data=FLOATS, version=(1, 0), length=None):
    header = header if isinstance(header, bytes) else header.encode()
    size = len(header) if length is None else length
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version[0] == 1 else "<I", size) + header + data


def member(name, content=None, at=0, method=0, flags=0, crc=None, size=None, stored=None):
    """Local header with content, and central entry, of a member that begins at a place."""
    content = array() if content is None else content
    name = name if isinstance(name, bytes) else name.encode()
    crc = zlib.crc32(content) if crc is None else crc
    size = len(content) if size is None else size
    stored = len(content) if stored is None else stored
    fields = struct.pack("<HHHHHIIIHH", 20, flags, method, 0, 0x21, crc, stored, size, len(name), 0)
    local = b"PK\3\4" + fields + name + content
    central = b"PK\1\2" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, at) + name
    return local, central


def archive(*members, comment=b"", count=None):
    body, directory_bytes = b"", b""
    for one in members:
        local, central = member(at=len(body), **one)
        body += local
        directory_bytes += central
    number = len(members) if count is None else count
    end = struct.pack("<HHHHIIH", 0, 0, number, number, len(directory_bytes), len(body), len(comment))
    return body + directory_bytes + b"PK\5\6" + end + comment


def deflated(content):
    """A raw deflate stream of one stored block."""
    return b"\1" + struct.pack("<HH", len(content), 0xFFFF ^ len(content)) + content


def bomb(size):
    """Zeros in fixed Huffman codes: one literal, then copies of 258 bytes."""
    bits = "1" + "10" + "00110000" + ("11000101" + "00000") * (size // 258) + "0000000"
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[place : place + 8][::-1], 2) for place in range(0, len(bits), 8))


def make_arrays():
    write("control.npy", 0, "nothing is wrong: the tool must read this one", array())
    write("double-quotes.npy", 0, "texts in double quotes", array(GOOD.replace("'", '"')))
    write("python-2.npy", 0, "long integers of Python 2", array(GOOD.replace("(4,)", "(2L, 2L)")))
    write("other-order.npy", 0, "keys in another order", array("{'shape': (4,), 'descr': '<f4', 'fortran_order': False}\n"))
    write("magic-alone.npy", 65, "a file that ends behind its magic", b"\x93NUMPY")
    write("version-4.npy", 65, "a version that does not exist", array(version=(4, 0)))
    write("version-1-1.npy", 65, "a minor version that does not exist", array(version=(1, 1)))
    write("cut-header.npy", 65, "a header longer than the file", array(length=5000))
    write("long-header.npy", 65, "a header of more characters than NumPy reads", array(GOOD + " " * 10_001))
    write("4-gib-header.npy", 65, "a header of four gigabytes, it says", array(version=(2, 0), length=0xFFFFFFFF))
    headers = {
        "code": ("a header that is a program", "__import__('os').system('touch pwned')"),
        "code-in-shape": ("a program for a shape", GOOD.replace("(4,)", "(__import__('os').getpid(),)")),
        "arithmetic": ("a shape to be computed", GOOD.replace("(4,)", "(2+2,)")),
        "comprehension": ("a header that is built", "{k: v for k, v in [('descr', '<f4')]}"),
        "no-dictionary": ("a header that is a list", "[1, 2]"),
        "empty": ("a header of nothing", ""),
        "no-descr": ("a header without a type", "{'fortran_order': False, 'shape': (4,), }"),
        "extra-key": ("a header with a key too many", GOOD.replace(", }", ", 'x': 1, }")),
        "key-twice": ("a header with two shapes", GOOD.replace(", }", ", 'shape': (4,), }")),
        "goes-on": ("a header that goes on", GOOD + "{}"),
        "no-end": ("a header that does not end", GOOD[:-2]),
        "escape": ("a type with an escape in it", GOOD.replace("<f4", "\\x3cf4")),
        "not-ascii": ("a type in another script", GOOD.replace("<f4", "<\u0444\u0034")),
        "fields-no-end": ("a list of fields without an end", GOOD.replace("'<f4'", "[('a', '<f4'")),
        "fields-crossed": ("brackets of fields that cross", GOOD.replace("'<f4'", "[('a', '<f4'])")),
        "fields-code": ("a list of fields that is a program", GOOD.replace("'<f4'", "[exit()]")),
        "no-type": ("an element type that is none", GOOD.replace("<f4", "float")),
        "wide-type": ("elements of 2^62 bytes", GOOD.replace("<f4", "<V4611686018427387904")),
        "shape-is-number": ("a shape that is no tuple", GOOD.replace("(4,)", "(4)")),
        "negative": ("a size below zero", GOOD.replace("(4,)", "(-4,)")),
        "fraction": ("a size with a point", GOOD.replace("(4,)", "(4.0,)")),
        "2-63": ("a size of 2^63", GOOD.replace("(4,)", "(9223372036854775808,)")),
        "product": ("sizes whose product overflows", GOOD.replace("(4,)", "(4294967296, 4294967296, 4)")),
        "bytes": ("a size whose bytes overflow", GOOD.replace("(4,)", "(4611686018427387904,)")),
        "rank-1000": ("a thousand axes", GOOD.replace("(4,)", "(" + "1, " * 1000 + ")")),
        "maybe": ("an order that is neither", GOOD.replace("False", "Maybe")),
    }
    for name, (attack, header) in headers.items():
        write(f"header-{name}.npy", 65, attack, array(header))
    # What nobody here looks into is carried as it is.
    write("header-objects.npy", 0, "elements that are Python objects", array(GOOD.replace("<f4", "|O")))
    write("header-records.npy", 0, "elements that are records", array(GOOD.replace("'<f4'", "[('a', '<f4')]")))
    write("cut-data.npy", 65, "data that ends early", array(data=FLOATS[:-1]))
    write("trailing.npy", 65, "a payload behind the data", array(data=FLOATS + b"x"))


def make_archives():
    write("control.npz", 0, "nothing is wrong: the tool must read this one", archive({"name": "a.npy"}, {"name": "b.npy"}))
    write("comment.npz", 0, "a comment at the end", archive({"name": "a.npy"}, comment=b"hello"))
    write("other-member.npz", 0, "a member that is no array", archive({"name": "a.npy"}, {"name": "readme", "content": b"x"}))
    content = array()
    sound = {"name": "a.npy", "content": deflated(content), "method": 8, "crc": zlib.crc32(content), "size": len(content)}
    write("deflated.npz", 0, "a deflated member with nothing wrong", archive(sound))
    for name, attack, path in (
        ("up", "a member above the archive", "../a.npy"),
        ("absolute", "a member at an absolute path", "/tmp/a.npy"),
        ("backslash", "a member above the archive, on another system", "..\\a.npy"),
        ("latin-1", "a name that is no UTF-8", b"\xe9.npy"),
    ):
        write(f"name-{name}.npz", 65, attack, archive({"name": path}))
    write("name-twice.npz", 65, "two members of one name", archive({"name": "a.npy"}, {"name": "a.npy"}))
    write("encrypted.npz", 65, "a member that is encrypted", archive({"name": "a.npy", "flags": 1}))
    write("method.npz", 65, "a member compressed in another way", archive({"name": "a.npy", "method": 12}))
    write("count.npz", 65, "more members than there are", archive({"name": "a.npy"}, count=9))
    write("size.npz", 65, "a member larger than the archive", archive({"name": "a.npy", "size": 1 << 30, "stored": 1 << 30}))
    write("bad-array.npz", 65, "a member whose header is a program", archive({"name": "a.npy", "content": array("__import__('os')")}))
    write("crc-stored.npz", "1,65", "a stored member whose sum is wrong", archive({"name": "a.npy", "crc": 1}))
    write("crc-deflated.npz", "1,65", "a deflated member whose sum is wrong", archive({**sound, "crc": 1}))
    write("cut-stream.npz", "1,65", "a deflated member that breaks off", archive({**sound, "content": deflated(content)[:-5]}))
    zeros = bomb(40_000_000)
    start = array(GOOD.replace("(4,)", "(10,)"), b"")
    small = {"name": "a.npy", "method": 8, "crc": 0, "size": len(start) + 40}
    write("bomb.npz", 65, "forty megabytes in a member of a hundred bytes", archive({**small, "content": zeros}))
    write("ratio.npz", 65, "a member that claims a gigabyte", archive({**small, "content": zeros[:1000], "size": 1 << 30}))
    whole = archive({"name": "a.npy"})
    write("cut.npz", 65, "an archive without its end", whole[:-22])
    write("prefix.npz", 65, "an archive behind something else", b"#!/bin/sh\n" + whole)


def make_names():
    for name, attack, path, status in (
        ("newline", "a name with a line of its own", "a\nFORGED all sums match.npy", 0),
        ("escape", "a name that colours the terminal", "\x1b[2J\x1b[32ma.npy", 0),
        ("c1", "a name with a control sequence in one character", "a\x9b32mb.npy", 0),
        ("bidi", "a name that turns the direction of writing", "a\u202eypn.x.npy", 0),
        ("mark", "a combining mark behind a slash", "a/\u0301b.npy", 0),
        ("prepended", "a mark that joins the slash behind it", "a\u0600/b.npy", 0),
        ("at", "a name that our own layout uses", "a/@value.npy", 0),
        ("bare", "a name that is its ending", ".npy", "0,65"),
        ("empty", "a member without a name", "", 65),
        ("nul", "a name with a zero byte", "a\0b.npy", 65),
        ("dot", "a name with a part that is a dot", "a/./b.npy", 65),
        ("parts", "a name with an empty part", "a//b.npy", 65),
        ("drive", "a name with a drive", "C:a.npy", "0,65"),
        ("overlong", "a name with a slash in overlong UTF-8", b"a\xc0\xafb.npy", 65),
        ("long", "a name of five thousand letters", "n" * 5_000 + ".npy", "0,65"),
    ):
        write(f"unicode-{name}.npz", status, attack, archive({"name": path, "flags": 0x800}))
    for name, attack, first, second in (
        ("composed", "two names that differ in how an accent is written", "caf\u00e9.npy", "cafe\u0301.npy"),
        ("scripts", "two names in two scripts that look the same", "scope.npy", "s\u0441ope.npy"),
        ("case", "two names that differ in a capital letter", "a.npy", "A.npy"),
    ):
        write(f"unicode-two-{name}.npz", 0, attack, archive({"name": first, "flags": 0x800}, {"name": second, "flags": 0x800}))
    write("name-ending.npz", "0,65", "one name with its ending and without", archive({"name": "a.npy"}, {"name": "a"}))
    write("name-below.npz", "0,65", "a member below another", archive({"name": "a.npy"}, {"name": "a.npy/b.npy"}))
    write("name-directory.npz", "0,65", "a member that is a directory", archive({"name": "a.npy"}, {"name": "d/", "content": b""}))
    step = array("{'descr': '<i8', 'fortran_order': False, 'shape': (), }", struct.pack("<q", -7))
    write("step-negative.npz", "0,65", "a global step of -7", archive({"name": "a.npy"}, {"name": "global_step.npy", "content": step}))
    most = array("{'descr': '<i8', 'fortran_order': False, 'shape': (), }", struct.pack("<Q", (1 << 63) - 1))
    write("step-most.npz", "0,65", "a global step of 2^63 - 1", archive({"name": "a.npy"}, {"name": "global_step.npy", "content": most}))
    text = array("{'descr': '<U4', 'fortran_order': False, 'shape': (), }", bytes(16))
    write("step-text.npz", "0,65", "a global step that is a text", archive({"name": "a.npy"}, {"name": "global_step.npy", "content": text}))


def patched(content, signature, place, layout, *values):
    """An archive with numbers put into its last record of a kind."""
    at = content.rindex(signature) + place
    return content[:at] + struct.pack(layout, *values) + content[at + struct.calcsize(layout) :]


def make_records():
    """Zip records that contradict each other."""
    plain = archive({"name": "a.npy"}, {"name": "b.npy"})
    end, central, local = b"PK\5\6", b"PK\1\2", b"PK\3\4"
    for name, attack, content, status in (
        ("local-name", "a local header with another name", patched(plain, local, 30, "5s", b"c.npy"), 65),
        ("local-crc", "a local header with another sum", patched(plain, local, 14, "<I", 7), 65),
        ("local-sizes", "a local header with other sizes", patched(plain, local, 18, "<II", 7, 7), 65),
        ("local-flags", "a local header that says it is encrypted", patched(plain, local, 6, "<H", 1), 65),
        ("local-method", "a local header that says it is deflated", patched(plain, local, 8, "<H", 8), 65),
        ("local-extra", "a local header whose extra field reaches into the next", patched(plain, local, 28, "<H", 60_000), 65),
        ("local-gone", "a member without a local header", patched(plain, local, 0, "4s", b"XXXX"), 65),
        ("overlap", "two members at one place", patched(plain, central, 42, "<I", 0), 65),
        ("inside-directory", "a member that lies in the central directory", patched(plain, central, 42, "<I", plain.index(central)), 65),
        ("inside-itself", "a member that begins within the one before it", patched(plain, central, 42, "<I", 40), 65),
        ("offset-64", "a member whose place is in a field that is not there", patched(plain, central, 42, "<I", 0xFFFFFFFF), 65),
        ("sizes-64", "a member whose sizes are in a field that is not there", patched(plain, central, 20, "<II", 0xFFFFFFFF, 0xFFFFFFFF), 65),
        ("disk", "a member on another disk", patched(plain, central, 34, "<H", 3), "0,65"),
        ("comment-long", "a member's comment that reaches behind the directory", patched(plain, central, 32, "<H", 60_000), 65),
        ("extra-long", "an extra field that reaches behind the directory", patched(plain, central, 30, "<H", 60_000), 65),
        ("name-long", "a name that reaches behind the directory", patched(plain, central, 28, "<H", 60_000), 65),
        ("end-disk", "an end record of another disk", patched(plain, end, 4, "<HH", 3, 3), 65),
        ("end-count", "an end record with two counts", patched(plain, end, 8, "<HH", 1, 2), 65),
        ("end-count-none", "an end record of no members", patched(plain, end, 8, "<HH", 0, 0), 65),
        ("end-count-64", "an end record of 65535 members", patched(plain, end, 8, "<HH", 0xFFFF, 0xFFFF), 65),
        ("end-size", "a directory that is larger than it is", patched(plain, end, 12, "<I", 1 << 30), 65),
        ("end-size-less", "a directory that is smaller than it is", patched(plain, end, 12, "<I", 4), 65),
        ("end-offset", "a directory that begins late", patched(plain, end, 16, "<I", 1 << 30), 65),
        ("end-offset-early", "a directory that begins early", patched(plain, end, 16, "<I", 3), 65),
        ("end-comment", "a comment that is longer than the file", patched(plain, end, 20, "<H", 60_000), 65),
        ("end-comment-short", "bytes behind the comment", patched(plain, end, 20, "<H", 0) + b"junk", 65),
        ("end-twice", "an end record in the comment of another", archive({"name": "a.npy"}, comment=archive({"name": "b.npy"})[-22:]), "0,65"),
        ("end-in-comment", "an archive in the comment of another", archive({"name": "a.npy"}, comment=archive({"name": "b.npy"})), "0,65"),
        ("nested", "an archive in an archive", archive({"name": "a.npy"}, {"name": "inner.npz", "content": plain}), 0),
        ("nested-as-array", "an archive that says it is an array", archive({"name": "a.npy", "content": plain}), 65),
        ("polyglot", "an array that is an archive as well", array() + plain, 65),
        ("descriptor", "a member whose sizes come behind it, and do not", archive({"name": "a.npy", "flags": 8}), "0,65"),
        ("patched-data", "a member that is a patch to another archive", archive({"name": "a.npy", "flags": 0x20}), "0,65"),
        ("hidden", "local headers that are hidden", archive({"name": "a.npy", "flags": 0x2000}), 65),
    ):
        write(f"record-{name}.npz", status, attack, content)
    zip64 = struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2, 2, plain.rindex(end) - plain.index(central), plain.index(central))
    place = plain.rindex(end)

    def long(record=zip64, locator=place, disks=1, tail=plain[place:]):
        return plain[:place] + b"PK\6\6" + record + b"PK\6\7" + struct.pack("<IQI", 0, locator, disks) + tail

    full = patched(plain[place:], end, 8, "<HHII", 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    write("zip64.npz", 0, "a 64-bit end record with nothing wrong", long(tail=full))
    write("zip64-other.npz", "0,65", "two end records that contradict each other", long(zip64[:20] + struct.pack("<QQQQ", 9, 9, 1, 1)))
    write("zip64-count.npz", 65, "a 64-bit end record of 2^63 members", long(zip64[:20] + struct.pack("<QQ", 1 << 63, 1 << 63) + zip64[36:], tail=full))
    write("zip64-size.npz", 65, "a 64-bit end record of its own size 2^63", long(struct.pack("<Q", 1 << 63) + zip64[8:], tail=full))
    write("zip64-offset.npz", 65, "a 64-bit end record whose directory is at 2^64 - 1", long(zip64[:44] + struct.pack("<Q", (1 << 64) - 1), tail=full))
    write("zip64-locator.npz", 65, "a locator that leads behind the file", long(locator=1 << 40, tail=full))
    write("zip64-locator-itself.npz", 65, "a locator that leads to itself", long(locator=place + 56, tail=full))
    write("zip64-disks.npz", 65, "a locator of nine disks", long(disks=9, tail=full))
    write("many.npz", 0, "three hundred members", archive(*({"name": f"{number:x}.npy", "content": array("{'descr': '|u1', 'fortran_order': False, 'shape': (0,), }", b"")} for number in range(300))))
    shared = archive({"name": "a.npy"})
    start = shared.index(central)
    one = shared[start : shared.rindex(end)]
    copies = b"".join(one.replace(b"a.npy", b"%c%c.py" % (97 + number // 26, 97 + number % 26)) for number in range(600))
    write("kernel-bomb.npz", 65, "six hundred members that are the same bytes",
          shared[:start] + copies + struct.pack("<4sHHHHIIH", end, 0, 0, 600, 600, len(copies), start, 0))


make_arrays()
make_archives()
make_names()
make_records()
with open(os.path.join(directory, "attacks.tsv"), "w", encoding="utf-8") as file:
    file.write("file\tstatus\tattack\n")
    file.writelines(f"{name}\t{status}\t{attack}\n" for name, status, attack in attacks)
