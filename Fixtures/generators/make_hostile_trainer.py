"""Forged checkpoint directories of Hugging Face's Trainer, each wrong in one place.

    python make_hostile_trainer.py DIRECTORY

`attacks.tsv` names the directory, the exit status that a reading command owes it, and the attack.
"""
import json
import os
import struct
import sys

from torch_bytes import Array, Pairs, Raw, group, moments, saved

MOST = (1 << 63) - 1
attacks = []
directory = sys.argv[1]


SHAPES = {"dense.weight": [2, 2], "dense.bias": [3]}


def safetensors(names):
    body, header = b"", {}
    for name in names:
        count = 4 if name == "dense.weight" else 3
        data = struct.pack("<%df" % count, *range(count))
        header[name] = {"dtype": "F32", "shape": SHAPES[name], "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


RATES = {"base_lrs": [0.001, 0.001], "last_epoch": 7, "_step_count": 8, "_is_initial": False, "_get_lr_called_within_step": False,
         "_last_lr": [0.001, 0.001], "lr_lambdas": [{}, {}]}
RECORD = {"epoch": 1.0, "global_step": 7, "max_steps": 100, "log_history": [], "train_batch_size": 4}


def put(name, status, attack, remove=(), links=(), **files):
    """A sound directory in which files are replaced, added or removed."""
    attacks.append((name, str(status), attack))
    sound = {
        "model.safetensors": safetensors(["dense.weight", "dense.bias"]),
        "optimizer.pt": saved({"state": Pairs([(0, moments(4)), (1, moments(3))]), "param_groups": [group([0]), group([1], weight_decay=0.0)]}, "optimizer"),
        "scheduler.pt": saved(RATES, "scheduler"),
        "trainer_state.json": json.dumps(RECORD).encode(),
        "config.json": b'{"model_type": "bert"}',
        **files,
    }
    for file, content in sound.items():
        if file not in remove and content is not None:
            path = os.path.join(directory, name, file)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as output:
                output.write(content)
    for link, target in links:
        os.symlink(target, os.path.join(directory, name, link))


def make_records():
    def one(name, status, attack, record=None, text=None):
        content = json.dumps({**RECORD, **record}).encode() if text is None else text
        put(f"record-{name}", status, attack, **{"trainer_state.json": content})

    put("control", 0, "nothing is wrong: the tool must read this one")
    one("empty", 65, "a record of no bytes", text=b"")
    one("not-json", 65, "a record that is no JSON", text=b"{'global_step': 7}")
    one("list", 65, "a record that is a list", text=b"[]")
    one("deep", 65, "a record nested five thousand deep", text=b'{"a":' + b"[" * 5_000)
    one("deep-objects", 65, "objects nested two thousand deep", text=b'{"a":' * 2_000)
    one("not-utf8", 65, "a record that is not UTF-8", text=b'{"global_step": 7, "x": "\xff"}')
    one("byte-order-mark", "0,65", "a record that begins with a byte order mark", text=b'\xef\xbb\xbf{"global_step": 7}')
    one("nan", "0,65", "a loss that is NaN, as Python writes it", text=b'{"global_step": 7, "log_history": [{"loss": NaN}]}')
    one("twice", 65, "two global steps in one record", text=b'{"global_step": 7, "global_step": 9}')
    one("escaped-twice", 65, "two global steps, one in an escape", text=b'{"global_step": 7, "global\\u005fstep": 9}')
    one("trailing", 65, "a record with a second one behind it", text=b'{"global_step": 7}{"global_step": 9}')
    one("long-number", "0,65", "a step of ten thousand digits", text=b'{"global_step": 1' + b"0" * 10_000 + b"}")
    one("exponent", "0,65", "an epoch of 1e999999999", text=b'{"global_step": 7, "epoch": 1e999999999}')
    for word, value, status in (("negative", -7, "0,65"), ("most", MOST, "0,65"), ("beyond", MOST + 1, 65), ("real", 7.5, 65), ("text", "7", 65), ("list", [7], 65), ("true", True, 65)):
        one(f"step-{word}", status, f"a global step that is {word}", {"global_step": value})
    one("step-null", "0,65", "a global step that is null", {"global_step": None})
    one("step-other", "0,65", "a global step that the optimizer does not have", {"global_step": 3})
    for word, value in (("zero", 0), ("negative", -1), ("most", MOST), ("text", "all"), ("null", None)):
        one(f"total-{word}", "0,65", f"a total of steps that is {word}", {"max_steps": value})
    one("history", 0, "fifty thousand log entries", text=b'{"global_step": 7, "max_steps": 100, "log_history": [' + b",".join([b"0"] * 50_000) + b"]}")
    one("history-text", 0, "a log that is a text", {"log_history": "none"})
    one("newline", 0, "a best checkpoint whose path has a line of its own", {"best_model_checkpoint": "x\nFORGED all sums match"})


def make_schedulers():
    def one(name, status, attack, content):
        put(f"scheduler-{name}", status, attack, **{"scheduler.pt": content})

    one("not-torch", 0, "a scheduler that is no file of PyTorch's, carried along", b"hello")
    one("command", 0, "a scheduler that would run a command, carried along", saved(Raw(b"cos\nsystem\n(X\x0b\0\0\0touch OWNEDtR"), "scheduler"))
    for word, change in (("epoch-negative", {"last_epoch": -1}), ("epoch-most", {"last_epoch": MOST}), ("rates-nan", {"base_lrs": [float("nan")] * 2}),
                         ("rates-none", {"base_lrs": [], "_last_lr": []}), ("rates-text", {"base_lrs": "fast"}), ("lambdas", {"lr_lambdas": [{"x": [[[]]]}]})):
        one(word, 0, f"a scheduler that lies ({word}), carried along", saved({**RATES, **change}, "scheduler"))
    put("scheduler-absent", "0,65", "an optimizer without its scheduler", ["scheduler.pt"])
    put("optimizer-absent", "0,65", "a scheduler without its optimizer", ["optimizer.pt"])
    put("optimizer-text", 65, "an optimizer that is no file of PyTorch's", **{"optimizer.pt": b"hello"})
    put("optimizer-shared", 65, "an optimizer whose groups share a parameter",
        **{"optimizer.pt": saved({"state": Pairs([(0, moments(4))]), "param_groups": [group([0]), group([0])]}, "optimizer")})
    put("optimizer-other-shape", "0,1,65", "an optimizer of another model",
        **{"optimizer.pt": saved({"state": Pairs([(0, moments(5)), (1, moments(5))]), "param_groups": [group([0]), group([1])]}, "optimizer")})
    put("arguments-command", 0, "training arguments that would run a command, carried along",
        **{"training_args.bin": saved(Raw(b"cos\nsystem\n(X\x0b\0\0\0touch OWNEDtR"), "training_args")})
    cycle = Raw(b"ctransformers.training_args\nTrainingArguments\n)\x81q\0}(X\x01\0\0\0ah\0ub")
    put("arguments-cycle", "0,65", "training arguments inside themselves", **{"training_args.bin": saved(cycle, "training_args")})


def make_halves():
    """Directories with half of their files, and files that contradict each other; parameters can be had of all that have any."""
    put("half-without-model", "0,1", "everything but the model", ["model.safetensors"])
    put("half-without-all-but-model", "0,1", "a model and a record of its run, and nothing that goes on",
        ["optimizer.pt", "scheduler.pt", "config.json"])
    put("half-optimizer-alone", 65, "an optimizer alone, in a directory", ["model.safetensors", "scheduler.pt", "trainer_state.json", "config.json"])
    put("half-config-alone", "65,66", "a configuration alone, in a directory", ["model.safetensors", "optimizer.pt", "scheduler.pt", "trainer_state.json"])
    put("contradiction-step", "0,1,65", "a record of fewer steps than the optimizer has seen", **{"trainer_state.json": json.dumps({**RECORD, "global_step": 3}).encode()})
    put("contradiction-groups", "0,1,65", "a scheduler of three groups", **{"scheduler.pt": saved({**RATES, "base_lrs": [0.001] * 3, "_last_lr": [0.001] * 3}, "scheduler")})
    put("contradiction-rate", "0,1,65", "a scheduler of another rate", **{"scheduler.pt": saved({**RATES, "_last_lr": [0.5, 0.5]}, "scheduler")})
    put("contradiction-kind", 0, "a configuration of another kind of model", **{"config.json": b'{"model_type": "llama"}'})
    put("kind-deep", 0, "a configuration nested five thousand deep", **{"config.json": b'{"model_type":' + b"[" * 5_000})
    put("kind-number", 0, "a configuration whose kind is a number", **{"config.json": b'{"model_type": 7}'})


def adapter(rank, name="query"):
    body, header = b"", {}
    for part, shape in (("lora_A", [rank, 2]), ("lora_B", [2, rank])):
        data = struct.pack("<%df" % (2 * rank), *range(2 * rank))
        key = f"base_model.model.bert.encoder.layer.0.attention.self.{name}.{part}.weight"
        header[key] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def make_adapters():
    def one(name, status, attack, config=b'{"peft_type": "LORA", "r": 2}', weights=adapter(2), shapes=([2, 2], [2, 2])):
        state = {"state": Pairs([(n, moments(4)) for n in range(2)]), "param_groups": [group([0, 1]), group([], weight_decay=0.0)]}
        state["state"] = Pairs([(n, {"step": Array(7.0), "exp_avg": Array([0.0] * 4, s), "exp_avg_sq": Array([0.0] * 4, s)}) for n, s in enumerate(shapes)])
        put(f"adapter-{name}", status, attack, ["config.json"],
            **{"model.safetensors": None, "adapter_model.safetensors": weights, "adapter_config.json": config, "optimizer.pt": saved(state, "optimizer")})

    one("control", "0,1", "an adapter, with nothing wrong")
    one("rank", "0,1,65", "an adapter whose configuration has another rank", b'{"peft_type": "LORA", "r": 3}')
    one("rank-most", "0,1,65", "a rank that no tensor has", b'{"peft_type": "LORA", "r": %d}' % MOST)
    one("rank-text", "0,1", "a rank that is a text", b'{"peft_type": "LORA", "r": "2"}')
    one("config-list", "0,1", "a configuration that is a list", b"[]")
    one("config-deep", "0,1", "a configuration nested five thousand deep", b'{"r":' + b"[" * 5_000)
    one("config-not-json", "0,1", "a configuration that is no JSON", b"\xff")
    one("config-absent", "0,1", "an adapter without its configuration", None)
    one("weights-absent", "0,1", "an adapter's configuration and optimizer without its weights", weights=None)
    one("other-shape", "0,1", "an optimizer of another adapter", shapes=([4], [4]))
    one("names", "0,1", "an adapter of a layer that nobody knows", weights=adapter(2, "swizzle"))


def make_sets():
    def pickled(name, status, attack, listed, there=None, **more):
        files = {"model.safetensors": None, "pytorch_model.bin.index.json": listed if isinstance(listed, bytes) else json.dumps({"metadata": {"total_size": 32}, "weight_map": listed}).encode()}
        files.update(parts if there is None else there)
        put(f"shards-{name}", status, attack, **{**files, **more})

    parts = {"pytorch_model-00001-of-00002.bin": saved(Pairs([("dense.weight", Array([1.0, 2, 3, 4], [2, 2]))]), "a"),
             "pytorch_model-00002-of-00002.bin": saved(Pairs([("dense.bias", Array([5.0, 6, 7]))]), "b")}
    one, two = parts
    good = {"dense.weight": one, "dense.bias": two}
    pickled("control", 0, "two shards, with nothing wrong", good)
    pickled("climb", 65, "a shard in another directory", {**good, "dense.bias": "../shards-control/" + two})
    pickled("absolute", 65, "a shard at an absolute path", {**good, "dense.bias": "/etc/passwd"})
    pickled("itself", 65, "an index that is its own shard", {**good, "dense.bias": "pytorch_model.bin.index.json"})
    pickled("dot", 65, "a shard that is the directory", {**good, "dense.bias": "."})
    pickled("empty-name", 65, "a shard without a name", {**good, "dense.bias": ""})
    pickled("missing", "65,66", "a shard that is not there", {**good, "dense.bias": "pytorch_model-3.bin"})
    pickled("newline", "65,66", "a shard whose name has a line of its own", {**good, "dense.bias": "x\nFORGED all sums match"})
    pickled("nul", "65,66", "a shard with a zero byte in its name", {**good, "dense.bias": two + "\0x"})
    pickled("not-in-shard", 65, "a tensor that its shard lacks", {**good, "other": two})
    pickled("in-other", 65, "a tensor that is in another shard than the index says", {"dense.weight": two, "dense.bias": one})
    pickled("unlisted", 65, "a tensor that the index does not list", {"dense.weight": one, "x": two})
    pickled("in-two", 65, "a tensor that two shards have", good, {**parts, two: saved(Pairs([("dense.bias", Array([5.0, 6, 7])), ("dense.weight", Array([9.0] * 4, [2, 2]))]), "b")})
    pickled("listed-twice", 65, "a tensor listed in two shards", b'{"weight_map": {"a": "%s", "a": "%s"}}' % (one.encode(), two.encode()))
    pickled("no-map", 65, "an index without a map", b'{"metadata": {}}')
    pickled("map-list", 65, "an index whose map is a list", b'{"weight_map": ["x"]}')
    pickled("map-empty", "0,65", "an index of no tensors", {})
    pickled("map-number", 65, "an index whose shard is a number", b'{"weight_map": {"dense.weight": 1}}')
    pickled("deep", 65, "an index nested five thousand deep", b'{"weight_map":' + b"[" * 5_000)
    pickled("many", "65,66", "an index of two thousand shards that are not there", {f"t{number}": f"s{number}.bin" for number in range(2000)})
    pickled("command", 65, "a shard that would run a command", good, {**parts, two: saved(Raw(b"cos\nsystem\n(X\x0b\0\0\0touch OWNEDtR"), "b")})
    index = lambda weights: {"model.safetensors": None, "model.safetensors.index.json": json.dumps({"weight_map": weights}).encode(),
                             "model-1.safetensors": safetensors(["dense.weight"]), "model-2.safetensors": safetensors(["dense.bias"])}
    both = {"dense.weight": "model-1.safetensors", "dense.bias": "model-2.safetensors"}
    put("set-control", 0, "two safetensors shards, with nothing wrong", **index(both))
    put("set-climb", 65, "a safetensors shard in another directory", **index({**both, "dense.bias": "../control/model.safetensors"}))
    put("set-itself", 65, "a safetensors index that is its own shard", **index({**both, "dense.bias": "model.safetensors.index.json"}))
    put("set-optimizer", 65, "a safetensors shard that is the optimizer", **index({**both, "dense.bias": "optimizer.pt"}))


def make_files():
    """Names that some file systems refuse are left to the tests."""
    put("name-record", "0,65", "a file called as our own layout calls a record", **{"@optimizer": b"x"})
    put("model-directory", 65, "a directory where the model should be", **{"model.safetensors": None, "model.safetensors/x": b"x"})
    put("optimizer-directory", "0,65", "a directory where the optimizer should be", **{"optimizer.pt": None, "optimizer.pt/x": b"x"})
    put("state-directory", "0,65", "a directory where the Trainer's record should be", **{"trainer_state.json": None, "trainer_state.json/x": b"x"})
    put("deep", 65, "directories forty deep", **{"d/" * 40 + "x": b"x"})
    put("two-models", "0,65", "a pickled model beside one in safetensors", **{"pytorch_model.bin": saved(Pairs([("dense.weight", Array([9.0] * 4, [2, 2]))]), "m")})
    put("link-out", 65, "a link that leads out of the directory", links=[("rng_state.pth", "../control/config.json")])
    put("link-out-model", 65, "a model that is a link out of the directory", ["model.safetensors"], [("model.safetensors", "../control/model.safetensors")])
    put("link-up", 65, "a link to the directory above", links=[("up", "..")])
    put("link-itself", 65, "a link to the directory itself", links=[("again", ".")])
    put("link-circle", 65, "two links in a circle", links=[("a", "b"), ("b", "a")])
    put("link-nowhere", 65, "a link to nothing", links=[("a", "nothing")])
    put("link-inside", 0, "a link to a file beside it", links=[("copy.json", "config.json")])


make_records()
make_schedulers()
make_halves()
make_adapters()
make_sets()
make_files()
with open(os.path.join(directory, "attacks.tsv"), "w", newline="\n") as table:
    table.write("directory\tstatus\tattack\n")
    table.writelines("%s\t%s\t%s\n" % attack for attack in attacks)
