"""Forges Keras files: `.h5`, `.weights.h5` and `.keras` that lie about what is in them.

    python make_hostile_keras.py OUTPUT

Needs h5py and NumPy.
"""
import io
import json
import pathlib
import struct
import sys
import zipfile

import h5py
import numpy as np
from hdf5_bytes import strip_times, timeless

OUTPUT = pathlib.Path(sys.argv[1])
ROWS = []
LIBVER, META = None, 2048
CONFIG = {"class_name": "Functional", "config": {"name": "m", "layers": [
    {"class_name": "Dense", "config": {"name": "first", "trainable": True}},
    {"class_name": "Dense", "config": {"name": "last", "trainable": True}},
]}}
ADAM = {"class_name": "Adam", "config": {
    "name": "Adam", "learning_rate": 0.001, "decay": 0.0, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7,
    "amsgrad": False}}
WEIGHTS = {"first": {"first/kernel:0": (2, 3), "first/bias:0": (3,)}, "last": {"last/kernel:0": (3, 1)}}


def row(name, status, attack):
    ROWS.append((name, str(status), attack))


def fill(shape):
    return np.arange(int(np.prod(shape)), dtype="f4").reshape(shape) + 1


def names(group, attribute, values):
    group.attrs[attribute] = np.array([v.encode() for v in values]) if values else np.zeros(0)


def legacy(name, status, attack, change=None, slots="m v", training=ADAM, model=CONFIG):
    """A whole model with legacy Adam, then what `change` does to it."""
    row(name, status, attack)
    with h5py.File(OUTPUT / name, "w", libver=LIBVER, meta_block_size=META) as file:
        file.attrs["keras_version"] = "2.12.0"
        file.attrs["model_config"] = json.dumps(model)
        file.attrs["training_config"] = json.dumps({"loss": "mse", "optimizer_config": training})
        base = file.create_group("model_weights")
        names(base, "layer_names", list(WEIGHTS))
        variables = []
        for layer, weights in WEIGHTS.items():
            group = base.create_group(layer)
            names(group, "weight_names", list(weights))
            for weight, shape in weights.items():
                group[weight] = fill(shape)
                variables.append((weight, shape))
        optimizer = file.create_group("optimizer_weights")
        listed = ["Adam/iter:0"]
        optimizer["Adam/iter:0"] = np.int64(3)
        for slot in slots.split():
            for weight, shape in variables:
                path = f"Adam/{weight[:-2]}/{slot}:0"
                optimizer[path] = fill(shape)
                listed.append(path)
        names(optimizer, "weight_names", listed)
        if change:
            change(file)
    if LIBVER:
        strip_times(OUTPUT / name)


def numbered(file, shapes):
    """An optimizer list whose names say nothing."""
    del file["optimizer_weights"]
    group = file.create_group("optimizer_weights")
    listed = ["Adam/iterations:0"] + [f"training/Adam/x_{i}:0" for i in range(len(shapes))]
    for path, shape in zip(listed, [None, *shapes]):
        group[path] = np.int64(3) if shape is None else fill(shape)
    names(group, "weight_names", listed)


def weights(change=None):
    """The bytes of a `.weights.h5` of Keras 3 with Adam."""
    memory = io.BytesIO()
    with h5py.File(memory, "w", libver=LIBVER, meta_block_size=META) as file:
        shapes = []
        for layer, (number, entries) in {"dense": (0, WEIGHTS["first"]), "dense_1": (1, WEIGHTS["last"])}.items():
            group = file.create_group(f"layers/{layer}/vars")
            group.attrs["name"] = list(WEIGHTS)[number]
            for k, shape in enumerate(entries.values()):
                group[str(k)] = fill(shape)
                shapes.append(shape)
        group = file.create_group("optimizer/vars")
        group.attrs["name"] = "adam"
        group["0"], group["1"] = np.int64(3), np.float32(0.001)
        for k, shape in enumerate(s for s in shapes for _ in range(2)):
            group[str(k + 2)] = fill(shape)
        file.create_group("vars").attrs["name"] = "m"
        if change:
            change(file)
    return timeless(memory.getvalue()) if LIBVER else memory.getvalue()


