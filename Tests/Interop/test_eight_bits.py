"""AdamW of bitsandbytes as the library saved it: its codes, scales and maps are carried, its numbers shown; torch is the judge."""
import json

import pytest
from conftest import FIXTURES

torch = pytest.importorskip("torch")
from test_pytorch import flat, load  # noqa: E402

FOLDER = FIXTURES / "reference" / "pytorch" / "bitsandbytes-0.50.2"
WRAPPER = "__bnb_optimizer_quant_state__"


def kept(tree, number=0):
    state = tree["optimizer"]["state"][number]
    return state.get(WRAPPER, state)


def numbers(slot, number):
    """What the library makes of a slot: the number of each code times the scale of its block of 256."""
    codes = kept(slot)["state" + number]
    scales = kept(slot)["absmax" + number].repeat_interleave(256)[: codes.numel()].reshape(codes.shape)
    return kept(slot)["qmap" + number][codes.long()] * scales


@pytest.mark.parametrize("name", ["adamw8bit", "bare"])
def test_the_numbers_are_shown_and_the_bytes_come_back(optstate, tmp_path, name):
    path = FOLDER / f"{name}.pt"
    optstate("convert", path, tmp_path / "c.h5")
    for one in (path, tmp_path / "c.h5"):
        found = json.loads(optstate("inspect", one, "--stats", "--json").stdout)
        assert found["optimizer"]["kind"] == "adamw" and found["global_step"] == 3
        assert found["totals"]["slots"] == {"adam_m": 4, "adam_v": 4} and not found["account"]["unrecognized"]["count"]
        slots = {one["name"]: one["slots"] for one in found["variables"]}
        assert slots["0.weight"]["adam_m"]["quantized"] == {"codes": "uint8", "block": 256}
        assert "quantized" not in slots["0.bias"]["adam_m"]
        for slot, number in (("adam_m", "1"), ("adam_v", "2")):
            wanted = numbers(load(path), number).double().norm().item()
            assert slots["0.weight"][slot]["stats"]["norm"] == pytest.approx(wanted, rel=1e-12)
        assert "kept in 8 bits" in optstate("inspect", one, "--variables").stdout
        assert optstate("doctor", one).stdout.startswith("healthy")
        optstate("verify", one)
    optstate("convert", tmp_path / "c.h5", tmp_path / f"{name}.pt")
    assert (tmp_path / f"{name}.pt").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["adamw8bit", "bare"])
def test_ordinary_slots_are_made_where_somebody_asks(optstate, tmp_path, name):
    path = FOLDER / f"{name}.pt"
    for target in ("c.safetensors", "c.npz"):
        done = optstate("convert", path, tmp_path / target, status=65)
        assert "0.weight/adam_m" in done.stderr and "eight bits" in done.stderr and "--optimizer" in done.stderr
    optstate("convert", path, tmp_path / "p.safetensors", "--only", "parameters")
    spec = "adamw:learning_rate=0.001,weight_decay=0.01"
    optstate("convert", path, tmp_path / "c.pt", "--optimizer", spec)
    tree = load(tmp_path / "c.pt")
    state = tree["optimizer"]["state"]
    assert torch.equal(state[0]["exp_avg"], numbers(load(path), "1"))
    assert torch.equal(state[0]["exp_avg_sq"], numbers(load(path), "2"))
    model = torch.nn.Sequential(torch.nn.Linear(64, 65), torch.nn.Linear(65, 2))
    model.load_state_dict(tree["model"])
    optimizer = torch.optim.AdamW(model.parameters())
    optimizer.load_state_dict(tree["optimizer"])
    model(torch.ones(2, 64)).sum().backward()
    optimizer.step()
    assert float(optimizer.state_dict()["state"][0]["step"]) == 4


@pytest.mark.parametrize("name", ["adamw8bit", "bare"])
def test_surgery_keeps_the_parts(optstate, tmp_path, name):
    path = FOLDER / f"{name}.pt"
    optstate("reset", path, tmp_path / "r.pt", "--step", "0")
    before, after = load(path), load(tmp_path / "r.pt")
    for number in range(4):
        for key, value in kept(after, number).items():
            old = kept(before, number)[key]
            if key != "step":
                assert value.dtype == old.dtype and value.shape == old.shape
                assert torch.equal(value, old) if key.startswith("qmap") else not value.any()
        assert after["optimizer"]["state"][number]["step"] == 0
    optstate("set", path, tmp_path / "s.pt", "--step", "9", "--learning_rate", "0.5")
    after = load(tmp_path / "s.pt")
    changed = {key for key, value in flat(after).items() if flat(before)[key] != value}
    steps = {f"/'optimizer'/'state'/{number}/'step'" for number in range(4)}
    assert changed == steps | {"/'optimizer'/'param_groups'/0/'lr'"}
    optstate("strip", path, tmp_path / "p.pt")
    assert list(load(tmp_path / "p.pt")) == ["model"]
    done = optstate("debias", path, tmp_path / "d.pt", "--fold", "--force", status=65)
    assert "eight bits" in done.stderr


