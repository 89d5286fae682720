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


NAMES = {
    "newline": ("a name with a line of its own", "a\nFORGED all sums match"),
    "return": ("a name that overwrites its line", "a\rFORGED all sums match"),
    "escape": ("a name that colours the terminal", "\x1b[2J\x1b[32ma"),
    "c1": ("a name with a control sequence in one character", "a\x9b32mb"),
    "separator": ("a name with a line separator", "a\u2028FORGED all sums match"),
    "bidi": ("a name that turns the direction of writing", "a\u202egnihtyna\u202c"),
    "zero-width": ("a name with a zero-width space", "a\u200bb"),
    "mark-behind-slash": ("a combining mark behind a slash", "a/\u0301b"),
    "mark-first": ("a name that begins with a combining mark", "\u0301a"),
    "prepended": ("a mark that joins the slash behind it", "a\u0600/b"),
    "at": ("a name that our own layout uses", "a/@value"),
    "record": ("a name where our own layout keeps a record", "@optimizer"),
    "slashes": ("a name of slashes", "///"),
    "dots": ("a name of dots and slashes", "./../."),
    "spaces": ("a name of spaces", "   "),
    "markup": ("a name that is markup", "</td><script>alert(1)</script>"),
    "long": ("a name of five thousand letters", "n" * 5_000),
}


def make_unicode():
    for label, (attack, name) in NAMES.items():
        raw(f"unicode-{label}", 0, attack, {name: entry(0, 8), name + "/adam_m": entry(8, 16)})
    half = json.dumps(entry(0, 16))
    raw("unicode-overlong", 65, "a name with a slash in overlong UTF-8", b'{"a\xc0\xafb":' + half.encode() + b"}")
    raw("unicode-surrogate", 65, "a name with half a surrogate pair in UTF-8", b'{"a\xed\xa0\x80b":' + half.encode() + b"}")
    raw("unicode-beyond", 65, "a name with a code point behind the last", b'{"a\xf4\x90\x80\x80b":' + half.encode() + b"}")
    raw("unicode-pair", 0, "a name in a surrogate pair of escapes", '{"\\ud83d\\ude00":' + half + "}")
    raw("unicode-pair-swapped", 65, "a surrogate pair in the wrong order", '{"\\ude00\\ud83d":' + half + "}")
    raw("unicode-escape-cut", 65, "an escape that breaks off", '{"\\u00":' + half + "}")
    raw("unicode-escape-unknown", 65, "an escape that does not exist", '{"\\x41":' + half + "}")
    for label, attack, first, second in (("marks", "two names whose marks stand in another order", "a\u0323\u0307", "a\u0307\u0323"),
                                         ("scripts", "two names in two scripts that look the same", "scope", "s\u0441ope"),
                                         ("hangul", "two names that differ in how a syllable is written", "\uac00", "\u1100\u1161")):
        raw(f"unicode-two-{label}", 0, attack, {first: entry(0, 8), second: entry(8, 16)})


def make_sizes():
    raw("many", 0, "two thousand tensors of no elements", {f"{number:x}": entry(0, 0, [0]) for number in range(2000)}, b"")
    raw("types", 0, "every element type side by side", {
        "a": entry(0, 4), "b": entry(4, 6, [1], "BF16"), "c": entry(6, 7, [1], "BOOL"), "d": entry(7, 8, [1], "F8_E4M3"), "e": entry(8, 16, [1], "I64")})
    raw("bool-seven", "0,1,65", "a truth value of seven", {"a": entry(0, 4, [4], "BOOL")}, b"\0\1\2\7")
    raw("number-exponent", 65, "a size of 4e0", text({"shape": "[4e0]"}))
    raw("number-minus-zero", "0,65", "a size of -0", '{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}', b"")
    raw("number-zeros", 65, "a size of 004", text({"shape": "[004]"}))
    raw("number-long", 65, "a size of ten thousand digits", text({"shape": "[1" + "0" * 10_000 + "]"}))
    raw("number-1e999", "0,65", "a number of 1e999 in a field that nobody knows", text({"x": "1e999"}))
    raw("deep-value", 65, "nesting of two thousand in a field that nobody knows", text({"x": '{"x":' * 2_000}))
    raw("metadata-many", 0, "two thousand metadata", {"__metadata__": {f"{number:x}": "" for number in range(2000)}, "a": entry(0, 16)})
    raw("metadata-newline", 0, "metadata with lines of their own", {"__metadata__": {"format": "pt\nFORGED all sums match", "x\nFORGED": "\x1b[2J"}, "a": entry(0, 16)})
    raw("metadata-tensor", 0, "a tensor called metadata", {"metadata": entry(0, 16)})
    raw("metadata-deep", 65, "metadata that are a tower of lists", '{"__metadata__":{"a":' + "[" * 2_000)


