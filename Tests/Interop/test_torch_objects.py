"""What users put beside the state in a `.pt`: objects of any class, cycles, NumPy's arrays, sparse and quantized tensors."""
import argparse
import datetime
import decimal
import enum
import json
import pathlib
import pickle
import struct
import types

import numpy as np
import pytest

torch = pytest.importorskip("torch")


class Color(enum.Enum):
    RED = "red"


class Settings(dict):
    """A dictionary of its own class, with attributes beside its items."""


class Values(list):
    """A list of its own class."""


class Schedule:
    def __init__(self):
        self.warmup, self.history = 0.1, [1, 2.5, None]


class Slotted:
    __slots__ = ("one", "two")


def slotted():
    made = Slotted()
    made.one, made.two = 1, "two"
    return made


def settings():
    made = Settings(lr=0.1, nested=argparse.Namespace(a=(1, 2)))
    made.name = "own"
    return made


def cycle(kind):
    """Something that holds itself, as an observer holds what observes it."""
    if kind == "tuple":
        made = (1, 2, 3, [])
        made[3].append(made)
        return made
    made = {"list": [], "dictionary": {}, "namespace": argparse.Namespace(), "instance": Schedule()}[kind]
    if kind == "list":
        made += [1, [made], made]
    elif kind == "dictionary":
        made.update(me=made, deep={"er": [made]})
    else:
        made.me = {"again": made, "twin": cycle("list")}
    return made


OBJECTS = {
    "namespace": lambda: argparse.Namespace(lr=1e-3, layers=[1, 2], device=torch.device("cpu")),
    "simple-namespace": lambda: types.SimpleNamespace(a=1),
    "path": lambda: {"output_dir": pathlib.PurePosixPath("a/b"), "more": [pathlib.PurePosixPath("c")]},
    "enum": lambda: [Color.RED, Color.RED],
    "dictionary": settings,
    "list": lambda: Values([1, "a", 2.5]),
    "many": lambda: Values(range(2500)),
    "instance": Schedule,
    "slots": slotted,
    "date": lambda: (datetime.datetime(2026, 1, 2), datetime.timedelta(seconds=3), decimal.Decimal("1.5")),
    "numpy-scalar": lambda: {"best": np.float64(0.5), "seen": np.int64(7)},
    "numpy-random": lambda: np.random.RandomState(3),
    "numpy-generator-state": lambda: np.random.RandomState(3).get_state(),
    "bytes": lambda: (bytearray(range(256)), bytearray(), bytes(range(256))),
    **{f"cycle-{kind}": lambda kind=kind: cycle(kind) for kind in ("list", "tuple", "dictionary", "namespace", "instance")},
}


def trained(settings=lambda group: None):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    optimizer = torch.optim.AdamW(model.parameters())
    for _ in range(3):
        model(torch.ones(2, 4)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    for group in optimizer.param_groups:
        settings(group)
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}


def inspected(optstate, path):
    return json.loads(optstate("inspect", path, "--json", "--variables").stdout)


@pytest.mark.parametrize(
    "name, protocol", [*((name, protocol) for name in OBJECTS for protocol in (2, 4)), ("bytes", 5), ("cycle-tuple", 5)]
)
def test_objects_come_back_as_they_were(optstate, tmp_path, name, protocol):
    path, back = tmp_path / "c.pt", tmp_path / "back" / "c.pt"
    torch.save({**trained(), "args": OBJECTS[name]()}, path, pickle_protocol=protocol)
    found = inspected(optstate, path)
    assert found["totals"]["slots"] == {"adam_m": 4, "adam_v": 4} and found["global_step"] == 3
    optstate("convert", path, tmp_path / "c.h5")
    optstate("convert", tmp_path / "c.h5", back)
    assert back.read_bytes() == path.read_bytes()
    optstate("set", path, tmp_path / "set.pt", "--step", "8")
    changed = torch.load(tmp_path / "set.pt", weights_only=False)
    assert {float(one["step"]) for one in changed["optimizer"]["state"].values()} == {8.0}
    assert pickle.dumps(changed["args"]) == pickle.dumps(torch.load(path, weights_only=False)["args"])
    optstate("strip", path, tmp_path / "public.pt")
    assert set(torch.load(tmp_path / "public.pt", weights_only=False)) == {"model", "epoch", "args"}


