"""Forged stores in the native layout: sound HDF5, laid out as the tool does, whose contents lie.

    python make_hostile_store.py DIRECTORY

`attacks.tsv` names the file, the exit status that a reading command owes it, and the attack.
"""
import os
import pickle
import sys

import h5py
import numpy as np
from expected import crc32c
from hdf5_bytes import strip_times

attacks = []
directory = sys.argv[1]
TEXT = h5py.string_dtype()
MOST = (1 << 63) - 1


def dataset(group, place, values, **attributes):
    values = np.asarray(values)
    result = group.create_dataset(place, data=values)
    result.attrs["crc32c"] = np.uint32(crc32c(values.tobytes()))
    for key, value in attributes.items():
        put(result, key, value)
    return result


def put(item, name, value):
    """An attribute: text, whole numbers as 64 bits, lists of texts."""
    if isinstance(value, list) and value and isinstance(value[0], str):
        item.attrs.create(name, value, dtype=TEXT)
    elif isinstance(value, (int, list)) and not isinstance(value, bool):
        item.attrs[name] = np.array(value, dtype=np.int64)
    else:
        item.attrs[name] = value


def store(name, status, attack, change=None, source="tensorflow", about=None):
    """Two variables with Adam's moments and a step, then what `change` does to them."""
    attacks.append((name + ".h5", str(status), attack))
    file_path = os.path.join(directory, name + ".h5")
    with h5py.File(file_path, "w", libver=("v108", "v108"), meta_block_size=512) as file:
        for key, value in {"format": "optstate", "format_version": 1, "source_format": source, **(about or {})}.items():
            put(file, key, value)
        dataset(file, "global_step", np.int64(7))
        for index, variable in enumerate(("dense/kernel", "dense/bias")):
            group = file.create_group(variable)
            put(group, "index", index)
            for place, slot in enumerate(("@value", "adam_m", "adam_v"), 1 + 3 * index):
                dataset(group, slot, np.arange(4, dtype=np.float32) / (8 * place))
        if change:
            change(file)
    strip_times(file_path)


def setting(path, name, value):
    def change(file):
        put(file[path], name, value)
    return change


def record(path, **attributes):
    def change(file):
        group = file.require_group(path)
        for key, value in attributes.items():
            put(group, key, value)
    return change