def make_descriptions():
    """What our own writer puts into the metadata, forged: the tensors `a`, `b`, `m` and `s`."""
    def one(name, status, attack, **changes):
        sound = {"version": 1, "source_format": "tensorflow", "variables": {"a": {"slots": {"adam_m": "m"}}, "b": {}}, "step": "s"}
        described = {key: value for key, value in {**sound, **changes}.items() if value is not ...}
        tensors = {"a": entry(0, 8), "b": entry(8, 16), "m": entry(16, 24), "s": entry(24, 32, [], "I64")}
        body = FLOATS + FLOATS[:8] + struct.pack("<q", 7)
        raw(f"described-{name}", status, attack, {"__metadata__": {"optstate": json.dumps(described)}, **tensors}, body)

    one("sound", 0, "a description with nothing wrong")
    one("deep", 65, "a description nested a thousand deep", optimizer=json.loads('[' * 900 + ']' * 900))
    one("version-text", 65, "a description of version '1'", version="1")
    one("version-real", "0,65", "a description of version 1.0", version=1.0)
    one("no-variables", 65, "a description without variables", variables=...)
    one("variables-list", 65, "variables that are a list", variables=["a"])
    one("slot-is-value", 65, "a parameter that is its own slot", variables={"a": {"slots": {"adam_m": "a"}}, "b": {}})
    one("slot-in-two", 65, "a tensor that is the slot of two", variables={"a": {"slots": {"adam_m": "m"}}, "b": {"slots": {"adam_m": "m"}}})
    one("slot-gone", 65, "a slot that the file lacks", variables={"a": {"slots": {"adam_m": "gone"}}, "b": {}})
    one("slot-list", 65, "slots that are a list", variables={"a": {"slots": ["m"]}, "b": {}})
    one("slot-path", "0,65", "a slot whose name climbs out of a folder", variables={"a": {"slots": {"../../x": "m"}}, "b": {}})
    one("slot-newline", "0,65", "a slot whose name has a line of its own", variables={"a": {"slots": {"x\nFORGED all sums match": "m"}}, "b": {}})
    one("slot-no-name", "0,65", "a slot without a name", variables={"a": {"slots": {"": "m"}}, "b": {}})
    one("value-number", 65, "a parameter that is a number", variables={"a": {"value": 7}})
    one("value-null", "0,65", "a variable without value and slots", variables={"a": {"slots": {"adam_m": "m"}}, "b": {}, "c": {"value": None}})
    one("name-newline", 0, "a variable whose name has a line of its own", variables={"a\nFORGED all sums match": {"value": "a"}, "b": {}})
    one("name-climbs", 0, "a variable whose name climbs out of a folder", variables={"../../escape": {"value": "a"}, "b": {}})
    one("name-empty", "0,65", "a variable without a name", variables={"": {"value": "a"}, "b": {}})
    one("step-gone", 65, "a step that the file lacks", step="gone")
    one("step-float", 65, "a step that is a list of floats", step="b")
    one("step-is-slot", 65, "a step that is a slot too", step="m")
    one("step-number", 65, "a step that is a number", step=7)
    one("step-of-variable", 65, "a variable's own step that the file lacks", variables={"a": {"step": "gone"}, "b": {}})
    one("optimizer-list", 65, "an optimizer that is a list", optimizer=[])
    one("optimizer-kind", 65, "an optimizer whose kind is a number", optimizer={"kind": 7})
    one("optimizer-nested", 65, "a hyper-parameter that is an object", optimizer={"kind": "adamw", "x": {"y": 1}})
    one("optimizer-groups", 65, "groups that are a text", optimizer={"kind": "adamw", "groups": "x"})
    one("group-members", 65, "a group of members that are numbers", optimizer={"kind": "adamw", "groups": [{"members": [1, 2]}]})
    one("group-twice", 65, "a variable in two groups", optimizer={"kind": "adamw", "groups": [{"members": ["a"]}, {"members": ["a"]}]})
    one("schedule-kind", 65, "a schedule without a kind", schedule={"learning_rate": 1})
    one("schedule-steps", "0,65", "a schedule of -1 steps", schedule={"kind": "bert", "learning_rate": 1.0, "num_train_steps": -1})
    one("naming", "0,65", "a naming that is a number", naming=7)
    one("source", "0,65", "a source that is a number", source_format=7)
    one("unknown", "0,65", "a key that nobody knows", later=1)
    one("tensors", 65, "optimizer tensors that the file lacks", optimizer_tensors={"beta1_power": "gone"})


def make_circles():
    """Indices that name each other and shards that are not what they say."""
    for one, other in (("first", "second"), ("second", "first")):
        write(f"circle-{one}.safetensors.index.json", 65, "two indices that name each other",
              json.dumps({"weight_map": {"a": f"circle-{other}.safetensors.index.json"}}).encode())
    for name, attack, shard in (("newline", "a shard whose name has a line of its own", "x\nFORGED all sums match"), ("nul", "a shard with a zero byte in its name", "a\0b"),
                                ("empty", "a shard without a name", ""), ("dot", "a shard that is the directory", "."), ("backslash", "a shard that climbs on another system", "..\\x")):
        write(f"shard-{name}.safetensors.index.json", "65,66", attack, json.dumps({"weight_map": {"a": shard}}).encode())
    write("shard-number.safetensors.index.json", 65, "a shard that is a number", b'{"weight_map":{"a":7}}')
    write("index-deep.safetensors.index.json", 65, "an index nested two thousand deep", b'{"weight_map":' + b'{"a":' * 2_000)
    write("index-many.safetensors.index.json", 65, "an index of five thousand shards that are not there",
          json.dumps({"weight_map": {f"t{number}": f"s{number}" for number in range(5000)}}).encode())


make_header()
make_entries()
make_names()
make_indices()
make_unicode()
make_sizes()
make_descriptions()
make_circles()
with open(os.path.join(directory, "attacks.tsv"), "w", encoding="utf-8") as file:
    file.write("file\tstatus\tattack\n")
    file.writelines(f"{name}\t{status}\t{attack}\n" for name, status, attack in attacks)