@pytest.mark.parametrize("step", ["0", "5"])
def test_a_step_is_set_where_there_is_a_place(optstate, tmp_path, step):
    weights = {"w": np.arange(6, dtype="f4").reshape(2, 3), "b": torch.ones(3)}
    for name, tree in {"bare": weights, "model": {"model": weights}, "epoch": {"model": weights, "epoch": 3}}.items():
        torch.save(tree, tmp_path / f"{name}.pt")
        done = optstate("set", tmp_path / f"{name}.pt", tmp_path / "s.pt", "--step", step, status=65)
        assert "no place for a step" in done.stderr and not (tmp_path / "s.pt").exists()
    torch.save({"model": weights, "global_step": 3}, tmp_path / "c.pt")
    optstate("set", tmp_path / "c.pt", tmp_path / "s.pt", "--step", step)
    assert torch.load(tmp_path / "s.pt", weights_only=False)["global_step"] == int(step)


def test_an_object_in_a_group_comes_back(optstate, tmp_path):
    shared = Schedule()
    torch.save(trained(lambda group: group.update(schedule=shared)), tmp_path / "c.pt")
    optstate("convert", tmp_path / "c.pt", tmp_path / "back" / "c.pt")
    assert (tmp_path / "back" / "c.pt").read_bytes() == (tmp_path / "c.pt").read_bytes()
    optstate("reset", tmp_path / "c.pt", tmp_path / "r.pt", "--step", "0")
    group = torch.load(tmp_path / "r.pt", weights_only=False)["optimizer"]["param_groups"][0]
    assert vars(group["schedule"]) == vars(shared)


def test_a_state_that_holds_itself_is_read(optstate, tmp_path):
    """The cycle goes through the root, the model and the group of parameters."""
    state = trained(lambda group: group.update(owner=None))
    state["me"] = state
    state["model"]["up"] = state
    state["optimizer"]["param_groups"][0]["owner"] = state["optimizer"]
    path = tmp_path / "c.pt"
    torch.save(state, path)
    found = inspected(optstate, path)
    assert found["totals"]["slots"] == {"adam_m": 4, "adam_v": 4} and found["totals"]["variables"] == 4
    optstate("convert", path, tmp_path / "c.h5")
    optstate("convert", tmp_path / "c.h5", tmp_path / "back" / "c.pt")
    assert (tmp_path / "back" / "c.pt").read_bytes() == path.read_bytes()
    optstate("convert", path, tmp_path / "only.safetensors", "--only", "parameters")
    optstate("reset", path, tmp_path / "r.pt", "--step", "0")
    again = torch.load(tmp_path / "r.pt", weights_only=False)
    assert again["me"] is again and again["model"]["up"] is again
    assert again["optimizer"]["param_groups"][0]["owner"] is again["optimizer"]
    assert not any(one["exp_avg"].any() for one in again["optimizer"]["state"].values())


def sparse(layout):
    coo = torch.sparse_coo_tensor(torch.tensor([[0, 2, 0], [1, 3, 1]]), torch.tensor([1.0, 2.0, 3.0]), (4, 4), check_invariants=True)
    return {
        "coo": lambda: coo, "coalesced": coo.coalesce, "csr": coo.coalesce().to_sparse_csr, "csc": coo.coalesce().to_sparse_csc,
        "bsr": lambda: coo.to_dense().to_sparse_bsr((2, 2)), "bsc": lambda: coo.to_dense().to_sparse_bsc((2, 2)),
    }[layout]()


