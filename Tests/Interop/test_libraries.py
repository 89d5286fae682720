"""Optimizers of timm, pytorch_optimizer and prodigyopt, judged by the libraries: they go on from what is written, bit for bit."""

import importlib.util
import inspect
import json
import math
import sys
import types
import warnings

import h5py
import pytest
import torch
from conftest import files
from test_catalogue import ENTRIES, written

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    prodigyopt = pytest.importorskip("prodigyopt")
    po = pytest.importorskip("pytorch_optimizer")


def only_optimizers_of_timm():
    """`timm.optim` without its models, which ask for torchvision."""
    package = types.ModuleType("timm")
    package.__path__ = list(importlib.util.find_spec("timm").submodule_search_locations)
    models = types.ModuleType("timm.models")
    models.group_parameters = None
    sys.modules.update({"timm": package, "timm.models": models})
    import timm.optim

    return timm.optim


to = only_optimizers_of_timm()

# The class, settings that its defaults are not, and the kind that it is.
CASES = {
    "timm-adan": (to.Adan, {"weight_decay": 0.1}, "adan"),
    "timm-adan-no-prox": (to.Adan, {"weight_decay": 0.1, "no_prox": True, "caution": True}, "adan"),
    "timm-adopt": (to.Adopt, {"weight_decay": 0.1}, "adopt"),
    "timm-adopt-decoupled": (to.Adopt, {"weight_decay": 0.1, "decoupled": True}, "adopt"),
    "timm-adamp": (to.AdamP, {"weight_decay": 0.1, "nesterov": True}, "adamp"),
    "timm-sgdp": (to.SGDP, {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1}, "sgdp"),
    "timm-sgdw": (to.SGDW, {"momentum": 0.9, "weight_decay": 0.1, "caution": True}, "sgdw"),
    "timm-nadamw": (to.NAdamW, {"corrected_weight_decay": True}, "nadamw"),
    "timm-adamw": (to.AdamWLegacy, {"caution": True, "amsgrad": True}, "adamw"),
    "timm-lamb": (to.Lamb, {"trust_clip": True, "always_adapt": True}, "lamb"),
    "timm-lion": (to.Lion, {"weight_decay": 0.1, "caution": True}, "lion"),
    "timm-adabelief": (to.AdaBelief, {"weight_decay": 0.1}, "adabelief"),
    "timm-madgrad": (to.MADGRAD, {"weight_decay": 0.1, "decoupled_decay": True}, "madgrad"),
    "timm-madgrad-unmoved": (to.MADGRAD, {"momentum": 0}, "madgrad"),
    "timm-mars": (to.Mars, {"mars_type": "adamw", "weight_decay": 0.1}, "mars"),
    "timm-novograd": (to.NvNovoGrad, {"grad_averaging": True, "weight_decay": 0.1}, "novograd"),
    "timm-rmsproptf": (to.RMSpropTF, {"momentum": 0.9, "weight_decay": 0.1}, "rmsprop_tf"),
    "timm-rmsproptf-centered": (to.RMSpropTF, {"centered": True}, "rmsprop_tf"),
    "timm-lars": (to.Lars, {"momentum": 0.9, "weight_decay": 0.1}, "lars"),
    "po-adan": (po.Adan, {"weight_decay": 0.1, "weight_decouple": True}, "adan"),
    "po-adamp": (po.AdamP, {"weight_decay": 0.1}, "adamp"),
    "po-sgdp": (po.SGDP, {"momentum": 0.9, "weight_decay": 0.1}, "sgdp"),
    "po-yogi": (po.Yogi, {"weight_decay": 0.1, "weight_decouple": False}, "yogi"),
    "po-lamb": (po.Lamb, {"weight_decay": 0.1}, "lamb"),
    "po-lion": (po.Lion, {"weight_decay": 0.1}, "lion"),
    "po-ademamix": (po.AdEMAMix, {"t_alpha_beta3": 8.0}, "ademamix"),
    "po-stableadamw": (po.StableAdamW, {}, "stable_adamw"),
    "po-prodigy": (po.Prodigy, {"weight_decay": 0.1, "bias_correction": True}, "prodigy"),
    "po-madgrad": (po.MADGRAD, {"weight_decay": 0.1}, "madgrad"),
    "po-ranger": (po.Ranger, {"k": 2}, "ranger"),
    "po-mars": (po.MARS, {"optimize_1d": True}, "mars"),
    "po-schedulefree": (po.ScheduleFreeAdamW, {"warmup_steps": 4}, "schedule_free_adamw"),
    "po-novograd": (po.NovoGrad, {"weight_decay": 0.1}, "novograd"),
    "po-sm3": (po.SM3, {"momentum": 0.9, "beta": 0.5}, "sm3"),
    "prodigy": (prodigyopt.Prodigy, {"weight_decay": 0.1}, "prodigy"),
    "prodigy-corrected": (prodigyopt.Prodigy, {"use_bias_correction": True, "decouple": False, "weight_decay": 0.1}, "prodigy"),
}  # fmt: skip
LIBRARIES = {"timm": "timm", "pytorch_optimizer": "pytorch_optimizer", "prodigyopt": "prodigyopt"}
STEPS = 3


