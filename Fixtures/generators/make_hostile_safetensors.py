"""Forged safetensors files and indices, each wrong in one place.

    python make_hostile_safetensors.py DIRECTORY

`attacks.tsv` names the file, the exit status that a reading command owes it, and the attack.
"""
import json
import os
import struct
import sys

attacks = []
directory = sys.argv[1]
FLOATS = struct.pack("<4f", 0, 1, 2, 3)


def write(name, status, attack, content):
    attacks.append((name, status, attack))
    with open(os.path.join(directory, name), "wb") as file:
        file.write(content)


def raw(name, status, attack, header, data=FLOATS, length=None):
    """A file of a header given as text, bytes or an object."""
    if isinstance(header, dict):
        header = json.dumps(header, separators=(",", ":"))
    if isinstance(header, str):
        header = header.encode()
    size = len(header) if length is None else length
    write(name + ".safetensors", status, attack, struct.pack("<Q", size) + header + data)


def entry(begin, end, shape=None, dtype="F32", **more):
    return {"dtype": dtype, "shape": [(end - begin) // 4] if shape is None else shape, "data_offsets": [begin, end], **more}


def text(value):
    """An entry in which one field is put in as it is."""
    fields = {"dtype": '"F32"', "shape": "[4]", "data_offsets": "[0,16]", **value}
    return '{"a":{' + ",".join(f'"{key}":{field}' for key, field in fields.items() if field is not None) + "}}"


def make_header():
    raw("control", 0, "nothing is wrong: the tool must read this one", {"a": entry(0, 8), "a/adam_m": entry(8, 16)})
    raw("nothing", 0, "no tensor at all", {}, b"")
    raw("spaces-first", 0, "white space before the header", "  " + text({}))
    raw("spaces-last", 0, "other white space than blanks behind the header", text({}) + "\n\t ")
    raw("not-padded", 0, "data that begins at an odd place", text({}) + "   ")
    write("seven-bytes.safetensors", 65, "a file shorter than its first number", b"\0" * 7)
    raw("no-header", 65, "a header of no bytes", "", b"")
    raw("not-json", 65, "a header that is no JSON", '{"a":', b"")
    raw("list", 65, "a header that is a list", "[" + text({}) + "]")
    raw("two-values", 65, "a header with a second value", text({}) + "{}")
    raw("nul-padding", 65, "a header padded with NUL", text({}) + "\0\0\0")
    raw("byte-order-mark", 65, "a header that begins with a byte order mark", b"\xef\xbb\xbf" + text({}).encode())
    raw("latin-1", 65, "a name that is no UTF-8", b'{"\xe9":' + json.dumps(entry(0, 16)).encode() + b"}")
    raw("half-character", 65, "a name that is half a surrogate pair", '{"\\ud800":' + json.dumps(entry(0, 16)) + "}")
    raw("control-character", 65, "a name with a bare newline", '{"a\nb":' + json.dumps(entry(0, 16)) + "}")
    raw("deep", 65, "twenty thousand nested lists", '{"a":{"dtype":"F32","x":' + "[" * 20_000 + "]" * 20_000 + "}}")
    for name, length in (("limit", 100_000_001), ("beyond", 10_000), ("sign", 1 << 63), ("all-ones", (1 << 64) - 1)):
        raw(f"length-{name}", 65, f"a header of {length} bytes, it says", text({}), length=length)


def make_entries():
    raw("hole", 65, "four bytes that belong to nobody", {"a": entry(0, 4), "b": entry(8, 16)})
    raw("overlap", 65, "two tensors share four bytes", {"a": entry(0, 8), "b": entry(4, 16)})
    raw("same-bytes", 65, "two tensors share all bytes", {"a": entry(0, 16), "b": entry(0, 16)})
    raw("not-from-zero", 65, "data that begins late", {"a": entry(4, 16)})
    raw("trailing", 65, "a payload behind the data", {"a": entry(0, 8)})
    raw("truncated", 65, "data that ends early", {"a": entry(0, 32)})
    raw("other-size", 65, "a shape that does not fit the bytes", {"a": entry(0, 16, [5])})
    raw("reversed", 65, "an end before the beginning", {"a": entry(0, 16), "b": entry(16, 8, [2])})
    raw("product", 65, "a shape whose product overflows", {"a": entry(0, 16, [1 << 32, 1 << 32, 4])})
    raw("bits", 65, "a shape whose bits overflow", {"a": entry(0, 16, [1 << 60])})
    raw("zero-times-much", 65, "an empty shape whose other sizes overflow", {"a": entry(0, 16), "b": entry(16, 16, [0, 1 << 62, 1 << 62])})
    raw("end-of-numbers", 65, "an end at 2^63", {"a": entry(0, 1 << 63, [4])})
    raw("negative-offset", 65, "a beginning before the data", {"a": entry(-16, 0, [4])})
    raw("three-offsets", 65, "three data offsets", text({"data_offsets": "[0,8,16]"}))
    raw("one-offset", 65, "one data offset", text({"data_offsets": "[0]"}))
    raw("offsets-are-text", 65, "data offsets in quotes", text({"data_offsets": '["0","16"]'}))
    raw("negative-size", 65, "a size below zero", text({"shape": "[-4]"}))
    raw("fraction", 65, "a size with a point", text({"shape": "[4.0]"}))
    raw("truth", 65, "a size that is true", text({"shape": "[true,4]"}))
    raw("size-is-2-64", 65, "a size of 2^64", text({"shape": "[18446744073709551616]"}))
    raw("shape-is-number", 65, "a shape that is no list", text({"shape": "4"}))
    raw("rank-33", 65, "more axes than any format here has", text({"shape": "[" + "1," * 32 + "4]"}))
    raw("rank-20000", 65, "twenty thousand axes", text({"shape": "[" + "1," * 20_000 + "4]"}))
    raw("unknown-type", 65, "an element type of 128 bits", text({"dtype": '"F128"', "shape": "[1]"}))
    raw("type-is-number", 65, "an element type that is a number", text({"dtype": "32"}))
    raw("half-byte", 65, "three elements of four bits", {"a": entry(0, 2, [3], "F4")}, b"\0\0")
    raw("six-bits", 65, "three elements of six bits", {"a": entry(0, 3, [3], "F6_E2M3")}, b"\0\0\0")
    for field in ("dtype", "shape", "data_offsets"):
        raw(f"no-{field}", 65, f"an entry without {field}", text({field: None}))
    raw("entry-is-list", 65, "an entry that is no object", '{"a":[]}')
    raw("unknown-field", 0, "a field that nobody knows", {"a": entry(0, 16, extra=[1, {"b": None}])})
    raw("empty-in-the-middle", 0, "a tensor without bytes between others", {"a": entry(0, 8), "e": entry(8, 8, [0, 3]), "b": entry(8, 16)})
    raw("other-order", 0, "entries in another order than the data", {"b": entry(8, 16), "a": entry(0, 8)})
    raw("not-aligned", 0, "numbers at odd places", {"a": entry(0, 1, [1], "U8"), "b": entry(1, 5)}, b"\1" + FLOATS[:4])


def make_names():
    one = json.dumps(entry(0, 16))
    raw("name-twice", 65, "one name for two entries", '{"a":' + one + ',"a":' + one + "}")
    raw("name-twice-escaped", 65, "one name for two entries, once in an escape", '{"a":' + one + ',"\\u0061":' + one + "}")
    raw("field-twice", 65, "one field twice", '{"a":{"dtype":"F32","shape":[4],"shape":[4],"data_offsets":[0,16]}}')
    raw("metadata-twice", 65, "two lots of metadata", '{"__metadata__":{},"__metadata__":{},"a":' + one + "}")
    raw("metadata-number", 65, "metadata that is no text", {"__metadata__": {"a": 1}, "a": entry(0, 16)})
    raw("metadata-list", 65, "metadata that is a list", {"__metadata__": [], "a": entry(0, 16)})
    raw("metadata-null", 0, "no metadata, as MLX puts it", {"__metadata__": None, "a": entry(0, 16)})
    raw("looks-alike", 0, "two names that look the same and are not", {"\u00e9": entry(0, 8), "e\u0301": entry(8, 16)})
    raw("way-out", 0, "a name that would lead out of a directory", {"../../etc/passwd": entry(0, 16)})
    raw("empty-name", "0,65", "a tensor without a name", {"": entry(0, 16)})
    raw("nul-name", "0,65", "a name with NUL in it", {"a\0b": entry(0, 16)})
    for name, description in (
        ("not-json", "{"),
        ("no-version", '{"variables":{}}'),
        ("future", '{"version":2,"variables":{}}'),
        ("missing", '{"version":1,"variables":{"x":{}}}'),
        ("taken-twice", '{"version":1,"variables":{"a":{},"b":{"value":"a"}}}'),
        ("no-kind", '{"version":1,"variables":{"a":{}},"optimizer":{}}'),
        ("step-is-matrix", '{"version":1,"variables":{},"step":"a"}'),
    ):
        header = {"__metadata__": {"optstate": description}, "a": entry(0, 16)}
        raw(f"description-{name}", 65, f"a description of the state that is damaged ({name})", header)


def make_indices():
    good = {"a": entry(0, 16)}
    raw("shard-1", 0, "a part of a set", good)
    raw("shard-2", 0, "another part, with the same tensor", good)
    for name, attack, index in (
        ("outside", "a shard in another directory", {"weight_map": {"a": "../control.safetensors"}}),
        ("absolute", "a shard at an absolute path", {"weight_map": {"a": "/etc/passwd"}}),
        ("missing", "a shard that is not there", {"weight_map": {"a": "shard-9.safetensors"}}),
        ("not-in-shard", "a tensor that its shard lacks", {"weight_map": {"a": "shard-1.safetensors", "b": "shard-1.safetensors"}}),
        ("in-two", "a tensor that two shards have", {"weight_map": {"a": "shard-1.safetensors", "b": "shard-2.safetensors"}}),
        ("itself", "an index that is its own shard", {"weight_map": {"a": "itself.safetensors.index.json"}}),
        ("no-map", "an index without a map", {"metadata": {}}),
        ("map-is-list", "a map that is a list", {"weight_map": ["shard-1.safetensors"]}),
    ):
        write(f"{name}.safetensors.index.json", 65, attack, json.dumps(index).encode())
    twice = b'{"weight_map":{"a":"shard-1.safetensors","a":"shard-2.safetensors"}}'
    write("name-twice.safetensors.index.json", 65, "one tensor in two places", twice)
    sound = json.dumps({"weight_map": {"a": "shard-1.safetensors"}}).encode()
    write("sound.safetensors.index.json", 0, "an index with nothing wrong", sound)


make_header()
make_entries()
make_names()
make_indices()
with open(os.path.join(directory, "attacks.tsv"), "w", encoding="utf-8") as file:
    file.write("file\tstatus\tattack\n")
    file.writelines(f"{name}\t{status}\t{attack}\n" for name, status, attack in attacks)