def weights_file(name, status, attack, change=None):
    row(name, status, attack)
    (OUTPUT / name).write_bytes(weights(change))


def archive(name, status, attack, members=None, change=None, compression=zipfile.ZIP_STORED):
    row(name, status, attack)
    config = {"module": "keras", "class_name": "Functional", "config": CONFIG["config"],
              "compile_config": {"optimizer": {"class_name": "Adam", "config": {
                  "name": "adam", "learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7,
                  "amsgrad": False}}}}
    all_members = {
        "metadata.json": json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"}).encode(),
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": weights(change),
        **(members or {}),
    }
    with zipfile.ZipFile(OUTPUT / name, "w", compression) as file:
        for member, content in all_members.items():
            if content is not None:
                file.writestr(zipfile.ZipInfo(member), content, compression)


def attribute(path, name, value):
    def change(file):
        group = file[path]
        if name in group.attrs:
            del group.attrs[name]
        if value is not None:
            group.attrs[name] = value
    return change


def external_storage(file):
    group = file["model_weights/first"]
    del group["first/bias:0"]
    group.create_dataset("first/bias:0", (3,), "f4", external=[("/etc/hostname", 0, 12)])


def virtual(file):
    """Made with h5py's lower layer, which can leave out the time of creation."""
    group = file["model_weights/first/first"]
    del group["bias:0"]
    space = h5py.h5s.create_simple((3,))
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_virtual(space, b"other.h5", b"/x", space)
    properties.set_obj_track_times(False)
    h5py.h5d.create(group.id, b"bias:0", h5py.h5t.IEEE_F32LE, space, properties)


def replace(path, value):
    def change(file):
        del file[path]
        file[path] = value
    return change


def bomb(file):
    group = file["model_weights/first"]
    del group["first/bias:0"]
    group.create_dataset("first/bias:0", (1 << 40,), "f4", chunks=(1 << 20,), compression="gzip")


def weight_bomb(file):
    del file["layers/dense/vars/1"]
    file["layers/dense/vars"].create_dataset("1", (1 << 40,), "f4", chunks=(1 << 20,))


OUTPUT.mkdir(parents=True, exist_ok=True)
legacy("control.h5", 0, "nothing: a sound file")
legacy("split-names.h5", 0, "names split over two attributes", lambda f: (
    attribute("model_weights", "layer_names", None)(f),
    attribute("model_weights", "layer_names0", np.array([b"first"]))(f),
    attribute("model_weights", "layer_names1", np.array([b"last"]))(f)))
legacy("lambda.h5", 0, "a Lambda layer whose code must stay text", model={**CONFIG, "config": {**CONFIG["config"], "layers": [
    *CONFIG["config"]["layers"],
    {"class_name": "Lambda", "config": {"name": "l", "function": ["4wEAAAAAAAAAAAAAAAEAAABTAAAA\\n", None, None]}}]}})
legacy("layers-twice.h5", 65, "a layer listed twice",
       attribute("model_weights", "layer_names", np.array([b"first", b"first"])))
legacy("layers-more.h5", 65, "a layer listed that has no group",
       attribute("model_weights", "layer_names", np.array([b"first", b"last", b"other"])))
legacy("layers-fewer.h5", 65, "a layer with weights that is not listed",
       attribute("model_weights", "layer_names", np.array([b"first"])))
legacy("layers-number.h5", 65, "a number where the layers should be listed",
       attribute("model_weights", "layer_names", np.int64(7)))
legacy("layers-none.h5", 65, "no list of layers", attribute("model_weights", "layer_names", None))
legacy("weights-more.h5", 65, "a weight listed that is not there",
       attribute("model_weights/first", "weight_names", np.array([b"first/kernel:0", b"first/bias:0", b"x:0"])))
