"""Forged msgpack files of flax, each wrong in one place.

    python make_hostile_flax.py DIRECTORY

`attacks.tsv` names the file, the exit status that a reading command owes it, and the attack.
"""
import os
import struct
import sys

attacks = []
directory = sys.argv[1]
FLOATS = struct.pack("<6f", *range(6))


def write(name, status, attack, content):
    attacks.append((f"{name}.msgpack", status, attack))
    with open(os.path.join(directory, f"{name}.msgpack"), "wb") as file:
        file.write(content)


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return b"\xda" + struct.pack(">H", len(value)) + value


def number(value):
    return b"\xd3" + struct.pack(">q", value)


def items(*members):
    """A map of keys that are made and values that are."""
    return b"\xde" + struct.pack(">H", len(members)) + b"".join(text(key) + value for key, value in members)


def extension(content, code=1, size=None):
    return b"\xc9" + struct.pack(">I", len(content) if size is None else size) + bytes([code]) + content


def array(shape=(2, 3), kind="float32", content=FLOATS, size=None, length=None, parts=3, code=1):
    """`size` is the extension's, `length` that of the bytes."""
    inside = bytes([0x90 | parts]) + b"\xdc" + struct.pack(">H", len(shape)) + b"".join(map(number, shape)) + text(kind)
    inside += b"\xc6" + struct.pack(">I", len(content) if length is None else length) + content
    return extension(inside, code, size)


def count(value=3, kind="int32", shape=()):
    return array(shape, kind, struct.pack("<i" if kind == "int32" else "<f", value))


def moments(mu=None, nu=None, counted=None):
    return items(("count", counted or count()), ("mu", mu or items(("a", array()))), ("nu", nu or items(("a", array()))))


def state(value=None, step=None, parameters=None, optimizer=None, **more):
    members = [("params", parameters or items(("a", value or array()))),
               ("opt_state", items(("0", optimizer or moments()), ("1", items())))]  # fmt: skip
    return items(("step", step or number(3)), *members, *more.items())


def make_values():
    write("control", 0, "nothing is wrong: the tool must read this one", state())
    write("nothing", 65, "a map of nothing", items())
    write("empty", 65, "a file of no bytes", b"")
    write("trailing", 65, "bytes behind the value", state() + b"\xc0")
    write("reserved", 65, "a byte that begins no value", state(x=b"\xc1"))
    write("cut", 65, "a file that ends early", state()[:-10])
    for name, head in (("list", b"\xdd"), ("map", b"\xdf"), ("bytes", b"\xc6"), ("text", b"\xdb"), ("extension", b"\xc9")):
        write(f"{name}-long", 65, f"a {name} of four thousand million", state(x=head + b"\xff\xff\xff\xff" + b"\1" * 8))
    write("deep-lists", 65, "twenty thousand nested lists", state(x=b"\x91" * 20_000 + b"\xc0"))
    write("deep-maps", 65, "twenty thousand nested maps", state(x=b"\x81\xa1a" * 20_000 + b"\xc0"))
    write("deep-arrays", 65, "arrays in the place of sizes, twenty thousand deep",
          state(x=(b"\xc9\0\0\1\0\1\x93\x91" * 20_000)))  # fmt: skip
    write("many", 0, "a hundred thousand values of nothing", state(x=b"\xdd" + struct.pack(">I", 100_000) + b"\xc0" * 100_000))
    write("key-twice", 65, "a key twice", items(("a", number(1)), ("a", number(2))))
    write("key-array", 65, "a key that is an array", b"\x81" + array() + number(1))
    write("key-text", 65, "a key that is no UTF-8", items((b"\xff\xfe", number(1)), ("params", number(1))))
    write("key-nul", 65, "a key with NUL in it", items(("params", items(("a\0b", array())))))
    write("key-escapes", 0, "a key that would clear a terminal", state(**{"\x1b[2J\nFORGED": array()}))
    write("key-path", 0, "a key that would leave the directory", items(("params", items(("../../x", array())))))
    write("value-text", 65, "a text that is no UTF-8", state(x=text(b"\xff")))


def make_arrays():
    for name, attack, value in (
        ("size-larger", "an extension longer than what is in it", array(size=90)),
        ("size-smaller", "an extension shorter than what is in it", array(size=9)),
        ("bytes-fewer", "an array with fewer bytes than its shape", array(content=FLOATS[:-1])),
        ("bytes-beyond", "an array whose bytes end behind the file", array(length=1 << 31)),
        ("shape-negative", "a negative size", array((-2, -3))), ("shape-huge", "a product that overflows", array((1 << 62, 4))),
        ("shape-wide", "more axes than a tensor may have", array([1] * 60, content=FLOATS[:4])),
        ("shape-zero", "a size that no other makes good", array((0, 1 << 62, 1 << 62), content=b"")),
        ("parts-two", "an array of two parts", array(parts=2)), ("not-a-list", "an array that is a number", extension(number(1))),
        ("shape-text", "a shape that is a text", extension(b"\x93" + text("x") + text("float32") + b"\xc4\0")),
        ("complex-text", "a complex number of texts", extension(b"\x92" + text("x") * 2, 2)),
        ("complex-one", "a complex number of one part", extension(b"\x91" + b"\xcb" + bytes(8), 2)),
    ):  # fmt: skip
        write(name, 65, attack, state(value))
    for name, attack, value in (
        ("shape-fraction", "a size with a point", extension(b"\x93\x91" + b"\xcb" + struct.pack(">d", 6) + text("float32") + b"\xc4\x18" + FLOATS)),
        ("type-number", "a type that is a number", extension(b"\x93\x91\6\4" + b"\xc4\x18" + FLOATS)),
        ("bytes-more", "an array with more bytes than its shape", array(content=FLOATS * 2)),
        ("parts-four", "an array with a part too many", extension(b"\x94\x91\6" + text("float32") + b"\xc4\x18" + FLOATS + b"\xc0")),
    ):  # fmt: skip
        write(name, 65, attack, state(value))
    write("type-object", 0, "elements that are Python's objects", state(array(kind="object")))
    write("type-unknown", 0, "a type that nobody knows", state(x=array(kind="float5", content=b"abc")))
    write("extension-unknown", 0, "an extension that nobody knows", state(x=extension(b"abc", 77)))


