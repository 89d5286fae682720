"""Forged directories of accelerate's `save_state`, each wrong in one place.

    python make_hostile_accelerate.py DIRECTORY

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
COMMAND = Raw(b"cos\nsystem\n(X\x0b\0\0\0touch OWNEDtR")


def safetensors():
    values = struct.pack("<7f", *range(7))
    header = {"dense.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
              "dense.bias": {"dtype": "F32", "shape": [3], "data_offsets": [16, 28]}}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + values


def optimizer(groups=None, state=None):
    state = Pairs([(0, moments(4)), (1, moments(3))]) if state is None else state
    return saved({"state": state, "param_groups": [group([0, 1])] if groups is None else groups}, "optimizer")


RATES = {"gamma": 1.0, "base_lrs": [0.001], "last_epoch": 7, "_step_count": 8, "_is_initial": False,
         "_get_lr_called_within_step": False, "_last_lr": [0.001]}


def put(name, status, attack, remove=(), links=(), **files):
    """A sound directory in which files are replaced, added or removed."""
    attacks.append((name, str(status), attack))
    sound = {
        "model.safetensors": safetensors(), "optimizer.bin": optimizer(), "scheduler.bin": saved(RATES, "scheduler"),
        "random_states_0.pkl": saved({"step": 0}, "random_states_0"), **files,
    }
    for file, content in sound.items():
        if file not in remove and content is not None:
            path = os.path.join(directory, name, file)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as output:
                output.write(content)
    for link, target in links:
        os.symlink(target, os.path.join(directory, name, link))


def make_halves():
    put("control", 0, "nothing is wrong: the tool must read this one")
    put("half-model", 65, "an optimizer without its model", ["model.safetensors"])
    put("half-optimizer", 65, "a scheduler without its optimizer", ["optimizer.bin"])
    put("half-states", 65, "random states alone", ["model.safetensors", "optimizer.bin", "scheduler.bin"])
    put("half-first", 65, "a second optimizer without the first", ["optimizer.bin", "scheduler.bin"], **{"optimizer_1.bin": optimizer()})
    put("half-gap", 65, "a third scheduler without the second", **{"scheduler_2.bin": saved(RATES, "scheduler_2")})
    put("half-most", 65, "a model with the number 2^63 - 1", **{f"model_{MOST}.safetensors": safetensors()})
    put("half-beyond", 0, "a number beyond 64 bits, which is none of accelerate's", **{f"model_{1 << 70}.safetensors": safetensors()})
    put("half-zero", 0, "a number with a zero before it, which is none of accelerate's", **{"model_01.safetensors": safetensors()})
    put("second", "0,65", "a second optimizer that is no file of PyTorch's, carried along", **{"optimizer_1.bin": b"hello", "model_1.safetensors": safetensors()})
    put("no-random-states", 0, "no random states, which accelerate does without", ["random_states_0.pkl"])


def make_parts():
    put("optimizer-text", 65, "an optimizer that is no file of PyTorch's", **{"optimizer.bin": b"hello"})
    put("optimizer-empty", 65, "an optimizer of no bytes", **{"optimizer.bin": b""})
    put("optimizer-command", 65, "an optimizer that would run a command", **{"optimizer.bin": saved(COMMAND, "optimizer")})
    put("optimizer-shared", 65, "an optimizer whose groups share a parameter", **{"optimizer.bin": optimizer([group([0]), group([0])])})
    put("optimizer-other", "0,1,65", "an optimizer of another model", **{"optimizer.bin": optimizer(state=Pairs([(0, moments(5)), (1, moments(6))]))})
    put("optimizer-list", "0,65", "an optimizer that is a list", **{"optimizer.bin": saved([1, 2], "optimizer")})
    put("optimizer-directory", "0,65", "a directory where the optimizer should be", **{"optimizer.bin": None, "optimizer.bin/x": b"x"})
    put("scheduler-text", 65, "a scheduler that is no file of PyTorch's", **{"scheduler.bin": b"hello"})
    put("scheduler-command", 65, "a scheduler that would run a command", **{"scheduler.bin": saved(COMMAND, "scheduler")})
    put("scheduler-number", "0,65", "a scheduler that is a number", **{"scheduler.bin": saved(7, "scheduler")})
    put("states-command", 0, "random states that would run a command, carried along", **{"random_states_0.pkl": saved(COMMAND, "random_states_0")})
    put("custom-command", 0, "a user's own state that would run a command, carried along", **{"custom_checkpoint_0.pkl": saved(COMMAND, "custom_checkpoint_0")})
    for word, change in (("epoch-negative", {"last_epoch": -1}), ("epoch-most", {"last_epoch": MOST}), ("rates-none", {"base_lrs": [], "_last_lr": []}),
                         ("rates-nan", {"_last_lr": [float("nan")]}), ("contradiction", {"_last_lr": [0.5]}), ("other-step", {"last_epoch": 3, "_step_count": 4})):
        put(f"scheduler-{word}", 0, f"a scheduler that lies ({word})", **{"scheduler.bin": saved({**RATES, **change}, "scheduler")})
    put("model-text", 65, "a model that is no safetensors", **{"model.safetensors": b"hello"})
    put("model-command", 65, "a pickled model that would run a command", ["model.safetensors"], **{"pytorch_model.bin": saved(COMMAND, "pytorch_model")})
    put("model-two", "0,65", "a pickled model beside one in safetensors", **{"pytorch_model.bin": saved(Pairs([("dense.weight", Array([9.0] * 4, [2, 2]))]), "m")})
    put("model-index", "65,66", "an index of shards that are not there", ["model.safetensors"],
        **{"model.safetensors.index.json": json.dumps({"weight_map": {"dense.weight": "model-00001-of-00002.safetensors"}}).encode()})
    put("model-climb", 65, "a shard in another directory", ["model.safetensors"],
        **{"model.safetensors.index.json": json.dumps({"weight_map": {"dense.weight": "../control/model.safetensors"}}).encode()})


def make_files():
    put("name-record", "0,65", "a file called as our own layout calls a record", **{"@optimizer": b"x"})
    put("deep", 65, "directories forty deep", **{"d/" * 40 + "x": b"x"})
    put("link-out", 65, "a link that leads out of the directory", links=[("dl_state_dict.bin", "../control/optimizer.bin")])
    put("link-out-optimizer", 65, "an optimizer that is a link out of the directory", ["optimizer.bin"], [("optimizer.bin", "../control/optimizer.bin")])
    put("link-itself", 65, "a link to the directory itself", links=[("again", ".")])


make_halves()
make_parts()
make_files()
with open(os.path.join(directory, "attacks.tsv"), "w", newline="\n") as table:
    table.write("directory\tstatus\tattack\n")
    table.writelines("%s\t%s\t%s\n" % attack for attack in attacks)