legacy("weights-fewer.h5", 65, "a weight that is not listed",
       attribute("model_weights/first", "weight_names", np.array([b"first/kernel:0"])))
legacy("weights-twice.h5", 65, "a weight listed twice",
       attribute("model_weights/first", "weight_names", np.array([b"first/kernel:0", b"first/kernel:0"])))
legacy("weights-not-utf8.h5", 65, "a name that is no UTF-8",
       attribute("model_weights/first", "weight_names", np.array([b"first/kernel:0", b"first/\xff\xfe:0"])))
legacy("name-dots.h5", 65, "a weight whose name climbs out of its layer",
       attribute("model_weights/first", "weight_names", np.array([b"first/kernel:0", b"../last/last/kernel:0"])))
legacy("optimizer-fewer.h5", 65, "an optimizer's list that is shorter than its tensors",
       attribute("optimizer_weights", "weight_names", np.array([b"Adam/iter:0"])))
legacy("optimizer-short.h5", 65, "numbered slots that end too early",
       lambda f: numbered(f, [(2, 3), (3,), (3, 1), (2, 3), (3,)]))
legacy("optimizer-swapped.h5", 65, "numbered slots in another order than the variables",
       lambda f: numbered(f, [(3,), (2, 3), (3, 1)] * 2))
legacy("optimizer-headless.h5", 65, "an optimizer's list without a counter",
       attribute("optimizer_weights", "weight_names", np.array([b"Adam/first/kernel/m:0"])))
legacy("step-is-text.h5", 65, "a counter of another type", replace("optimizer_weights/Adam/iter:0", np.float32(3)))
legacy("step-is-list.h5", 65, "a counter with three elements",
       replace("optimizer_weights/Adam/iter:0", np.array([1, 2, 3])))
legacy("config-cut.h5", 65, "a configuration that ends early", attribute("/", "model_config", '{"class_name": "Fun'))
legacy("config-deep.h5", 65, "a configuration nested 100000 deep", attribute("/", "model_config", "[" * 100000))
legacy("config-trailing.h5", 65, "a configuration with more behind its end", attribute("/", "training_config", "{} {}"))
legacy("config-number.h5", 65, "a number where the configuration should be", attribute("/", "training_config", 3))
legacy("soft-link.h5", 65, "a soft link to a weight", lambda f: f.__setitem__("model_weights/x", h5py.SoftLink("/model_weights/last")))
legacy("external-link.h5", 65, "a link to another file",
       lambda f: f.__setitem__("model_weights/x", h5py.ExternalLink("/etc/passwd", "/")))
legacy("external-storage.h5", 65, "data in another file", external_storage)
legacy("virtual.h5", 65, "a virtual dataset", virtual)
legacy("shape-bomb.h5", 65, "four terabytes that are not stored", bomb)
legacy("text-data.h5", 65, "text for a weight", lambda f: replace("model_weights/first/first/bias:0", "abc")(f))
weights_file("control.weights.h5", 0, "nothing: a sound file")
weights_file("gap.weights.h5", 65, "a variable whose number is missing", lambda f: f.move("layers/dense/vars/1", "layers/dense/vars/2"))
weights_file("no-number.weights.h5", 65, "a variable whose name is no number", lambda f: f.move("layers/dense/vars/1", "layers/dense/vars/x"))
weights_file("short.weights.h5", 65, "an optimizer that lacks its last slot", lambda f: f.__delitem__("optimizer/vars/7"))
weights_file("loss-scale.weights.h5", 65, "loss scaling around more variables than it lists",
             lambda f: f.copy("optimizer/vars", "optimizer/inner_optimizer/vars"))