def make_optimizers():
    def one(name, status, attack, **attributes):
        store(f"optimizer-{name}", status, attack, record("@optimizer", **attributes))

    store("control", 0, "nothing is wrong: the tool must read this one")
    one("sound", 0, "a record with nothing wrong", kind="adamw", learning_rate=0.001, weight_decay=0.01)
    one("no-kind", 65, "an optimizer without a kind", learning_rate=0.001)
    one("kind-number", 65, "an optimizer whose kind is a number", kind=7)
    one("kind-empty", "0,65", "an optimizer whose kind is empty", kind="")
    one("kind-newline", 0, "an optimizer whose kind has a line of its own", kind="adamw\nFORGED all sums match")
    one("kind-escape", 0, "an optimizer whose kind colours the terminal", kind="\x1b[2J\x1b[32madamw")
    one("kind-long", "0,65", "an optimizer whose kind has 20 KB", kind="a" * 20_000)
    for word, value in (("nan", np.nan), ("infinite", np.inf), ("negative", -1.0), ("1e308", 1e308), ("least", 5e-324)):
        one(f"rate-{word}", "0,65", f"a learning rate that is {word}", kind="adamw", learning_rate=value)
    for word, value in (("nan", np.nan), ("negative", -1.0), ("1e308", 1e308)):
        one(f"betas-{word}", "0,65", f"betas that are {word}", kind="adamw", learning_rate=0.1, beta1=value, beta2=value)
        one(f"epsilon-{word}", "0,65", f"an epsilon that is {word}", kind="adamw", learning_rate=0.1, epsilon=value)
    one("rate-text", "0,65", "a learning rate that is a text", kind="adamw", learning_rate="much")
    one("rate-list", "0,65", "a learning rate that is a list", kind="adamw", learning_rate=[1, 2, 3])
    one("beta-one", "0,65", "betas that are 1", kind="adamw", learning_rate=0.1, beta1=1.0, beta2=1.0)
    one("key-newline", "0,65", "a key with a line of its own", kind="adamw", **{"x\nFORGED all sums match": 1.0})
    one("key-many", "0,65", "five hundred keys that no optimizer has", kind="adamw", **{f"key{number}": number for number in range(500)})

    def grouped(name, status, attack, *groups):
        def change(file):
            record("@optimizer", kind="adamw", learning_rate=0.1)(file)
            for label, attributes in groups:
                record(f"@optimizer/groups/{label}", **attributes)(file)
        store(f"groups-{name}", status, attack, change)

    both = ["dense/kernel", "dense/bias"]
    grouped("sound", 0, "two groups with nothing wrong", ("0", {"members": both[:1]}), ("1", {"members": both[1:]}))
    grouped("gap", 65, "groups 0 and 2 without a group 1", ("0", {"members": both[:1]}), ("2", {"members": both[1:]}))
    grouped("zeros", 65, "a group called '00'", ("0", {"members": both[:1]}), ("00", {"members": both[1:]}))
    grouped("name", 65, "a group called 'first'", ("first", {"members": both}))
    grouped("no-members", 65, "a group without a list of members", ("0", {"lr": 1.0}))
    grouped("members-number", 65, "a group whose members are a number", ("0", {"members": 3}))
    grouped("members-text", 65, "a group whose members are one text", ("0", {"members": "dense/kernel"}))
    grouped("members-gone", "0,65", "a group of variables that the state lacks", ("0", {"members": ["gone", "../gone"]}))
    grouped("member-twice", 65, "a variable twice in one group", ("0", {"members": both[:1] * 2}))
    grouped("member-in-two", 65, "a variable in two groups", ("0", {"members": both}), ("1", {"members": both}))
    grouped("member-newline", "0,65", "a member whose name has a line of its own", ("0", {"members": ["x\nFORGED"]}))
    grouped("rate-nan", "0,65", "a group whose rate is no number", ("0", {"members": both, "learning_rate": np.nan}))
    store("optimizer-dataset", 65, "a dataset where the optimizer's record should be", lambda f: dataset(f, "@optimizer", np.zeros(3)))
    store("optimizer-holds-data", "0,65", "a dataset within the optimizer's record", lambda f: (
        record("@optimizer", kind="adamw", learning_rate=0.1)(f), dataset(f["@optimizer"], "x", np.zeros(3))))


def make_schedules():
    def one(name, status, attack, **attributes):
        store(f"schedule-{name}", status, attack, record("@schedule", **attributes))

    bert = {"kind": "bert", "learning_rate": 1e-4, "num_train_steps": 100}
    one("sound", 0, "a schedule with nothing wrong", **bert)
    one("no-kind", 65, "a schedule without a kind", learning_rate=0.1)
    one("kind-unknown", "0,65", "a schedule that nobody knows", kind="moon")
    for word, value in (("zero", 0), ("negative", -5), ("most", MOST), ("least", -MOST - 1), ("nan", np.nan), ("1e308", 1e308), ("text", "all"), ("half", 0.5)):
        one(f"steps-{word}", "0,65", f"steps of training that are {word}", **{**bert, "num_train_steps": value})
    for word, value in (("negative", -5), ("most", MOST), ("nan", np.nan)):
        one(f"warmup-{word}", "0,65", f"steps of warm-up that are {word}", **{**bert, "num_warmup_steps": value})
    for word, value in (("nan", np.nan), ("infinite", np.inf), ("1e308", 1e308)):
        one(f"rate-{word}", "0,65", f"a rate that is {word}", **{**bert, "learning_rate": value})
    one("pieces-fewer", "0,65", "a rate for fewer pieces than there are", kind="piecewise_constant", boundaries=[1, 2, 3], values=[1.0])
    one("pieces-backwards", "0,65", "pieces that end before they begin", kind="piecewise_constant", boundaries=[3, 2, 1], values=np.array([1.0, 2, 3, 4]))
    one("restarts-zero", "0,65", "a cosine that restarts after no steps", kind="cosine_restarts", learning_rate=0.1, first_decay_steps=0)
    store("schedule-dataset", 65, "a dataset where the schedule should be", lambda f: dataset(f, "@schedule", np.zeros(3)))