@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.parametrize("layout", ["coo", "coalesced", "csr", "csc", "bsr", "bsc"])
@pytest.mark.parametrize("place", ["beside", "model", "parameter", "slot", "group"])
def test_sparse_tensors_are_carried(optstate, tmp_path, layout, place):
    value, state = sparse(layout), trained()
    parts = {"beside": state, "model": state["model"], "slot": state["optimizer"]["state"][0], "group": state["optimizer"]["param_groups"][0]}
    if place == "parameter":
        state["model"]["mask"] = torch.nn.Parameter(value)
    else:
        parts[place]["mask"] = value
    path = tmp_path / "c.pt"
    torch.save(state, path)
    found = inspected(optstate, path)
    # An optimizer that keeps a mask beside its moments is not Adam.
    words = ("exp_avg", "exp_avg_sq") if place == "slot" else ("adam_m", "adam_v")
    assert found["totals"]["slots"] == dict.fromkeys(words, 4) and found["totals"]["variables"] == 4
    optstate("convert", path, tmp_path / "c.h5")
    optstate("convert", tmp_path / "c.h5", tmp_path / "back" / "c.pt")
    # Coalesced indices lie in a storage of more than themselves, and get one of their own.
    assert layout == "coalesced" or (tmp_path / "back" / "c.pt").read_bytes() == path.read_bytes()
    if place == "slot":  # What is the optimizer's and is not read may hang on the step.
        assert "is not read" in optstate("set", tmp_path / "back" / "c.pt", tmp_path / "set.pt", "--step", "8", status=65).stderr
        return
    optstate("set", tmp_path / "back" / "c.pt", tmp_path / "set.pt", "--step", "8")
    again = torch.load(tmp_path / "set.pt", weights_only=False)
    own = {"model": again["model"], "parameter": again["model"], "slot": again["optimizer"]["state"][0]}
    mask = own.get(place, again["optimizer"]["param_groups"][0] if place == "group" else again)["mask"]
    assert mask.layout == value.layout and torch.equal(mask.to_dense(), value.to_dense())
    assert {float(one["step"]) for one in again["optimizer"]["state"].values()} == {8.0}
    optstate("convert", path, tmp_path / "only.safetensors", "--only", "parameters")
    from safetensors.torch import load_file

    found = load_file(tmp_path / "only.safetensors")
    assert set(found) == {"0.weight", "0.bias", "1.weight", "1.bias"}


class Runs:
    def __init__(self, call, *arguments):
        self.made = call, arguments

    def __reduce__(self):
        return self.made


RUNS = {
    "system": Runs(__import__("os").system, "false"),
    "eval": Runs(eval, "1"),
    "getattr": Runs(getattr, "a", "upper"),
    "hub": Runs(torch.hub.list, "x"),
    "load": Runs(torch.load, "x"),
    "popen": Runs(__import__("subprocess").Popen, "false"),
    "import": Runs(__import__("importlib").import_module, "os"),
    "pickle": Runs(pickle.loads, b"N."),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("protocol", [2, 4])
def test_what_runs_something_is_not_handed_on(optstate, tmp_path, name, protocol):
    torch.save({**trained(), "args": [RUNS[name]]}, tmp_path / "c.pt", pickle_protocol=protocol)
    for command in (["inspect"], ["convert", tmp_path / "c.h5"]):
        refused = optstate(command[0], tmp_path / "c.pt", *command[1:], status=65)
        assert "no part of a training state" in refused.stderr
    assert not (tmp_path / "c.h5").exists()


def test_whole_modules_are_named(optstate, tmp_path):
    torch.save({"net": torch.nn.Linear(2, 2)}, tmp_path / "c.pt")
    assert "state_dict()" in optstate("inspect", tmp_path / "c.pt", status=65).stderr


ARRAYS = {
    "float32": np.arange(6, dtype="f4").reshape(2, 3), "float64": np.arange(4.0), "empty": np.zeros((0, 3), "f4"),
    "fortran": np.asfortranarray(np.arange(24, dtype="f4").reshape(2, 3, 4)), "half": np.ones(3, "f2"),
    "int64": np.arange(3), "bool": np.array([True, False]), "scalar": np.array(2.5, "f4"),
    "complex": np.ones(2, "c8"),
}  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 4])
def test_arrays_of_numpy_are_tensors(optstate, tmp_path, protocol):
    others = {"swapped": np.arange(3, dtype=">f4"), "texts": np.array(["a", "bc"]), "any": np.array([None, {}])}
    path = tmp_path / "c.pt"
    torch.save({"model": {**ARRAYS, "torch": torch.ones(3), **others}}, path, pickle_protocol=protocol)
    found = {one["name"]: one for one in inspected(optstate, path)["variables"]}
    assert set(found) == {*ARRAYS, "torch"}
    for name, array in ARRAYS.items():
        assert found[name]["shape"] == list(array.shape)
    optstate("convert", path, tmp_path / "c.h5")
    optstate("convert", tmp_path / "c.h5", tmp_path / "back" / "c.pt")
    assert (tmp_path / "back" / "c.pt").read_bytes() == path.read_bytes()
    optstate("convert", path, tmp_path / "c.npz", "--only", "parameters")
    with np.load(tmp_path / "c.npz") as archive:
        for name, array in ARRAYS.items():
            assert archive[name].tobytes() == array.tobytes() and archive[name].dtype == array.dtype