weights_file("stray.weights.h5", 65, "a dataset outside every group of variables", lambda f: f.__setitem__("layers/x", np.zeros(2)))
weights_file("shape-bomb.weights.h5", 65, "four terabytes that are not stored", weight_bomb)
archive("control.keras", 0, "nothing: a sound archive")
archive("assets.keras", 0, "a member that is none of ours", {"assets/vocabulary.txt": b"a\nb\n"})
archive("no-config.keras", 65, "no configuration", {"config.json": None})
archive("no-weights.keras", 65, "no weights", {"model.weights.h5": None})
archive("config-text.keras", 65, "a configuration that is none", {"config.json": b"hello"})
archive("climbs.keras", 65, "a member whose name climbs out", {"../escaped": b"x"})
archive("absolute.keras", 65, "a member with an absolute name", {"/tmp/escaped": b"x"})
archive("weights-text.keras", 65, "weights that are no HDF5", {"model.weights.h5": b"PK" * 400})
archive("weights-cut.keras", 65, "weights that end early", {"model.weights.h5": weights()[:2000]})
archive("compressed.keras", 65, "compressed weights", compression=zipfile.ZIP_DEFLATED)
archive("shards-climb.keras", 65, "a list of shards that leads elsewhere", {
    "model.weights.h5": None,
    "model.weights.json": json.dumps({"weight_map": {"/layers/dense/vars": "../a.weights.h5"}}).encode()})
row("shards.weights.json", 65, "a list that names shards elsewhere")
(OUTPUT / "shards.weights.json").write_text(json.dumps({"weight_map": {"/layers/dense/vars": ["/etc/passwd"]}}))
row("missing.weights.json", "65,66", "a list of shards that are not there")
(OUTPUT / "missing.weights.json").write_text(json.dumps({"weight_map": {"/layers/dense/vars": ["gone.weights.h5"]}}))

# From here on in structures that take a quarter of the bytes; readers may not care.
LIBVER, META = ("v108", "v108"), 512

# Configurations.
MODEL = "model_config"
for name, status, attack, attr, text in (
    ("config-deep-objects", 65, "objects nested three thousand deep", "training_config", '{"a":' * 3_000),
    ("config-twice", 65, "a configuration with one key twice", "training_config", '{"optimizer_config":{},"optimizer_config":{}}'),
    ("config-escaped-twice", 65, "a configuration with one key twice, once in an escape", "training_config", '{"a":1,"\\u0061":2}'),
    ("config-infinite", "0,65", "a rate of 1e999", "training_config", json.dumps({"optimizer_config": ADAM}).replace("0.001", "1e999")),
    ("config-nan", "0,65", "a rate of NaN, as Python writes it", "training_config", json.dumps({"optimizer_config": ADAM}).replace("0.001", "NaN")),
    ("config-long-number", "0,65", "a rate of ten thousand digits", "training_config", json.dumps({"optimizer_config": ADAM}).replace("0.001", "0." + "1" * 10_000)),
    ("config-half-pair", "0,65", "a text with half a surrogate pair", MODEL, '{"class_name":"\\ud800","config":{"layers":[]}}'),
    ("config-newline", "0,65", "an optimizer's name with a line of its own", "training_config", json.dumps({"optimizer_config": {"class_name": "A\nFORGED all sums match", "config": {}}})),
    ("config-escape", "0,65", "an optimizer's name that colours the terminal", "training_config", json.dumps({"optimizer_config": {"class_name": "\x1b[2J\x1b[32mAdam", "config": {}}})),
    ("config-class-number", "0,65", "an optimizer whose class is a number", "training_config", '{"optimizer_config":{"class_name":7,"config":[]}}'),
    ("config-rate-object", "0,65", "a rate that is a schedule inside schedules", "training_config",
     '{"optimizer_config":{"class_name":"Adam","config":{"learning_rate":' + '{"class_name":"ExponentialDecay","config":{"initial_learning_rate":' * 60 + "1" + "}}" * 60 + "}}}"),
    ("config-schedule-zero", "0,65", "a schedule that decays in no steps", "training_config",
     '{"optimizer_config":{"class_name":"Adam","config":{"learning_rate":{"class_name":"ExponentialDecay","config":{"initial_learning_rate":1.0,"decay_steps":0,"decay_rate":0.0}}}}}'),
    ("config-layers-twice", "0,65", "two layers of one name", MODEL, json.dumps({**CONFIG, "config": {"name": "m", "layers": CONFIG["config"]["layers"] * 2}})),
    ("config-layers-number", "0,65", "layers that are a number", MODEL, json.dumps({**CONFIG, "config": {"name": "m", "layers": 7}})),
    ("config-byte-order-mark", "0,65", "a configuration that begins with a byte order mark", "training_config", "\ufeff{}"),
):
    legacy(f"{name}.h5", status, attack, attribute("/", attr, text))