def make_places():
    def one(name, status, attack, change):
        store(name, status, attack, change)

    def group_named(name, index=5):
        def change(file):
            group = file.create_group(name)
            put(group, "index", index)
            dataset(group, "@value", np.ones(4, np.float32))
        return change

    one("index-twice", "0,65", "two variables at one place", setting("dense/bias", "index", 0))
    one("index-negative", "0,65", "a variable at place -1", setting("dense/bias", "index", -1))
    one("index-most", "0,65", "a variable at place 2^63 - 1", setting("dense/bias", "index", MOST))
    one("index-text", 65, "a variable whose place is a text", setting("dense/bias", "index", "first"))
    one("index-real", 65, "a variable at place 0.5", setting("dense/bias", "index", 0.5))
    one("index-list", 65, "a variable at three places", setting("dense/bias", "index", [1, 2, 3]))
    one("slot-index-most", "0,65", "a slot at place 2^63 - 1", setting("dense/bias/adam_m", "index", MOST))
    for word, value, status in (("negative", -1, "0,65"), ("most", MOST, "0,65"), ("least", -MOST - 1, "0,65"), ("text", "7", 65), ("real", 7.0, 65), ("list", [7, 8], 65)):
        one(f"step-{word}", status, f"a variable whose own step is {word}", setting("dense/bias", "step", value))
    one("global-negative", "0,65", "a global step of -1", lambda f: (f.__delitem__("global_step"), dataset(f, "global_step", np.int64(-1))))
    one("global-most", "0,65", "a global step of 2^63 - 1", lambda f: (f.__delitem__("global_step"), dataset(f, "global_step", np.int64(MOST))))
    one("global-least", "0,65", "a global step of -2^63", lambda f: (f.__delitem__("global_step"), dataset(f, "global_step", np.int64(-MOST - 1))))
    one("global-two", 65, "two global steps", lambda f: dataset(f, "steps", np.int64(9), role="step"))
    one("global-in-slot", 65, "a global step in a slot's place", lambda f: dataset(f["dense/bias"], "count", np.int64(9), role="step"))
    one("role-unknown", "0,65", "a tensor in a role that nobody knows", setting("dense/bias/adam_m", "role", "spy"))
    one("role-number", "0,65", "a role that is a number", setting("dense/bias/adam_m", "role", 7))
    one("value-is-optimizer", "0,65", "a parameter that says it is the optimizer's", setting("dense/bias/@value", "role", "optimizer"))
    one("slot-twice", 65, "one slot under its name and under its escape", lambda f: dataset(f["dense/bias"], "@slot.adam_m", np.ones(4, np.float32)))
    one("slot-no-name", "0,65", "a slot whose escape has no name", lambda f: dataset(f["dense/bias"], "@slot.", np.ones(4, np.float32)))
    one("slot-reserved", "0,65", "a slot whose name begins with @", lambda f: dataset(f["dense/bias"], "@other", np.ones(4, np.float32)))
    one("name-twice", 65, "one name twice, once behind an escape that it does not need", group_named("dense/@bias"))
    one("name-escape-idle", "0,65", "a name behind an escape that it does not need", group_named("dense/@other"))
    one("orphan", 65, "a dataset in a group that is no variable", lambda f: dataset(f, "other/x", np.ones(4, np.float32)))
    one("value-at-root", "0,65", "a value of the root group", lambda f: dataset(f, "@value", np.ones(4, np.float32)))
    one("empty-variable", "0,65", "a variable without value and slots", lambda f: put(f.create_group("nothing"), "index", 9))


