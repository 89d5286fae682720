"""Forged files that commands take beside a state: gradients, naming maps and lists of names, records.

    python make_hostile_arguments.py DIRECTORY

`attacks.tsv` in each of the three folders names the file, the exit status that its command owes it, and the attack. The
commands are those of `Tests/Interop/test_hostile.py`; the state beside them is `../store/control.h5`, whose variables
are `dense/kernel` and `dense/bias` of four floats each.
"""
import json
import os
import sys

import h5py
import numpy as np
from hdf5_bytes import strip_times

directory = sys.argv[1]
tables = {}
VARIABLES = ("dense/kernel", "dense/bias")


def row(family, name, status, attack):
    tables.setdefault(family, []).append((name, str(status), attack))
    os.makedirs(os.path.join(directory, family), exist_ok=True)
    return os.path.join(directory, family, name)


def write(family, name, status, attack, content):
    with open(row(family, name, status, attack), "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def gradients(name, status, attack, change=None, leave_out=()):
    path = row("gradients", name + ".h5", status, attack)
    with h5py.File(path, "w", libver=("v108", "v108"), meta_block_size=512) as file:
        for variable in VARIABLES:
            if variable not in leave_out:
                file[f"1/{variable}"] = np.full(4, 0.5, np.float32)
        if change:
            change(file)
    strip_times(path)


def replaced(values, place="1/dense/bias"):
    def change(file):
        if place in file:
            del file[place]
        file[place] = values
    return change


def make_gradients():
    ones = np.ones(4, np.float32)
    gradients("control", 0, "nothing is wrong: the tool must take this one")
    gradients("no-update", 65, "no update at all", lambda f: f.__delitem__("1"))
    gradients("update-zero", 65, "an update 0", replaced(ones, "0/dense/bias"))
    gradients("update-negative", 65, "an update -1", replaced(ones, "-1/dense/bias"))
    gradients("update-zeros", 65, "an update '01' beside '1'", replaced(ones, "01/dense/bias"))
    gradients("update-plus", 65, "an update '+1' beside '1'", replaced(ones, "+1/dense/bias"))
    gradients("update-script", 65, "an update whose number is in another script", replaced(ones, "\u0661/dense/bias"))
    gradients("update-huge", 65, "an update 2^64", replaced(ones, "18446744073709551616/dense/bias"))
    gradients("update-word", 65, "an update called 'first'", replaced(ones, "first/dense/bias"))
    gradients("update-newline", 65, "an update whose name has a line of its own", replaced(ones, "x\nFORGED all sums match/a"))
    gradients("update-dataset", 65, "an update that is a dataset", lambda f: (f.__delitem__("1"), f.__setitem__("1", ones)))
    gradients("update-late", 0, "an update 9 that is not asked for", replaced(ones, "9/dense/bias"))
    gradients("shape", 65, "a gradient of another shape than its variable", replaced(np.ones(5, np.float32)))
    gradients("shape-turned", 65, "a gradient of as many elements in another shape", replaced(np.ones((2, 2), np.float32)))
    gradients("empty", 65, "a gradient of no elements", replaced(np.zeros(0, np.float32)))
    gradients("scalar", 65, "a gradient that is a number", replaced(np.float32(1)))
    gradients("whole", 65, "a gradient of whole numbers", replaced(np.arange(4)))
    gradients("double", "0,65", "a gradient of doubles", replaced(np.ones(4)))
    gradients("text", 65, "a gradient that is a text", replaced("steep"))
    gradients("bool", 65, "a gradient of truth values", replaced(np.ones(4, bool)))
    gradients("nan", "0,65", "a gradient that is no number", replaced(np.full(4, np.nan, np.float32)))
    gradients("infinite", "0,65", "a gradient without bounds", replaced(np.full(4, np.inf, np.float32)))
    gradients("most", "0,65", "a gradient whose square has no place in a float", replaced(np.full(4, 3e38, np.float32)))
    gradients("subnormal", 0, "a gradient of the smallest numbers", replaced(np.full(4, 1e-45, np.float32)))
    gradients("absent", "0,65", "a variable without a gradient", leave_out=VARIABLES[1:])
    gradients("stray", 65, "a gradient of a variable that the state lacks", replaced(ones, "1/gone"))
    gradients("stray-slot", 65, "a gradient of a moment", replaced(ones, "1/dense/bias2/adam_m"))
    gradients("climbs", 65, "a gradient of a variable with dots in its name", replaced(ones, "1/...."))
    gradients("newline", 65, "a gradient whose name has a line of its own", replaced(ones, "1/x\nFORGED all sums match"))
    gradients("soft-link", 65, "a gradient that is a link to another", lambda f: (f.__delitem__("1/dense/bias"), f.__setitem__("1/dense/bias", h5py.SoftLink("/1/dense/kernel"))))
    gradients("external-link", 65, "a gradient in another file", lambda f: (
        f.__delitem__("1/dense/bias"), f.__setitem__("1/dense/bias", h5py.ExternalLink("control.h5", "/1/dense/bias"))))
    gradients("hard-link", "0,65", "one gradient for two variables", lambda f: (f.__delitem__("1/dense/bias"), f.__setitem__("1/dense/bias", f["1/dense/kernel"])))
    gradients("in-itself", 65, "an update inside itself", lambda f: f.__setitem__("1/again", f["1"]))
    gradients("huge", 65, "2^50 elements declared, none stored", lambda f: (
        f.__delitem__("1/dense/bias"), f["1/dense"].create_dataset("bias", (1 << 50,), "f4", chunks=(1 << 20,))))
    gradients("never-written", "0,65", "a gradient to which nothing was ever written", lambda f: (
        f.__delitem__("1/dense/bias"), f["1/dense"].create_dataset("bias", (4,), "f4", chunks=(4,))))
    gradients("strange-filter", 65, "a gradient behind a filter that plain libhdf5 lacks", lambda f: (
        f.__delitem__("1/dense/bias"), f["1/dense"].create_dataset("bias", data=ones, chunks=(4,), compression="lzf")))
    gradients("value", "0,65", "gradients that lie as our own store keeps values", lambda f: [
        (f.__delitem__(f"1/{name}"), f.__setitem__(f"1/{name}/@value", ones)) for name in VARIABLES])
    write("gradients", "empty-file.h5", 65, "a file of no bytes", b"")
    write("gradients", "text-file.h5", 65, "a file that is no HDF5", b"hello")
    with open(os.path.join(directory, "gradients", "control.h5"), "rb") as file:
        sound = file.read()
    write("gradients", "cut.h5", 65, "a file cut in the middle", sound[: len(sound) // 2])


def make_naming():
    entries = [{"from": "dense/kernel", "to": "fc.weight"}, {"from": "dense/bias", "to": "fc.bias"}]
    sound = {"naming_map": 1, "from": "ours", "to": "theirs", "variables": entries}

    def one(name, status, attack, changes=None, text=None):
        value = {key: item for key, item in {**sound, **(changes or {})}.items() if item is not ...}
        write("naming", name + ".json", status, attack, json.dumps(value) if text is None else text)

    good = json.dumps(sound)
    one("control", 0, "nothing is wrong: the tool must take this one")
    one("empty", 65, "a map of no bytes", text="")
    one("not-json", 65, "a map that is no JSON", text="{'naming_map': 1}")
    one("list", 65, "a map that is a list", text="[]")
    one("not-utf8", 65, "a map that is not UTF-8", text=good.encode().replace(b"ours", b"\xff\xfe"))
    one("byte-order-mark", "0,65", "a map that begins with a byte order mark", text="\ufeff" + good)
    one("utf-16", "0,65", "a map in UTF-16", text=good.encode("utf-16"))
    one("deep", 65, "a map nested two thousand deep", text='{"naming_map":' + "[" * 2_000)
    one("trailing", 65, "a map with another behind it", text=good + good)
    one("comment", 65, "a map with a comment", text=good[:-1] + "/* x */}")
    one("comma", 65, "a map with a comma too many", text=good[:-1] + ",}")
    one("twice", 65, "a map with two lists of variables", text=good[:-1] + ', "variables": []}')
    one("twice-escaped", 65, "a map with two versions, one in an escape", text=good[:-1] + ', "naming\\u005fmap": 1}')
    one("entry-twice", 65, "an entry with two targets", text=good.replace('"to": "fc.bias"', '"to": "fc.bias", "to": "fc.other"'))
    for word, value in (("two", 2), ("text", "1"), ("real", 1.5), ("true", True), ("null", None), ("huge", 1 << 70)):
        one(f"version-{word}", 65, f"a map whose version is {word}", {"naming_map": value})
    one("version-exponent", "0,65", "a map of version 1e0", text=good.replace('"naming_map": 1', '"naming_map": 1e0'))
    one("no-version", 65, "a map without a version", {"naming_map": ...})
    one("no-variables", 65, "a map without variables", {"variables": ...})
    one("unknown-key", 65, "a map with a key that nobody knows", {"transpsoe": True})
    one("unknown-newline", 65, "a key that has a line of its own", {"x\nFORGED all sums match": 1})
    one("unknown-escape", 65, "a key that colours the terminal", {"\x1b[2J\x1b[32mx": 1})
    one("to-one", 65, "two variables that get one name", {"variables": [entries[0], {"from": "dense/bias", "to": "fc.weight"}]})
    one("from-one", 65, "one variable that gets two names", {"variables": [entries[0], {"from": "dense/kernel", "to": "x"}]})
    one("patterns-meet", 65, "two patterns that give one name", {"variables": [{"from": "dense/kernel", "to": "x"}, {"from": "dense/bias", "to": "x"}]})
    one("fewer", 0, "a map that leaves a variable out", {"variables": entries[:1]})
    one("none", 65, "a map of no variables", {"variables": []})
    one("other-model", 65, "a map of another model", {"variables": [{"from": "x", "to": "y"}]})
    one("empty-name", 65, "a map to no name", {"variables": [entries[0], {"from": "dense/bias", "to": ""}]})
    one("climbs", 0, "a map to a name that climbs out of a folder", {"variables": [entries[0], {"from": "dense/bias", "to": "../../escape"}]})
    one("absolute", 0, "a map to a name that is an absolute path", {"variables": [entries[0], {"from": "dense/bias", "to": "/escape"}]})
    one("newline", 0, "a map to a name with a line of its own", {"variables": [entries[0], {"from": "dense/bias", "to": "x\nFORGED all sums match"}]})
    one("nul", "0,65", "a map to a name with a zero byte", {"variables": [entries[0], {"from": "dense/bias", "to": "a\0b"}]})
    one("at", "0,65", "a map to a name that our own layout uses", {"variables": [entries[0], {"from": "dense/bias", "to": "@optimizer"}]})
    one("slot", "0,65", "a map to the name of another's slot", {"variables": [entries[0], {"from": "dense/bias", "to": "fc.weight/adam_m"}]})
    one("composed", 0, "a map to two names that differ in how an accent is written",
        {"variables": [{"from": "dense/kernel", "to": "caf\u00e9"}, {"from": "dense/bias", "to": "cafe\u0301"}]})
    one("transpose", 65, "a vector to be transposed", {"variables": [entries[0], {**entries[1], "transpose": True}]})
    one("transpose-text", 65, "a transposition that is a text", {"variables": [entries[0], {**entries[1], "transpose": "yes"}]})
    one("number-one-side", 65, "a number that one side lacks", {"variables": [entries[0], {"from": "dense/bias", "to": "x{n}"}]})
    one("number-open", 65, "a number whose brace is open", {"variables": [entries[0], {"from": "dense/bias{", "to": "x{"}]})
    one("number-twice", "0,65", "a number twice in one name", {"variables": [entries[0], {"from": "dense/bias{n}{n}", "to": "x{n}"}, entries[1]]})
    one("numbers-many", "0,65", "thirty numbers in one name", {"variables": [*entries, {"from": "".join("{%c%c}" % (97 + n // 26, 97 + n % 26) for n in range(30)),
                                                                                        "to": "".join("{%c%c}" % (97 + n // 26, 97 + n % 26) for n in range(30))}]})
    one("from-number", 65, "a name that is a number", {"variables": [entries[0], {"from": 7, "to": "x"}]})
    one("from-nothing", 65, "an entry of no spellings", {"variables": [entries[0], {"from": [], "to": "x"}]})
    one("from-many", 0, "an entry of two thousand spellings", {"variables": [entries[0], {"from": ["dense/bias"] + [f"x{n}" for n in range(2000)], "to": "x"}]})
    one("tied-itself", 65, "a name that is tied to itself", {"variables": [entries[0], {**entries[1], "tied": ["fc.bias"]}]})
    one("left-out-kept", "0,65", "a variable that is both left out and kept", {"left_out": {"from": ["dense/bias"]}})


def make_lists():
    """Lists of names: what does not end with `.json` goes to `--names`, beside `../pytorch-state/control.pt`."""
    def one(name, status, attack, text):
        write("naming", name + ".txt", status, attack, text)

    one("names", 0, "nothing is wrong: the tool must take this one", "first.weight\nfirst.bias\n")
    one("names-open", 0, "a list whose last line is open", "first.weight\nfirst.bias")
    one("names-returns", 0, "a list with the line ends of another system", "first.weight\r\nfirst.bias\r\n")
    one("names-gaps", 0, "a list with empty lines", "\n\nfirst.weight\n\n\nfirst.bias\n\n")
    one("names-empty", 64, "a list of no names", "")
    one("names-fewer", 64, "fewer names than parameters", "first.weight\n")
    one("names-more", 64, "more names than parameters", "first.weight\nfirst.bias\nx\n")
    one("names-twice", 65, "one name twice", "first.weight\nfirst.weight\n")
    one("names-not-utf8", 65, "a name that is not UTF-8", b"first.weight\nfirst.\xff\n")
    one("names-nul", 64, "a name with a zero byte", "first.weight\nfirst.\0bias\n")
    one("names-escape", 64, "a name that colours the terminal", "first.weight\n\x1b[2J\x1b[32mx\n")
    one("names-byte-order-mark", 0, "a list that begins with a byte order mark", "\ufefffirst.weight\nfirst.bias\n")
    one("names-separator", "0,64", "names between line separators, which are part of a name", "first.weight\u2028first.bias")
    one("names-swapped", 64, "names in the wrong order", "first.bias\nfirst.weight\n")
    one("names-gone", 64, "names that the model lacks", "x\ny\n")
    one("names-climb", 64, "names that climb out of a folder", "../../x\n/y\n")
    one("names-composed", 64, "two names that differ in how an accent is written", "caf\u00e9\ncafe\u0301\n")
    one("names-json", 64, "a list in JSON", '["first.weight", "first.bias"]')
    one("names-many", 64, "twenty thousand names", "\n".join(f"{number:x}" for number in range(20_000)))


def make_records():
    def one(kind, name, status, attack, value=None, text=None):
        write("records", f"{kind}-{name}.json", status, attack, json.dumps(value) if text is None else text)

    adam = {"kind": "adamw", "learning_rate": 0.001}
    bert = {"kind": "bert", "learning_rate": 0.001, "num_train_steps": 100}
    for kind, sound in (("optimizer", adam), ("schedule", bert)):
        good = json.dumps(sound)
        one(kind, "control", 0, "nothing is wrong: the tool must take this one", sound)
        one(kind, "empty", 64, "a record of no bytes", text="")
        one(kind, "not-json", 64, "a record that is no JSON", text="{'kind': 1}")
        one(kind, "list", 64, "a record that is a list", [])
        one(kind, "deep", 64, "a record nested two thousand deep", text='{"kind":' + "[" * 2_000)
        one(kind, "not-utf8", 64, "a record that is not UTF-8", text=good.encode().replace(b"0.001", b'"\xff"'))
        one(kind, "trailing", 64, "a record with another behind it", text=good + good)
        one(kind, "twice", 64, "a record of two kinds", text=good[:-1] + ', "kind": "sgd"}')
        one(kind, "twice-escaped", 64, "a record of two kinds, one in an escape", text=good[:-1] + ', "k\\u0069nd": "sgd"}')
        one(kind, "no-kind", 64, "a record without a kind", {"learning_rate": 0.001})
        one(kind, "kind-number", 64, "a kind that is a number", {**sound, "kind": 7})
        one(kind, "kind-unknown", 64, "a kind that nobody knows", {**sound, "kind": "moon"})
        one(kind, "kind-newline", 64, "a kind with a line of its own", {**sound, "kind": "x\nFORGED all sums match"})
        one(kind, "kind-escape", 64, "a kind that colours the terminal", {**sound, "kind": "\x1b[2J\x1b[32mx"})
        one(kind, "kind-accent", 64, "a kind with an accent", {**sound, "kind": "adamw\u0301"})
        one(kind, "key-unknown", 64, "a key that nobody knows", {**sound, "x\nFORGED all sums match": 1})
        one(kind, "key-object", 64, "a value that is an object", {**sound, "learning_rate": {"x": 1}})
        one(kind, "key-null", 64, "a rate that is null", {**sound, "learning_rate": None})
        one(kind, "rate-text", 64, "a rate that is a text", {**sound, "learning_rate": "fast"})
        one(kind, "rate-true", 64, "a rate that is true", {**sound, "learning_rate": True})
        one(kind, "rate-list", 64, "a rate that is a list", {**sound, "learning_rate": [1, 2]})
        one(kind, "rate-infinite", 64, "a rate of 1e999", text=good.replace("0.001", "1e999"))
        one(kind, "rate-nan", 64, "a rate of NaN, as Python writes it", text=good.replace("0.001", "NaN"))
        one(kind, "rate-long", "0,64", "a rate of ten thousand digits", text=good.replace("0.001", "0." + "1" * 10_000))
        one(kind, "rate-1e308", "0,64", "a rate of 1e308", {**sound, "learning_rate": 1e308})
        one(kind, "rate-negative", "0,64", "a rate below zero", {**sound, "learning_rate": -1.0})
        one(kind, "rate-hex", 64, "a rate in hexadecimal", text=good.replace("0.001", "0x10"))
        one(kind, "rate-zeros", 64, "a rate with zeros before it", text=good.replace("0.001", "00.1"))
    for name, value in (("beta-one", {"beta1": 1.0, "beta2": 1.0}), ("beta-two", {"beta1": 2.0}), ("beta-negative", {"beta1": -0.5}), ("epsilon-negative", {"epsilon": -1.0}),
                        ("decay-most", {"weight_decay": 1e308}), ("flag-number", {"amsgrad": 7})):
        one("optimizer", name, "0,64", f"a hyper-parameter that is impossible ({name})", {**adam, **value})
    both = ["dense/kernel", "dense/bias"]
    for name, status, groups in (("sound", 0, [{"members": both[:1]}, {"members": both[1:], "learning_rate": 0.1}]), ("text", 64, "all"), ("numbers", 64, [1]), ("no-members", 64, [{}]),
                                 ("member-number", 64, [{"members": [7]}]), ("name-number", "0,64", [{"name": 7, "members": both}]), ("gone", "0,64,65", [{"members": ["gone"]}]),
                                 ("twice", "64,65", [{"members": both[:1] * 2}]), ("in-two", "64,65", [{"members": both}, {"members": both}]),
                                 ("rate-text", "0,64,65", [{"members": both, "learning_rate": "fast"}]), ("newline", "0,64,65", [{"members": ["x\nFORGED all sums match"]}]), ("none", 0, [])):
        one("optimizer", f"groups-{name}", status, f"groups of parameters ({name})", {**adam, "groups": groups})
    for name, value in (("zero", 0), ("negative", -1), ("half", 0.5), ("text", "all"), ("huge", 1 << 70)):
        one("schedule", f"steps-{name}", 64, f"steps of training that are {name}", {**bert, "num_train_steps": value})
    one("schedule", "steps-most", "0,64", "2^63 - 1 steps of training", {**bert, "num_train_steps": (1 << 63) - 1})
    one("schedule", "warmup-most", "0,64", "2^63 - 1 steps of warm-up", {**bert, "num_warmup_steps": (1 << 63) - 1})
    pieces = {"kind": "piecewise_constant", "boundaries": [1, 2, 3], "values": [1.0, 2.0, 3.0, 4.0]}
    one("schedule", "pieces", 0, "pieces with nothing wrong", pieces)
    one("schedule", "pieces-fewer", 64, "fewer values than pieces", {**pieces, "values": [1.0]})
    one("schedule", "pieces-backwards", 64, "boundaries out of order", {**pieces, "boundaries": [3, 2, 1]})
    one("schedule", "pieces-half", "0,64", "a boundary between two steps", {**pieces, "boundaries": [1.5, 2, 3]})
    one("schedule", "pieces-text", 64, "boundaries that are texts", {**pieces, "boundaries": ["1", "2", "3"]})
    one("schedule", "pieces-many", 0, "two thousand pieces", {**pieces, "boundaries": list(range(1, 2001)), "values": [1.0] * 2001})


make_gradients()
make_naming()
make_lists()
make_records()
for family, rows in tables.items():
    with open(os.path.join(directory, family, "attacks.tsv"), "w", newline="\n") as table:
        table.write("file\tstatus\tattack\n")
        table.writelines("%s\t%s\t%s\n" % one for one in rows)