legacy("config-list.h5", "0,65", "a list of texts for a configuration", attribute("/", "training_config", np.array([b"{", b"}"])))


# The optimizer's variables, and what stands in the groups of a whole model.
def renamed(change):
    """The optimizer's list and datasets with names that `change` makes."""
    def do(file):
        group = file["optimizer_weights"]
        listed = [one.decode() for one in group.attrs["weight_names"]]
        for name in listed:
            if change(name) != name:
                group[change(name)] = group[name][()]
                del group[name]
        attribute("optimizer_weights", "weight_names", np.array([change(one).encode() for one in listed]))(file)
    return do


SLOT = "optimizer_weights/Adam/first/kernel/m:0"
legacy("slot-shape.h5", "0,1,65", "a slot of another shape than its variable", replace(SLOT, fill((9,))))
legacy("slot-empty.h5", "0,1,65", "a slot of no elements", replace(SLOT, fill((0, 3))))
legacy("slot-type.h5", "0,1,65", "a slot of whole numbers", replace(SLOT, np.arange(6).reshape(2, 3)))
legacy("slot-text.h5", 65, "a slot that is a text", replace(SLOT, "abc"))
legacy("slot-group.h5", 65, "a group where a slot should be", lambda f: (f.__delitem__(SLOT), f.create_group(SLOT)))
legacy("slot-listed-twice.h5", 65, "a slot listed twice", attribute("optimizer_weights", "weight_names", np.array(
    [b"Adam/iter:0"] + [f"Adam/{w[:-2]}/{s}:0".encode() for s in "mv" for w in ("first/kernel:0", "first/bias:0", "first/bias:0")])))
legacy("slot-of-nothing.h5", "0,65", "slots of variables that the model lacks", renamed(lambda n: n.replace("last/kernel", "gone/kernel")))
legacy("slot-newline.h5", "0,65", "a slot whose name has a line of its own", renamed(lambda n: n.replace("/m:0", "/x\nFORGED all sums match:0")))
legacy("slot-climbs.h5", "0,65", "a list of slots that climbs out of its group", attribute("optimizer_weights", "weight_names", np.array([b"../model_weights/first/first/bias:0"])))
for name, value in (("negative", -1), ("most", (1 << 63) - 1), ("least", -(1 << 63))):
    legacy(f"step-{name}.h5", "0,65", f"a counter that is {name}", replace("optimizer_weights/Adam/iter:0", np.int64(value)))
legacy("weight-shared.h5", "0,65", "two weights that are one dataset", lambda f: (
    f.__delitem__("model_weights/last/last/kernel:0"), f.__setitem__("model_weights/last/last/kernel:0", f["model_weights/first/first/bias:0"])))
legacy("group-in-itself.h5", 65, "a layer inside itself", lambda f: f.__setitem__("model_weights/first/again", f["model_weights/first"]))
legacy("group-in-circle.h5", 65, "two layers inside each other", lambda f: (
    f.__setitem__("model_weights/first/x", f["model_weights/last"]), f.__setitem__("model_weights/last/x", f["model_weights/first"])))