def make_history():
    def one(name, status, attack, **attributes):
        store(f"history-{name}", status, attack, lambda f: [put(f["dense/kernel/adam_m"], key, value) for key, value in attributes.items()])

    one("sound", 0, "moments that were reset at step 3", since=[0, 3])
    one("odd", 65, "rows without their steps", since=[0])
    one("empty", 65, "a history of nothing", since=np.zeros(0, np.int64))
    one("not-from-zero", 65, "a history that leaves the first rows out", since=[2, 3])
    one("backwards", 65, "rows out of order", since=[0, 1, 3, 1, 2, 1])
    one("row-negative", 65, "a row before the first", since=[-1, 3])
    one("row-past-end", 65, "a row behind the tensor's last", since=[0, 1, 1000, 2])
    one("row-most", 65, "row 2^63 - 1", since=[0, 1, MOST, 2])
    one("start-negative", "0,65", "moments that began at step -5", since=[0, -5])
    one("start-least", "0,65", "moments that began at step -2^63", since=[0, -MOST - 1])
    one("start-future", "0,65", "moments that began after the global step", since=[0, 1000])
    one("start-most", "0,65", "moments that began at step 2^63 - 1", since=[0, MOST])
    one("text", 65, "a history that is a text", since="always")
    one("real", 65, "a history of fractions", since=np.array([0.0, 3.5]))
    one("folded-alone", 65, "folded rows without a history", folded=[0])
    one("folded-elsewhere", 65, "folded rows that the history lacks", since=[0, 3], folded=[2])
    one("folded-text", 65, "folded rows that are a text", since=[0, 3], folded="yes")
    store("history-of-value", "0,65", "a parameter with a history", setting("dense/kernel/@value", "since", [0, 3]))


def make_types():
    def one(name, status, attack, values=None, **attributes):
        def change(file):
            del file["dense/bias/adam_m"]
            dataset(file["dense/bias"], "adam_m", np.ones(4, np.float32) if values is None else values, **attributes)
        store(f"type-{name}", status, attack, change)

    bits = np.zeros(4, np.uint16)
    one("unknown", 65, "an element type that does not exist", dtype="float1")
    one("wider", 65, "elements of 16 bits over a dataset of 32", dtype="bfloat16")
    one("narrower", 65, "elements of 64 bits over a dataset of 16", bits, dtype="float64")
    one("number", "0,65", "an element type that is a number", dtype=7)
    one("text-no-shape", 65, "texts without a shape", bits.astype(np.uint8), dtype="string")
    one("text-shape-text", 65, "texts whose shape is a text", bits.astype(np.uint8), dtype="string", shape="4")
    one("text-shape-negative", 65, "texts of shape -4", bits.astype(np.uint8), dtype="string", shape=[-4])
    one("text-shape-huge", "1,65", "2^60 texts in four bytes", bits.astype(np.uint8), dtype="string", shape=[1 << 60])
    one("text-rank", 65, "texts of forty axes", bits.astype(np.uint8), dtype="string", shape=[1] * 40)
    one("text-garbage", "1,65", "texts whose lengths lie", np.full(8, 255, np.uint8), dtype="string", shape=[2])
    one("variant", "0,1,65", "variants of no bytes", np.zeros(0, np.uint8), dtype="variant", shape=[2])
    for word, value, status in (("negative", -1, 65), ("wide", 1 << 40, 65), ("real", 1.5, 65)):
        store(f"sum-{word}", status, f"a checksum that is {word}", lambda f, value=value: (
            f["dense/bias/adam_m"].attrs.__delitem__("crc32c"), put(f["dense/bias/adam_m"], "crc32c", value)))


class Command:
    def __reduce__(self):
        return os.system, ("touch OWNED",)