def test_moments_that_are_arrays_are_reset(optstate, tmp_path):
    tree = trained()
    for entry in tree["optimizer"]["state"].values():
        entry.update({key: np.asarray(entry[key]) for key in ("exp_avg", "exp_avg_sq")})
    torch.save(tree, tmp_path / "c.pt")
    optstate("reset", tmp_path / "c.pt", tmp_path / "r.pt", "--slots", "adam_m")
    state = torch.load(tmp_path / "r.pt", weights_only=False)["optimizer"]["state"]
    for number, entry in tree["optimizer"]["state"].items():
        assert type(state[number]["exp_avg"]) is np.ndarray and not state[number]["exp_avg"].any()
        assert state[number]["exp_avg"].shape == entry["exp_avg"].shape
        assert state[number]["exp_avg_sq"].tobytes() == entry["exp_avg_sq"].tobytes()


def test_files_of_python_2_are_read(optstate, tmp_path):
    class Pickler(pickle._Pickler):
        dispatch = dict(pickle._Pickler.dispatch)

        def save_str(self, text):
            raw = text.encode("latin1")
            short = len(raw) < 256
            self.write((b"U" + bytes([len(raw)]) if short else b"T" + struct.pack("<i", len(raw))) + raw)
            self.memoize(text)

        dispatch[str] = save_str

    old = types.SimpleNamespace(
        Pickler=Pickler, Unpickler=pickle.Unpickler, load=pickle.load, loads=pickle.loads, dumps=pickle.dumps,
        dump=lambda value, file, protocol=2: Pickler(file, protocol).dump(value), __name__="pickle",
    )  # fmt: skip
    tree = {**trained(), "long": "a" * 300}
    torch.save(tree, tmp_path / "c.pt", pickle_module=old, _use_new_zipfile_serialization=False)
    found = inspected(optstate, tmp_path / "c.pt")
    assert found["totals"]["slots"] == {"adam_m": 4, "adam_v": 4} and found["global_step"] == 3
    optstate("convert", tmp_path / "c.pt", tmp_path / "c.h5")
    optstate("convert", tmp_path / "c.h5", tmp_path / "new.pt")
    again = torch.load(tmp_path / "new.pt", weights_only=True)
    assert again["long"] == tree["long"]
    for name, value in tree["model"].items():
        assert torch.equal(again["model"][name], value)


def test_quantized_tensors_keep_their_scale(optstate, tmp_path):
    values = torch.linspace(-1, 1, 12).reshape(3, 4)
    tree = {
        "whole": torch.quantize_per_tensor(values, 0.05, 3, torch.quint8),
        "signed": torch.quantize_per_tensor(values, 0.25, 0, torch.qint8),
        "wide": torch.quantize_per_tensor(values, 0.5, 0, torch.qint32),
        "channels": torch.quantize_per_channel(values, torch.ones(3) / 8, torch.zeros(3), 0, torch.qint8),
        "plain": values,
    }
    torch.save({"model": tree}, tmp_path / "c.pt")
    found = {one["name"]: one for one in inspected(optstate, tmp_path / "c.pt")["variables"]}
    assert set(found) == set(tree) and found["whole"]["shape"] == [3, 4]
    optstate("convert", tmp_path / "c.pt", tmp_path / "c.h5")
    import h5py

    with h5py.File(tmp_path / "c.h5") as file:
        kept = [name for name in file["@extras"].keys()]
        assert kept, kept
    optstate("convert", tmp_path / "c.h5", tmp_path / "back" / "c.pt")
    assert (tmp_path / "back" / "c.pt").read_bytes() == (tmp_path / "c.pt").read_bytes()
    again = torch.load(tmp_path / "back" / "c.pt")["model"]
    for name, value in tree.items():
        assert torch.equal(again[name].dequantize(), value.dequantize()), name