for name, attack, layer in (("newline", "a layer whose name has a line of its own", "x\nFORGED all sums match"), ("escape", "a layer whose name colours the terminal", "\x1b[2J\x1b[32mx"),
                            ("bidi", "a layer whose name turns the direction of writing", "x\u202egnihtyna"), ("climbs", "a layer whose name climbs out of a folder", "../x"),
                            ("empty", "a layer without a name", ""), ("dot", "a layer whose name is a dot", "."), ("absolute", "a layer whose name is an absolute path", "/optimizer_weights")):
    def add(file, layer=layer):
        base = file["model_weights"]
        if layer not in ("", ".", "../x", "/optimizer_weights"):
            group = base.create_group(layer)
            names(group, "weight_names", ["w:0"])
            group["w:0"] = fill((2,))
        attribute("model_weights", "layer_names", np.array([one.encode() for one in [*WEIGHTS, layer]]))(file)
    legacy(f"layer-{name}.h5", "0,65" if name in ("newline", "escape", "bidi", "empty") else 65, attack, add)

weights_file("in-itself.weights.h5", 65, "a layer inside itself", lambda f: f.__setitem__("layers/dense/again", f["layers/dense"]))
weights_file("in-circle.weights.h5", 65, "two layers inside each other", lambda f: (
    f.__setitem__("layers/dense/x", f["layers/dense_1"]), f.__setitem__("layers/dense_1/x", f["layers/dense"])))
weights_file("shared.weights.h5", 65, "two layers that are one group", lambda f: (f.__delitem__("layers/dense_1"), f.__setitem__("layers/dense_1", f["layers/dense"])))
weights_file("step-float.weights.h5", 65, "a counter that is a float", replace("optimizer/vars/0", np.float32(3)))
weights_file("step-list.weights.h5", 65, "a counter of three numbers", replace("optimizer/vars/0", np.array([1, 2, 3])))
weights_file("step-negative.weights.h5", "0,65", "a counter of -1", replace("optimizer/vars/0", np.int64(-1)))
weights_file("rate-nan.weights.h5", "0,65", "a rate that is no number", replace("optimizer/vars/1", np.float32(np.nan)))
weights_file("rate-list.weights.h5", 65, "a rate of two numbers", replace("optimizer/vars/1", np.zeros(2, "f4")))
weights_file("slot-shape.weights.h5", 65, "a slot of a shape that no variable has", replace("optimizer/vars/2", fill((7,))))
weights_file("slot-type.weights.h5", "0,1,65", "a slot of whole numbers", replace("optimizer/vars/2", np.arange(6).reshape(2, 3)))
weights_file("number-zeros.weights.h5", 65, "a variable called '00'", lambda f: f.move("layers/dense/vars/1", "layers/dense/vars/00"))
weights_file("number-huge.weights.h5", 65, "a variable of number 2^64", lambda f: f.move("layers/dense/vars/1", "layers/dense/vars/18446744073709551616"))
weights_file("number-negative.weights.h5", 65, "a variable of number -1", lambda f: f.move("layers/dense/vars/1", "layers/dense/vars/-1"))
weights_file("number-script.weights.h5", 65, "a variable whose number is in another script", lambda f: f.move("layers/dense/vars/1", "layers/dense/vars/\u0661"))
weights_file("name-number.weights.h5", "0,65", "a layer whose name is a number", attribute("layers/dense/vars", "name", np.int64(7)))
weights_file("name-newline.weights.h5", "0,65", "a layer whose name has a line of its own", attribute("layers/dense/vars", "name", "x\nFORGED all sums match"))
weights_file("name-climbs.weights.h5", "0,65", "a layer whose name climbs out of a folder", attribute("layers/dense/vars", "name", "../../escape"))
weights_file("name-twice.weights.h5", "0,65", "two layers of one name", attribute("layers/dense_1/vars", "name", "first"))
for name, status, attack, owners in (
    ("sound", 0, "nothing: the order of the slots, said", ["dense/vars/0", "dense/vars/1", "dense_1/vars/0"]),
    ("gone", 65, "an order that names a variable that is not there", ["dense/vars/0", "dense/vars/1", "gone/vars/0"]),
    ("twice", 65, "an order that names a variable twice", ["dense/vars/0", "dense/vars/1", "dense/vars/1"]),
    ("short", 65, "an order that is too short", ["dense/vars/0"]),
    ("other", 65, "an order of other shapes", ["dense/vars/1", "dense/vars/0", "dense_1/vars/0"]),
    ("empty", 65, "an order of nothing", []),
):
    weights_file(f"owners-{name}.weights.h5", status, attack, lambda f, owners=owners: names(
        f["optimizer/vars"], "optstate_owners", ["layers/" + owner for owner in owners]))