def make_layouts():
    """What a state remembers of the files that it came from, which a writer might believe."""
    def source(name, attack, source, status=0, extras=(), variable=None, **attributes):
        def change(file):
            record("@source", **attributes)(file)
            for number, (label, content) in enumerate(extras):
                dataset(file.require_group("@extras"), str(number), np.frombuffer(content, np.uint8), name=label)
            for key, value in (variable or {}).items():
                put(file["dense/kernel/@value"], key, value)
        store(f"source-{name}", status, attack, change, source)

    source("shards-many", "a bundle of 2^40 data files", "tensorflow", **{"tensorflow.num_shards": 1 << 40})
    source("shards-most", "a bundle of 99999 data files for six tensors", "tensorflow", **{"tensorflow.num_shards": 99_999})
    source("shards-negative", "a bundle of -1 data files", "tensorflow", **{"tensorflow.num_shards": -1})
    source("shard-most", "a tensor in data file 2^63 - 1", "tensorflow", variable={"tensorflow.shard": MOST})
    source("shard-negative", "a tensor in data file -1", "tensorflow", variable={"tensorflow.shard": -1})
    for word, text in (("empty", ""), ("garbage", "x;y;z"), ("outside", "0,400;0;0"), ("negative", "-1,2;0;0"), ("most", f"{MOST},{MOST};{MOST};{MOST}"), ("rank", "0,1:0,1:0,1;0;0")):
        source(f"slices-{word}", f"slices that are {word}", "tensorflow", variable={"tensorflow.slices": [text]})
    source("slices-overlap", "slices that overlap", "tensorflow", variable={"tensorflow.slices": ["0,3;0;0", "1,3;0;1"]})
    source("slices-gap", "slices that leave rows out", "tensorflow", variable={"tensorflow.slices": ["0,1;0;0"]})
    source("hf-file-climbs", "a shard that climbs out of the directory", "huggingface", variable={"huggingface.file": "../escape.safetensors"},
           extras=[("files/model.safetensors.index.json", b"{}")])
    source("hf-extra-climbs", "a file that climbs out of the directory", "huggingface", extras=[("files/../../escape", b"x")])
    source("hf-extra-absolute", "a file at an absolute path", "huggingface", extras=[("files//tmp/escape", b"x")])
    source("hf-extra-empty", "a file without a name", "huggingface", extras=[("files/", b"x")])
    source("hf-extra-newline", "a file with a line break in its name", "huggingface", extras=[("files/a\nb", b"x")])
    source("hf-extra-model", "a file in the place of the model", "huggingface", extras=[("files/model.safetensors", b"x")])
    source("hf-extra-below", "a file that is another's folder", "huggingface", extras=[("files/a", b"x"), ("files/a/b", b"y")])
    source("hf-extra-twice", "a file twice", "huggingface", 65, extras=[("files/a", b"x"), ("files/a", b"y")])
    source("hf-pickled-climbs", "a pickled model that climbs out", "huggingface", **{"huggingface.pickled": ["../escape.bin"]})
    source("hf-state-garbage", "a Trainer's record that is no JSON", "huggingface", extras=[("files/trainer_state.json", b"{")], **{"huggingface.step": 3})
    command = pickle.dumps(Command(), protocol=2)
    source("torch-command", "a tree that would run a command", "pytorch", extras=[("~pickle", command)])
    source("torch-record-climbs", "a record that climbs out of the archive", "pytorch", extras=[("~record/../../escape", b"x")],
           **{"pytorch.records:": ["../../escape", "data.pkl", "~storages"]})
    source("torch-root-climbs", "an archive whose folder climbs out", "pytorch", **{"pytorch.root": "../../escape"})
    source("torch-records-twice", "an archive with its pickle twice", "pytorch", **{"pytorch.records:": ["data.pkl", "data.pkl", "version"]})
    source("torch-records-none", "an archive without records", "pytorch", **{"pytorch.records:": [""]})
    source("flat-shards-climb", "shards that climb out of the directory", "safetensors", **{"safetensors.shards": ["../escape.safetensors", ".."]})
    source("flat-shards-twice", "two shards of one name", "safetensors", **{"safetensors.shards": ["a.safetensors"] * 2})
    source("flat-index-garbage", "an index that is no JSON", "safetensors", **{"safetensors.index_metadata": "{", "safetensors.shards": ["a.safetensors", "b.safetensors"]})
    source("keras-config", "a configuration that is no JSON", "keras-h5", **{"keras.model_config": "{", "keras.layout": "model"})
    source("names-own", "tensors that say they were called the same", "tensorflow", "0,65", variable={"source_name": "dense/bias"})
    source("name-climbs", "a tensor that says it was called '../../escape'", "tensorflow", variable={"source_name": "../../escape"})
    store("extra-no-name", 65, "an extra without a name", lambda f: dataset(f, "@extras/0", np.zeros(3, np.uint8)))
    store("extra-word", 65, "an extra that has no number", lambda f: dataset(f, "@extras/x", np.zeros(3, np.uint8), name="x"))
    store("extra-zeros", 65, "two extras of one number", lambda f: [dataset(f, f"@extras/{key}", np.zeros(3, np.uint8), name="x") for key in ("1", "01")])
    store("extra-negative", "0,65", "an extra of number -1", lambda f: dataset(f, "@extras/-1", np.zeros(3, np.uint8), name="x"))
    store("extra-deep", "0,65", "an extra in a group among the extras", lambda f: dataset(f, "@extras/1/2", np.zeros(3, np.uint8), name="x"))
    store("source-newline", 0, "a source format with a line of its own", source="tensorflow\nFORGED all sums match")
    store("source-empty", "0,65", "a source format without a name", source="")
    store("naming-escape", 0, "a naming that colours the terminal", about={"naming": "\x1b[2J\x1b[32mgoogle-bert"})
    store("naming-number", "0,65", "a naming that is a number", about={"naming": 7})
    store("naming-unknown", 0, "a naming that nobody knows", about={"naming": "martian"})