def test_tensors_of_a_class_of_their_own_are_carried(optstate, tmp_path):
    """`_rebuild_from_type_v2` gives a tensor attributes: nobody reads it, and its bytes stay."""
    own = torch.arange(5.0)
    own.note = "own"
    tree = {**trained(), "own": own}
    torch.save(tree, tmp_path / "c.pt")
    optstate("convert", tmp_path / "c.pt", tmp_path / "c.h5")
    optstate("convert", tmp_path / "c.h5", tmp_path / "back" / "c.pt")
    assert (tmp_path / "back" / "c.pt").read_bytes() == (tmp_path / "c.pt").read_bytes()
    optstate("set", tmp_path / "c.pt", tmp_path / "set.pt", "--step", "4")
    again = torch.load(tmp_path / "set.pt", weights_only=False)["own"]
    assert torch.equal(again, own) and again.note == "own"


def adam_like(model, keys, group):
    """A file of an optimizer that is none of torch's, by what it keeps."""
    shapes = list(model.parameters())
    state = {n: {key: torch.full_like(p, 0.5) for key in keys} for n, p in enumerate(shapes)}
    settings = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01, **group}
    return {"state": state, "param_groups": [{**settings, "params": list(range(len(shapes)))}]}


# Groups and slots of apex' FusedAdam, timm's Lamb, pytorch_optimizer's AdamP, and schedulefree's AdamW.
COUNTING = {
    "apex": (("exp_avg", "exp_avg_sq"), {"bias_correction": True, "step": 7}, "step"),
    "lamb": (("exp_avg", "exp_avg_sq"), {"grad_averaging": True, "max_grad_norm": 1.0, "step": 7}, "step"),
    "adamp": (("exp_avg", "exp_avg_sq"), {"delta": 0.1, "wd_ratio": 0.1, "nesterov": False, "step": 7}, "step"),
    "schedule-free": (("z", "exp_avg_sq"), {"k": 7, "train_mode": False, "weight_sum": 1.0, "lr_max": 1e-3}, "k"),
}


@pytest.mark.parametrize("name", COUNTING)
def test_the_step_of_the_group_is_read_and_set(optstate, tmp_path, name):
    keys, group, counter = COUNTING[name]
    model = torch.nn.Linear(3, 2)
    tree = {"model": model.state_dict(), "optimizer": adam_like(model, keys, group)}
    torch.save(tree, tmp_path / "c.pt")
    found = inspected(optstate, tmp_path / "c.pt")
    assert found["global_step"] == 7
    assert found["optimizer"] is None
    if name == "apex":  # Whether it decayed as Adam or as AdamW, its file does not say; whose moments they are, it does.
        assert found["totals"]["slots"] == {"adam_m": 2, "adam_v": 2}
    else:
        assert found["account"]["unrecognized"]["count"] == 2 * len(keys)
    optstate("convert", tmp_path / "c.pt", tmp_path / "c.h5")
    optstate("convert", tmp_path / "c.h5", tmp_path / "back" / "c.pt")
    assert (tmp_path / "back" / "c.pt").read_bytes() == (tmp_path / "c.pt").read_bytes()
    optstate("set", tmp_path / "c.pt", tmp_path / "s.pt", "--step", "50")
    wanted = {**tree["optimizer"]["param_groups"][0], counter: 50}
    assert torch.load(tmp_path / "s.pt")["optimizer"]["param_groups"] == [wanted]
    assert inspected(optstate, tmp_path / "s.pt")["global_step"] == 50


OTHERS = {
    "lamb-per-parameter": (("step", "exp_avg", "exp_avg_sq"), {"adam": False}),
    "adan": (("exp_avg", "exp_avg_sq", "exp_avg_diff", "previous_grad"), {"weight_decouple": True}),
    "amsgrad-like": (("step", "exp_avg", "exp_avg_var"), {"amsgrad": False}),
    "old-radam-like": (("step", "exp_avg", "exp_avg_sq"), {}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_like_adam_is_not_guessed(optstate, tmp_path, name):
    keys, group = OTHERS[name]
    model = torch.nn.Linear(3, 2)
    optimizer = adam_like(model, keys, group)
    for entry in optimizer["state"].values():
        if "step" in entry:
            entry["step"] = 3
    torch.save({"model": model.state_dict(), "optimizer": optimizer}, tmp_path / "c.pt")
    found = inspected(optstate, tmp_path / "c.pt")
    assert found["optimizer"] is None
    assert {slot for one in found["variables"] for slot in one["slots"]} == set(keys) - {"step"}
    codes = {one["code"] for one in json.loads(optstate("doctor", tmp_path / "c.pt", "--json", status=1).stdout)["findings"]}
    assert "unrecognized_state" in codes