weights_file("step-narrow.weights.h5", 0, "nothing: a counter of 32 bits", replace("optimizer/vars/0", np.int32(3)))


def second(*shapes, step=np.int64(3), name="rm_sprop", path="d_opt"):
    """An optimizer beside the one that the model was compiled with, and a network that may be its own."""
    def change(file):
        layer = file.create_group("layers/dense_2/vars")
        layer.attrs["name"] = "critic"
        layer["0"] = fill((5, 2))
        group = file.create_group(f"{path}/vars")
        group.attrs["name"] = name
        group["0"], group["1"] = step, np.float32(0.001)
        for k, shape in enumerate(shapes):
            group[str(k + 2)] = fill(shape)
    return change


def scaled(count):
    """Loss scaling around the optimizer, whose list it has once more."""
    def change(file):
        inner = file["optimizer/vars"]
        listed = [inner[str(k)][()] for k in range(len(inner))]
        del file["optimizer/vars"]
        outer, again = file.create_group("optimizer/vars"), file.create_group("optimizer/inner_optimizer/vars")
        outer.attrs["name"], again.attrs["name"] = "loss_scale_optimizer", "adam"
        for k, value in enumerate([np.int64(0), np.float32(0), np.int64(1), np.float32(2), *listed]):
            outer[str(k)] = value
        for k, value in enumerate([np.int64(count), *listed[1:]]):
            again[str(k)] = value
    return change


weights_file("several-sound.weights.h5", 0, "nothing: two optimizers, each with variables of its own", second((5, 2)))
weights_file("several-claim.weights.h5", "0,1,65", "two optimizers that keep slots for the same variables", second((2, 3), (3,), (3, 1)))
weights_file("several-foreign.weights.h5", "0,1,65", "an optimizer whose slots have no variable's shape", second((7, 7)))
weights_file("several-past.weights.h5", "0,1,65", "an optimizer that has counted minus five updates", second((5, 2), step=np.int64(-5)))
weights_file("several-inside.weights.h5", "0,1,65", "an optimizer inside another's group", second((5, 2), path="optimizer/d_opt"))
weights_file("several-one-name.weights.h5", "0,1,65", "an optimizer that is called as a layer is", second((5, 2), path="layers/dense_2/d_opt"))
weights_file("several-unknown.weights.h5", "0,1,65", "a list of a class that is no optimizer", second((5, 2), name="nobody"))
weights_file("several-empty.weights.h5", "0,1,65", "an optimizer that keeps nothing", second(step=np.int64(9)))
weights_file("scaled-sound.weights.h5", 0, "nothing: loss scaling", scaled(3))
weights_file("scaled-counters.weights.h5", 65, "loss scaling that has counted otherwise than what it wraps", scaled(4))
weights_file("deep.weights.h5", "0,65", "groups two hundred deep", lambda f: f.create_group("layers/" + "x/" * 200))
weights_file("deeper.weights.h5", 65, "groups three hundred deep", lambda f: f.create_group("layers/" + "x/" * 300))