def library(cls):
    return LIBRARIES[cls.__module__.split(".")[0]]


class Network(torch.nn.Module):
    """A checkpoint of TensorFlow's has its variables in the order of their names, which is the model's here."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        for name, shape in {"a": (7, 5), "b": (7,), "c": (3, 7), "d": (3,)}.items():
            setattr(self, name, torch.nn.Parameter(torch.randn(shape, generator=generator)))

    def forward(self, inputs):
        return (inputs @ self.a.T + self.b).tanh() @ self.c.T + self.d


def train(model, optimizer, steps):
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        inputs, wanted = (torch.randn(4, size, generator=generator) for size in (5, 3))
        optimizer.zero_grad()
        (model(inputs) - wanted).square().mean().backward()
        optimizer.step()


def trained(cls, settings):
    model = Network()
    optimizer = cls(list(model.parameters()), **settings)
    train(model, optimizer, range(STEPS))
    return model, optimizer


def assert_goes_on(path, cls, settings, model, optimizer):
    """The library loads the file, and more steps have the bits of the run that was not interrupted."""
    content = torch.load(path, weights_only=False)
    again = Network()
    again.load_state_dict(content["model"])
    loaded = cls(list(again.parameters()), **settings)
    loaded.load_state_dict(content["optimizer"])
    for one, other in ((model, optimizer), (again, loaded)):
        train(one, other, range(STEPS, STEPS + 3))
    for (name, one), other in zip(model.named_parameters(), again.parameters()):
        assert torch.equal(one, other), name


def look(optstate, path, *options):
    return json.loads(optstate("inspect", path, "--json", *options).stdout)


@pytest.fixture(params=CASES)
def case(request, tmp_path):
    cls, settings, kind = CASES[request.param]
    model, optimizer = trained(cls, settings)
    path = tmp_path / "a.pt"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    return cls, settings, kind, model, optimizer, path


def test_file_is_read_whole_and_goes_on(optstate, tmp_path, case):
    cls, settings, kind, model, optimizer, path = case
    seen = look(optstate, path)
    assert seen["optimizer"]["kind"] == kind
    assert seen["optimizer"]["hyperparameters"]["library"] == library(cls)
    assert seen["account"]["unrecognized"]["count"] == 0, seen["account"]
    assert set(seen["totals"]["slots"]) <= {slot["name"] for slot in ENTRIES[kind]["slots"]}
    is_counted = kind not in ("sgdp", "sgdw", "lion", "lars") or library(cls) != "timm"
    assert seen["global_step"] == (STEPS if is_counted else None)
    assert json.loads(optstate("doctor", path, "--json").stdout)["findings"] == []
    optstate("convert", path, tmp_path / "s.h5")
    assert look(optstate, tmp_path / "s.h5")["optimizer"] == seen["optimizer"]
    (tmp_path / "back").mkdir()
    optstate("convert", tmp_path / "s.h5", tmp_path / "back/a.pt")
    assert (tmp_path / "back/a.pt").read_bytes() == path.read_bytes()
    assert_goes_on(tmp_path / "back/a.pt", cls, settings, model, optimizer)


def test_slots_go_on_through_a_tensorflow_checkpoint(optstate, tmp_path, case):
    cls, settings, kind, model, optimizer, path = case
    seen = look(optstate, path)
    spec = next(line for line in optstate("inspect", path).stdout.splitlines() if line.startswith("optimizer")).split(maxsplit=1)[1]
    optstate("convert", path, tmp_path / "tf/model.ckpt-3")
    assert files(tmp_path / "tf/model.ckpt-3")
    optstate("convert", tmp_path / "tf/model.ckpt-3", tmp_path / "b.pt", "--optimizer", spec)
    assert look(optstate, tmp_path / "b.pt")["optimizer"] == seen["optimizer"]
    assert_goes_on(tmp_path / "b.pt", cls, settings, model, optimizer)


def classes():
    return {(library(cls), kind): cls for cls, _, kind in CASES.values()} | {
        ("pytorch_optimizer", "adopt"): po.ADOPT, ("pytorch_optimizer", "radam"): po.RAdam,
        ("pytorch_optimizer", "adabelief"): po.AdaBelief,
    }  # fmt: skip


ROWS = [(name, kind) for kind, known in ENTRIES.items() for name in known["groups"] if name in LIBRARIES]


@pytest.mark.parametrize("name, kind", ROWS)
def test_groups_have_the_librarys_words_order_and_defaults(name, kind):
    cls = classes()[name, kind]
    required = {"lr": 0.5} if "lr" in inspect.signature(cls).parameters and cls is to.SGDP else {}
    group = cls([torch.nn.Parameter(torch.ones(3, 2))], **required).param_groups[0]
    found = {key: written(value) for key, value in group.items() if key not in ("params", "step")}
    row = {word["word"]: written(word["default"]) for word in ENTRIES[kind]["groups"][name]}
    # What is made with the rate, and what the first update brings.
    own = {"max_lr_snapshot", *(required and ["lr"])}
    late = {"d_numerator"} - set(found)
    assert [word for word in row if word not in late] == list(found)
    # JSON has no infinity.
    finite = {key: None if value == math.inf else value for key, value in found.items()}
    assert {key: value for key, value in finite.items() if key not in own} == {
        key: value for key, value in row.items() if key not in own | late
    }


def test_file_that_could_be_several_optimizers_says_so_and_the_user_decides(optstate, tmp_path):
    for cls, kind in ((po.ADOPT, "adopt"), (po.RAdam, "radam"), (po.EXAdam, None)):
        model, optimizer = trained(cls, {"weight_decay": 0.1})
        path = tmp_path / f"{cls.__name__}.pt"
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
        seen = look(optstate, path)
        assert seen["optimizer"] is None and sorted(seen["optimizer_candidates"]) == ["adopt", "radam"]
        assert "could be radam, adopt" in optstate("inspect", path).stdout
        assert seen["account"]["unrecognized"]["count"] == 8
        if kind is None:
            continue
        optstate("convert", path, tmp_path / f"{kind}.h5", "--optimizer", f"{kind}:library=pytorch_optimizer")
        seen = look(optstate, tmp_path / f"{kind}.h5")
        assert seen["optimizer"]["kind"] == kind and seen["account"]["unrecognized"]["count"] == 0
        optstate("convert", tmp_path / f"{kind}.h5", tmp_path / f"{kind}.pt")
        assert_goes_on(tmp_path / f"{kind}.pt", cls, {"weight_decay": 0.1}, model, optimizer)


def test_one_that_shares_its_words_with_a_stranger_is_not_called_by_name(optstate, tmp_path):
    for cls in (po.AdaBelief, po.Aida):
        model, optimizer = trained(cls, {})
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "a.pt")
        seen = look(optstate, tmp_path / "a.pt")
        assert seen["optimizer"] is None and seen["optimizer_candidates"] == ["adabelief"]
        assert seen["account"]["unrecognized"]["count"] == 8


STRANGERS = {
    "timm-adafactor": (to.Adafactor, {}), "timm-adafactor-big-vision": (to.AdafactorBigVision, {}),
    "timm-laprop": (to.LaProp, {}), "timm-radam": (to.RAdamLegacy, {}), "timm-muon": (to.Muon, {}),
    "po-adai": (po.Adai, {}), "po-came": (po.CAME, {}), "po-galore": (po.GaLore, {}),
    "po-grams": (po.Grams, {}), "po-diffgrad": (po.DiffGrad, {}), "po-adams": (po.AdamS, {}), "po-tiger": (po.Tiger, {}),
    "po-swats": (po.SWATS, {}), "po-laprop": (po.LaProp, {}), "po-dadaptadam": (po.DAdaptAdam, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", STRANGERS)
def test_optimizer_without_an_entry_is_unknown(optstate, tmp_path, name):
    model, optimizer = trained(*STRANGERS[name])
    path = tmp_path / "a.pt"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    seen = look(optstate, path)
    assert seen["optimizer"] is None and "optimizer_candidates" not in seen
    assert seen["account"]["unrecognized"]["count"] > 0 and seen["account"]["parameter"]["count"] == 4
    optstate("convert", path, tmp_path / "s.h5")
    (tmp_path / "back").mkdir()
    optstate("convert", tmp_path / "s.h5", tmp_path / "back/a.pt")
    assert (tmp_path / "back/a.pt").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("inner", [torch.optim.AdamW, to.Adan], ids=["adamw", "adan"])
@pytest.mark.parametrize("steps", [1, 3], ids=["before-its-turn", "after"])
def test_lookahead_around_an_optimizer_goes_on(optstate, tmp_path, inner, steps):
    def wrapped(parameters):
        return to.Lookahead(inner(parameters), alpha=0.25, k=2)

    model = Network()
    optimizer = wrapped(list(model.parameters()))
    train(model, optimizer, range(steps))
    path = tmp_path / "a.pt"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    seen = look(optstate, path)
    values = seen["optimizer"]["hyperparameters"]
    assert seen["optimizer"]["kind"] == inner.__name__.lower() and values["library"] == "timm"
    assert [values[key] for key in ("lookahead_rate", "lookahead_steps", "lookahead_count")] == [0.25, 2, steps]
    assert seen["account"]["unrecognized"]["count"] == 0
    assert seen["totals"]["slots"].get("lookahead_slow", 0) == (4 if steps > 1 else 0)
    optstate("set", path, tmp_path / "set.pt", "--step", "8")
    group = torch.load(tmp_path / "set.pt", weights_only=False)["optimizer"]["param_groups"][0]
    assert group["lookahead_step"] == 8
    spec = next(line for line in optstate("inspect", path).stdout.splitlines() if line.startswith("optimizer")).split(maxsplit=1)[1]
    optstate("convert", path, tmp_path / "tf/model.ckpt-1")
    optstate("convert", tmp_path / "tf/model.ckpt-1", tmp_path / "b.pt", "--optimizer", spec)
    content = torch.load(tmp_path / "b.pt", weights_only=False)
    again = Network()
    again.load_state_dict(content["model"])
    loaded = wrapped(list(again.parameters()))
    loaded.load_state_dict(content["optimizer"])
    for one, other in ((model, optimizer), (again, loaded)):
        train(one, other, range(steps, steps + 4))
    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), again.parameters()))


def test_weights_that_begin_at_zero_are_one_number_in_prodigyopt(optstate, tmp_path):
    model = Network()
    torch.nn.init.zeros_(model.b)
    optimizer = prodigyopt.Prodigy(list(model.parameters()))
    train(model, optimizer, range(STEPS))
    assert optimizer.state[model.b]["p0"].shape == ()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "a.pt")
    assert json.loads(optstate("doctor", tmp_path / "a.pt", "--json").stdout)["findings"] == []
    optstate("convert", tmp_path / "a.pt", tmp_path / "s.h5")
    (tmp_path / "back").mkdir()
    optstate("convert", tmp_path / "s.h5", tmp_path / "back/a.pt")
    assert (tmp_path / "back/a.pt").read_bytes() == (tmp_path / "a.pt").read_bytes()
    assert_goes_on(tmp_path / "back/a.pt", prodigyopt.Prodigy, {}, model, optimizer)


@pytest.mark.parametrize("name", ["timm-lamb", "timm-adamp", "po-prodigy", "po-madgrad", "po-adan", "prodigy"])
def test_step_is_set_where_the_library_counts(optstate, tmp_path, name):
    cls, settings, _ = CASES[name]
    model, optimizer = trained(cls, settings)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "a.pt")
    optstate("set", tmp_path / "a.pt", tmp_path / "b.pt", "--step", "40")
    assert look(optstate, tmp_path / "b.pt")["global_step"] == 40
    found = torch.load(tmp_path / "b.pt", weights_only=False)["optimizer"]
    group, state = found["param_groups"][0], found["state"]
    counts = [group.get("step"), group.get("k"), state[0].get("step"), state.get("k")]
    assert [None if count is None else float(count) for count in counts] == {
        "timm-lamb": [40, None, None, None], "timm-adamp": [None, None, 40, None], "po-prodigy": [41, None, None, None],
        "po-madgrad": [0, None, None, 40], "po-adan": [40, None, None, None], "prodigy": [None, 40, 40, None],
    }[name]  # fmt: skip


@pytest.mark.parametrize("name", ["po-prodigy", "prodigy"])
def test_reset_estimate_is_the_first_one(optstate, tmp_path, name):
    cls, settings, _ = CASES[name]
    model, optimizer = trained(cls, settings | {"d0": 1e-8, "lr": 10})
    first = [own["p0"].clone() for own in optimizer.state_dict()["state"].values()]
    train(model, optimizer, range(STEPS, 40))
    assert all(torch.equal(one, own["p0"]) for one, own in zip(first, optimizer.state_dict()["state"].values()))
    assert optimizer.param_groups[0]["d_max"] > 1e-8
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "a.pt")
    optstate("reset", tmp_path / "a.pt", tmp_path / "b.pt", "--step", "0")
    fresh = torch.load(tmp_path / "b.pt", weights_only=False)["optimizer"]
    group = fresh["param_groups"][0]
    assert [float(group[key]) for key in ("d", "d_max", "d_numerator")] == [1e-8, 1e-8, 0]
    for own, parameter in zip(fresh["state"].values(), model.parameters()):
        assert torch.equal(own["p0"].reshape(parameter.shape), parameter) and not own["s"].any()


def test_library_decides_what_is_written(optstate, tmp_path):
    model, optimizer = trained(to.Adan, {})
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "a.pt")
    optstate("convert", tmp_path / "a.pt", tmp_path / "tf/model.ckpt-3")
    spec = "adan:learning_rate=0.001,beta1=0.98,beta2=0.92,beta3=0.99,epsilon=1e-8,global_clip_norm=0"
    source, target = tmp_path / "tf/model.ckpt-3", tmp_path / "b.pt"
    done = optstate("convert", source, target, "--optimizer", spec, status=65)
    assert "timm and pytorch_optimizer have" in done.stderr and "library=timm" in done.stderr
    done = optstate("convert", source, target, "--optimizer", spec + ",library=prodigyopt", status=65)
    assert "prodigyopt has no optimizer 'adan'" in done.stderr
    optstate("convert", source, target, "--optimizer", spec + ",library=pytorch_optimizer")
    assert "previous_grad" in torch.load(target)["optimizer"]["state"][0]


def test_library_is_not_computed_as_the_frameworks(optstate, tmp_path):
    """A rule of the same kind has another arithmetic and lacks the library's options."""
    model, optimizer = trained(to.Lamb, {})
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "a.pt")
    with h5py.File(tmp_path / "g.h5", "w") as file:
        for name, parameter in model.named_parameters():
            file[f"1/{name}"] = parameter.grad.numpy()
    options = ("--gradients", tmp_path / "g.h5", "--steps", "1", "--output", tmp_path / "b.h5")
    done = optstate("replay", tmp_path / "a.pt", *options, status=65)
    assert "the updates of 'lamb' are not computed" in done.stderr


def test_keras_is_told_nothing_of_a_librarys_options(optstate, tmp_path):
    model, optimizer = trained(to.Lamb, {"trust_clip": True})
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "a.pt")
    done = optstate("convert", tmp_path / "a.pt", tmp_path / "k.h5", "--to", "keras-h5")
    assert "library timm" in done.stderr and "trust_clip true" in done.stderr
    record = look(optstate, tmp_path / "k.h5")["optimizer"]
    assert record["kind"] == "lamb" and record["hyperparameters"]["beta1"] == 0.9
    assert not {"library", "trust_clip", "greatest_rate"} & set(record["hyperparameters"])