def test_numbers_that_are_none_are_found(optstate, tmp_path):
    tree = load(FOLDER / "adamw8bit.pt")
    kept(tree)["absmax1"][3] = float("nan")
    torch.save(tree, tmp_path / "bad.pt")
    found = json.loads(optstate("doctor", tmp_path / "bad.pt", "--json", status=1).stdout)["findings"]
    assert {(one["code"], one["variable"], one["slot"]) for one in found} == {("nan", "0.weight", "adam_m")}


def short_map(slot):
    slot["qmap1"] = slot["qmap1"][:255].clone()


def few_scales(slot):
    slot["absmax2"] = slot["absmax2"][:-1].clone()


def lost_scales(slot):
    del slot["absmax1"]


def whole_numbers(slot):
    slot["absmax1"] = slot["absmax1"].to(torch.int32)


@pytest.mark.parametrize("damage", [short_map, few_scales, lost_scales, whole_numbers], ids=lambda one: one.__name__)
def test_parts_that_do_not_fit_are_refused_by_name(optstate, tmp_path, damage):
    tree = load(FOLDER / "adamw8bit.pt")
    damage(kept(tree))
    torch.save(tree, tmp_path / "bad.pt")
    done = optstate("convert", tmp_path / "bad.pt", tmp_path / "out.h5", status=65)
    assert "state" in done.stderr and "eight bits" in done.stderr
    assert not (tmp_path / "out.h5").exists()


def test_other_optimizers_of_the_library_are_not_taken_for_adamw(optstate, tmp_path):
    """LAMB keeps one vector more; AdEMAMix has a third beta; Lion, SGD and the others keep one state alone."""
    for name in ("lamb", "ademamix", "lion"):
        tree = load(FOLDER / "adamw.pt")
        if name == "ademamix":
            tree["optimizer"]["param_groups"][0]["betas"] = (0.9, 0.999, 0.9999)
        for number in range(4):
            if name == "lamb":
                kept(tree, number)["unorm_vec"] = torch.zeros(1)
            if name == "lion":
                del kept(tree, number)["state2"]
        torch.save(tree, tmp_path / "c.pt")
        found = json.loads(optstate("inspect", tmp_path / "c.pt", "--json").stdout)
        assert found["optimizer"] is None and found["account"]["unrecognized"]["count"] >= 4
        assert "healthy" not in optstate("doctor", tmp_path / "c.pt", status=1).stdout


STORES = {
    "map": ("another length", lambda group: cut(group, "@map.adam_m", 255)),
    "scales": ("do not fit its blocks", lambda group: cut(group, "@scales.adam_v", 16)),
    "lost": ("has no @scales.adam_v", lambda group: group.__delitem__("@scales.adam_v")),
    "stray": ("belongs to no slot", lambda group: group["adam_v"].attrs.__delitem__("block")),
    "zero": ("has 0 elements", lambda group: group["adam_m"].attrs.__setitem__("block", 0)),
    "negative": ("has -1 elements", lambda group: group["adam_m"].attrs.__setitem__("block", -1)),
}  # fmt: skip


def cut(group, name, count):
    numbers = group[name][:count]
    del group[name]
    group[name] = numbers


@pytest.mark.parametrize("damage", STORES)
def test_a_store_whose_parts_do_not_fit_is_refused(optstate, tmp_path, damage):
    import h5py

    optstate("convert", FOLDER / "adamw8bit.pt", tmp_path / "c.h5")
    words, change = STORES[damage]
    with h5py.File(tmp_path / "c.h5", "r+") as file:
        change(file["0.weight"])
    for command in ("verify", "doctor"):
        done = optstate(command, tmp_path / "c.h5", status=65)
        assert "0.weight" in done.stderr and words in done.stderr
    found = json.loads(optstate("inspect", tmp_path / "c.h5", "--json").stdout)
    assert "0.weight" in found["not_read"] and words in found["not_read"]
    assert found["account"]["slot"]["count"] == 0 and found["account"]["unrecognized"]["count"] > 8