def make_keys():
    def one(name, attack, key, status=0):
        write("key-" + name, status, attack, state(parameters=b"\xde\0\1" + key + array()))

    one("number", "a key that is a number", number(7))
    one("empty", "a key of no letters", text(""))
    one("slash", "a key with a slash in it", text("a/b"))
    one("newline", "a key with a line of its own", text("x\nFORGED all sums match"))
    one("turned", "a key that turns the line around", text("x\u202egnihtyna"))
    one("long", "a key of thirty thousand letters", text("x" * 30_000))
    write("key-meets", 0, "two paths of one name", state(parameters=items(("a/b", array()), ("a", items(("b", array()))))))


def make_optimizers():
    def one(name, attack, status=0, **parts):
        write("optimizer-" + name, status, attack, state(**parts))

    for name, attack, step in (
        ("step-most", "a step of 2^63 - 1", number((1 << 63) - 1)), ("step-beyond", "a step of 2^64 - 1", b"\xcf" + b"\xff" * 8),
        ("step-negative", "a step below zero", number(-1)), ("step-nan", "a step that is no number", b"\xcb" + struct.pack(">d", float("nan"))),
        ("step-text", "a step that is a text", text("three")), ("step-list", "a step that is a list", b"\x92\1\2"),
    ):  # fmt: skip
        one(name, attack, step=step)
    for name, attack, counted in (
        ("count-vector", "a count that is a vector", array((6,))), ("count-text", "a count that is a text", text("three")),
        ("count-nan", "a count that is no number", count(float("nan"), "float32")), ("count-most", "a count of 2^31 - 1", count((1 << 31) - 1)),
    ):  # fmt: skip
        one(name, attack, optimizer=moments(counted=counted))
    for name, attack, mu in (
        ("mu-shape", "a moment of another shape", items(("a", array((6,))))), ("mu-text", "a moment that is a text", items(("a", text("m")))),
        ("mu-more", "a moment of a parameter that is not there", items(("a", array()), ("z", array()))),
        ("mu-array", "moments that are one array", array()), ("mu-newline", "a slot with a line of its own", items(("a\nFORGED", array()))),
    ):  # fmt: skip
        one(name, attack, optimizer=moments(mu))
    one("second", "two optimizers of the same parameters", other=state())
    write("optimizer-bare", 0, "an optimizer without parameters", items(("0", moments())))
    write("deep-parameters", 65, "parameters six thousand maps deep", items(("params", b"\x81\xa1a" * 6_000 + array())))


def chunked(shape, *pieces, **more):
    mark = ("__msgpack_chunked_array__", b"\xc3")
    sizes = items(*((str(place), number(size)) for place, size in enumerate(shape)))
    return items(mark, ("shape", sizes), ("chunks", items(*((str(n), one) for n, one in enumerate(pieces)))))


def make_pieces():
    half = array((3,), content=FLOATS[:12])
    write("control-pieces", 0, "nothing is wrong: the tool must read this one", state(chunked((2, 3), half, half)))
    write("pieces-fewer", 65, "pieces that do not fill their array", state(chunked((2, 3), half)))
    write("pieces-more", 65, "pieces that overfill their array", state(chunked((2, 3), half, half, half)))
    write("pieces-none", 65, "an array of no pieces", state(chunked((2, 3))))
    write("pieces-types", 65, "pieces of different types", state(chunked((2, 3), half, array((3,), "int32", FLOATS[:12]))))
    write("pieces-rank", 65, "pieces that are matrices", state(chunked((2, 3), array())))
    write("pieces-huge", 65, "pieces of an array whose product overflows", state(chunked((1 << 62, 1 << 62), half)))
    write("pieces-negative", 65, "pieces of an array of a size below zero", state(chunked((-6,), half, half)))
    write("pieces-no-shape", 65, "pieces without a shape", state(items(("__msgpack_chunked_array__", b"\xc3"))))


os.makedirs(directory, exist_ok=True)
make_values()
make_arrays()
make_keys()
make_optimizers()
make_pieces()
with open(os.path.join(directory, "attacks.tsv"), "w") as file:
    file.write("file\tstatus\tattack\n")
    file.writelines(f"{name}\t{status}\t{attack}\n" for name, status, attack in attacks)