# Members of archives.
COMPILED = {"module": "keras", "class_name": "Functional", "config": CONFIG["config"]}
archive("config-twice.keras", 65, "a configuration with one key twice", {"config.json": b'{"config":{},"config":{}}'})
archive("config-deep.keras", 65, "a configuration nested five thousand deep", {"config.json": b"[" * 5_000})
archive("config-infinite.keras", "0,65", "an epsilon of 1e999", {"config.json": json.dumps(COMPILED).replace("}", ', "epsilon": 1e999}', 1).encode()})
archive("config-not-utf8.keras", 65, "a configuration that is not UTF-8", {"config.json": b'{"config":"\xff"}'})
archive("config-no-compiling.keras", "0,65", "a configuration that does not say how it was compiled", {"config.json": json.dumps(COMPILED).encode()})
archive("metadata-text.keras", "0,65", "metadata that are none", {"metadata.json": b"hello"})
archive("metadata-newline.keras", "0,65", "a version with a line of its own", {"metadata.json": b'{"keras_version":"3\\nFORGED all sums match"}'})
archive("no-metadata.keras", "0,65", "no metadata", {"metadata.json": None})
archive("member-newline.keras", 0, "a member whose name has a line of its own", {"x\nFORGED all sums match": b"x"})
archive("member-escape.keras", 0, "a member whose name colours the terminal", {"\x1b[2J\x1b[32mx": b"x"})
archive("member-backslash.keras", 65, "a member whose name climbs on another system", {"..\\x": b"x"})
archive("member-case.keras", 0, "two members that differ in a capital letter", {"CONFIG.JSON": b"x"})
archive("member-itself.keras", 0, "an archive in an archive", {"inner.keras": (OUTPUT / "control.keras").read_bytes()[:2000]})
archive("two-weights.keras", "0,65", "weights beside a list of shards", {"model.weights.json": b'{"weight_map":{}}'})
for name, attack, shards in (("itself", "a list of shards that is its own shard", {"/x": ["model.weights.json"]}), ("number", "a list of shards that are numbers", {"/x": [7]}),
                             ("many", "a thousand shards that are not there", {f"/x{number}": [f"s{number}.weights.h5"] for number in range(1000)}),
                             ("newline", "a shard whose name has a line of its own", {"/x": ["x\nFORGED all sums match"]}), ("empty", "a list of no shards", {})):
    archive(f"shards-{name}.keras", "0,65" if not shards else 65, attack, {"model.weights.h5": None, "model.weights.json": json.dumps({"weight_map": shards}).encode()})
    row(f"list-{name}.weights.json", "0,65" if not shards else "65,66", attack)
    (OUTPUT / f"list-{name}.weights.json").write_text(json.dumps({"weight_map": shards}))
row("list-deep.weights.json", 65, "a list of shards nested three thousand deep")
(OUTPUT / "list-deep.weights.json").write_text('{"weight_map":' + "[" * 3_000)

# Archives whose records lie: the directory's size of the weights, and their place.
plain = (OUTPUT / "control.keras").read_bytes()
entry = plain.rindex(b"PK\x01\x02")
row("size-huge.keras", 65, "a member that claims four gigabytes")
(OUTPUT / "size-huge.keras").write_bytes(
    plain[:entry + 20] + struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0) + plain[entry + 28:])
row("offset-wild.keras", 65, "a member that lies behind the archive")
(OUTPUT / "offset-wild.keras").write_bytes(plain[:entry + 42] + struct.pack("<I", 0x7FFFFFFF) + plain[entry + 46:])
row("cut.keras", 65, "an archive without its end")
(OUTPUT / "cut.keras").write_bytes(plain[:-30])

with open(OUTPUT / "attacks.tsv", "w", encoding="utf-8") as file:
    file.write("file\tstatus\tattack\n")
    for entry in ROWS:
        file.write("\t".join(entry) + "\n")