NAMES = {
    "newline": ("a name with a line of its own", "a\nFORGED all sums match"),
    "return": ("a name that overwrites its line", "a\rFORGED all sums match"),
    "escape": ("a name that colours the terminal", "\x1b[2J\x1b[32ma"),
    "delete": ("a name with DEL and backspaces", "abc\x7f\x08\x08\x08x"),
    "c1": ("a name with a control sequence in one character", "a\x9b32mb"),
    "next-line": ("a name with NEL", "a\x85FORGED all sums match"),
    "separator": ("a name with a line separator", "a\u2028FORGED all sums match"),
    "bidi": ("a name that turns the direction of writing", "a\u202egnihtyna\u202c"),
    "isolate": ("a name with an isolate that never ends", "a\u2067b"),
    "zero-width": ("a name with a zero-width space", "a\u200bb"),
    "byte-order-mark": ("a name that begins with a byte order mark", "\ufeffa"),
    "mark-behind-slash": ("a combining mark behind a slash", "a/\u0301b"),
    "mark-first": ("a name that begins with a combining mark", "\u0301a"),
    "mark-behind-at": ("a combining mark behind an @", "a/@\u0301b"),
    "prepended": ("a mark that joins the slash behind it", "a\u0600/b"),
    "joiner": ("a joiner before a slash", "a\u200d/b"),
    "non-character": ("a name with a code point that is no character", "a\uffffb"),
    "tags": ("a name in invisible tags", "a\U000e0041\U000e0042"),
    "tab": ("a name with a tab", "a\tb"),
    "quotes": ("a name with quotes", "a'\"`$(touch OWNED)"),
    "markup": ("a name that is markup", "</td><script>alert(1)</script>"),
    "spaces": ("a name of spaces", "   "),
    "long": ("a name of five thousand letters", "n" * 5_000),
}


def make_names():
    for label, (attack, name) in NAMES.items():
        def change(file, name=name):
            group = file.create_group(name)
            put(group, "index", 2)
            dataset(group, "@value", np.full(4, 9, np.float32))
            dataset(group, "adam_m", np.full(4, 8, np.float32))
        store(f"name-{label}", 0, attack, change)

    def pair(label, attack, first, second):
        def change(file):
            for number, name in enumerate((first, second)):
                group = file.create_group(name)
                put(group, "index", 2 + number)
                dataset(group, "@value", np.full(4, 9 + number, np.float32))
                dataset(group, "adam_m", np.full(4, 5 + number, np.float32))
        store(f"names-{label}", 0, attack, change)

    pair("composed", "two names that differ in how an accent is written", "caf\u00e9", "cafe\u0301")
    pair("look-alike", "two names in two scripts that look the same", "scope", "s\u0441ope")
    pair("marks-reordered", "two names whose marks stand in another order", "a\u0323\u0307", "a\u0307\u0323")
    pair("invisible", "two names that differ in what cannot be seen", "kernel", "ker\u200bnel")
    pair("hangul", "two names that differ in how a syllable is written", "\uac00", "\u1100\u1161")
    pair("angstrom", "two names that differ in which sign is meant", "\u212b", "\u00c5")


make_optimizers()
make_schedules()
make_places()
make_history()
make_types()
make_layouts()
make_names()
with open(os.path.join(directory, "attacks.tsv"), "w", newline="\n") as table:
    table.write("file\tstatus\tattack\n")
    table.writelines("%s\t%s\t%s\n" % attack for attack in attacks)
