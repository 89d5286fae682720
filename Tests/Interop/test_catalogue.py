"""The catalogue of optimizers, held against the frameworks that it describes.

What is tested is read from `optstate kinds --json`: a new entry needs no line here.
"""

import copy
import json
import os
import subprocess

import numpy as np
import pytest
import schedulefree
import torch

CLASSES = {name.lower(): getattr(torch.optim, name) for name in dir(torch.optim) if name[0].isupper()}
CLASSES["schedule_free_adamw"] = schedulefree.AdamWScheduleFree
SHAPES = {"kernel": (7, 5), "other": (3, 4)}


def catalogue():
    text = subprocess.run([os.environ["OPTSTATE"], "kinds", "--json"], capture_output=True, check=True).stdout
    return {known["kind"]: known for known in json.loads(text)["optimizers"]}


ENTRIES = catalogue() if "OPTSTATE" in os.environ else {}
OF_TORCH = [kind for kind, known in ENTRIES.items() if "torch" in known["groups"] and kind in CLASSES]


def parameters():
    generator = torch.Generator().manual_seed(5)
    return {name: torch.nn.Parameter(torch.randn(shape, generator=generator)) for name, shape in SHAPES.items()}


def train(optimizer, model, steps):
    if hasattr(optimizer, "train"):
        optimizer.train()
    for step in steps:
        generator = torch.Generator().manual_seed(100 + step)
        for parameter in model.values():
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()


