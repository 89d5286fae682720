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
        "objects": ("elements that are Python objects", GOOD.replace("<f4", "|O")),
        "records": ("elements that are records", GOOD.replace("'<f4'", "[('a', '<f4')]")),
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


make_arrays()
make_archives()
with open(os.path.join(directory, "attacks.tsv"), "w", encoding="utf-8") as file:
    file.write("file\tstatus\tattack\n")
    file.writelines(f"{name}\t{status}\t{attack}\n" for name, status, attack in attacks)