def written(value):
    """A default as JSON has it, with its type."""
    if isinstance(value, tuple):
        return [written(number) for number in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize("kind", OF_TORCH)
def test_groups_have_torchs_words_order_and_defaults(kind):
    optimizer = CLASSES[kind](list(parameters().values()))
    group = {key: written(value) for key, value in optimizer.param_groups[0].items() if key != "params"}
    row = {word["word"]: written(word["default"]) for word in ENTRIES[kind]["groups"]["torch"]}
    assert list(row) == list(group)
    assert [(key, type(value), value) for key, value in row.items()] == [
        (key, type(value), value) for key, value in group.items()
    ]


def test_every_optimizer_of_torchs_is_an_entry():
    # One that keeps nothing of its own, and two whose states are flat or are Adam's.
    assert set(CLASSES) - {"optimizer", "lbfgs", "sparseadam"} <= set(OF_TORCH)


def chosen(known):
    """Settings of torch's with which the optimizer keeps every slot that it can, and the spec that says so."""
    words = known["groups"]["torch"]
    wanted = {slot["present"].removeprefix("with ") for slot in known["slots"] if slot["present"].startswith("with ")}
    settings, spec = {}, {}
    for word in words:
        value = word["default"]
        if len(word["keys"]) != 1 or word["keys"] == ["weight_decay"] and not value:
            pairs = zip(word["keys"], value if isinstance(value, list) else [])
        else:
            if word["keys"][0] in wanted:
                value = settings[word["word"]] = True if isinstance(value, bool) else 0.875
            pairs = [(word["keys"][0], value)]
        for key, number in pairs:
            if isinstance(number, bool):
                spec[key] = str(number).lower()
            elif isinstance(number, (int, float)):
                spec[key] = repr(-number if word["negated"] else number)
    spec["arithmetic"] = "pytorch"
    return settings, ",".join(f"{key}={value}" for key, value in spec.items())


def group(optimizer):
    """The settings of the one group; an epsilon that is None is float32's."""
    epsilon = float(torch.finfo(torch.float32).eps)
    settings = {key: value for key, value in optimizer.param_groups[0].items() if key != "params"}
    if isinstance(settings.get("eps"), tuple):
        settings["eps"] = tuple(epsilon if number is None else number for number in settings["eps"])
    return settings


@pytest.mark.parametrize("kind", OF_TORCH)
def test_torch_goes_on_from_what_is_written(optstate, tmp_path, kind):
    known = ENTRIES[kind]
    settings, spec = chosen(known)
    if kind == "schedule_free_adamw":
        pytest.skip("what it counts in its group is the record's, which test_rules.py carries on")
    if not known["replays"]:
        pytest.skip("a record of it cannot be given")
    model = parameters()
    optimizer = CLASSES[kind](list(model.values()), **settings)
    train(optimizer, model, range(3))
    # A state of nobody's, so that groups and state are made anew.
    words = {word: slot for slot, word in known["words"].get("torch", {}).items()}
    arrays = {"global_step": np.int64(3)}
    for name, parameter in model.items():
        arrays[name] = parameter.detach().numpy().copy()
        for word, tensor in optimizer.state[parameter].items():
            if word != "step":
                array = tensor.numpy()
                slot = words[word]
                if slot == "factored_row":
                    array = array[..., 0]
                if slot == "factored_col":
                    array = array[..., 0, :]
                arrays[f"{name}/{slot}"] = array.copy()
    np.savez(tmp_path / "s.npz", **arrays)
    optstate("convert", "s.npz", "s.pt", "--naming", "keep", "--optimizer", f"{kind}:{spec}", folder=tmp_path)
    file = torch.load(tmp_path / "s.pt", weights_only=True)
    copied = {name: torch.nn.Parameter(torch.zeros(shape)) for name, shape in SHAPES.items()}
    again = CLASSES[kind](list(copied.values()), **settings)
    again.load_state_dict(file["optimizer"])
    for name, parameter in copied.items():
        parameter.data = file["model"][name].clone()
    assert group(optimizer) == group(again)
    train(optimizer, model, range(3, 6))
    train(again, copied, range(3, 6))
    for name in SHAPES:
        assert torch.equal(model[name], copied[name]), name
    states = [copy.deepcopy(o.state_dict()["state"]) for o in (optimizer, again)]
    assert str(states[0]) == str(states[1])


def fused_adam(decay):
    """A file as apex' FusedAdam makes it, which counts in the group and does not say how it decays."""
    model = parameters()
    optimizer = torch.optim.AdamW(list(model.values()))
    train(optimizer, model, range(2))
    state = {
        number: {key: own[key] for key in ("exp_avg", "exp_avg_sq")}
        for number, own in optimizer.state_dict()["state"].items()
    }
    group = {"lr": 1e-3, "bias_correction": True, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": decay, "step": 2}
    return {
        "model": {name: parameter.detach() for name, parameter in model.items()},
        "optimizer": {"state": state, "param_groups": [{**group, "params": list(range(len(model)))}]},
    }


@pytest.mark.parametrize("decay, kind", [(0.0, "adam"), (0.01, None)])
def test_apexs_adam_is_told_as_far_as_its_file_tells(optstate, tmp_path, decay, kind):
    torch.save(fused_adam(decay), tmp_path / "a.pt")
    seen = json.loads(optstate("inspect", "a.pt", "--json", folder=tmp_path).stdout)
    assert seen["global_step"] == 2
    assert seen["totals"]["slots"] == {"adam_m": 2, "adam_v": 2}
    assert (seen["optimizer"] or {}).get("kind") == kind
    optstate("set", "a.pt", "b.pt", "--step", "7", folder=tmp_path)
    assert torch.load(tmp_path / "b.pt")["optimizer"]["param_groups"][0]["step"] == 7


def test_muon_is_read_whole(optstate, tmp_path):
    model = parameters()
    optimizer = torch.optim.Muon(list(model.values()), lr=0.02, ns_coefficients=(3.0, -4.0, 2.0), ns_steps=6)
    train(optimizer, model, range(2))
    content = {"model": {name: p.detach() for name, p in model.items()}, "optimizer": optimizer.state_dict()}
    torch.save(content, tmp_path / "a.pt")
    seen = json.loads(optstate("inspect", "a.pt", "--json", folder=tmp_path).stdout)
    assert seen["optimizer"]["kind"] == "muon" and seen["totals"]["slots"] == {"momentum": 2}
    values = seen["optimizer"]["hyperparameters"]
    assert values["ns_coefficients"] == [3, -4, 2] and values["ns_steps"] == 6 and values["weight_decay"] == 0.1
    optstate("convert", "a.pt", "s.h5", folder=tmp_path)
    (tmp_path / "again").mkdir()
    optstate("convert", "s.h5", "again/a.pt", folder=tmp_path)
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "again" / "a.pt").read_bytes()
