"""Optimizers that count their updates for a parameter group, not for a parameter: torch and schedulefree are the judges."""
import json

import pytest

torch = pytest.importorskip("torch")
from test_pytorch import flat, load  # noqa: E402

# What apex' FusedAdam, timm's Lamb and a capturable FusedAdam have in their groups.
COUNTERS = {
    "whole": lambda step: step, "float": lambda step: torch.tensor(float(step)),
    "vector": lambda step: torch.tensor([step], dtype=torch.int32),
}  # fmt: skip


def state_of(counter, steps=(3, 3)):
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Linear(4, 3))
    moments = [{key: torch.rand_like(p) for key in ("exp_avg", "exp_avg_sq")} for p in model.parameters()]
    common = {"lr": 1e-3, "bias_correction": True, "betas": (0.9, 0.999), "eps": 1e-6}
    groups = [
        {**common, "weight_decay": decay, "step": COUNTERS[counter](step), "params": params}
        for decay, step, params in ((0.01, steps[0], [0, 2]), (0.0, steps[1], [1, 3]))
    ]
    state = {number: moments[parameter] for number, parameter in zip((0, 1, 2, 3), (0, 1, 2, 3))}
    return {"model": model.state_dict(), "optimizer": {"state": state, "param_groups": groups}}


@pytest.mark.parametrize("counter", COUNTERS)
def test_the_step_of_the_group_is_shown_set_and_reset(optstate, tmp_path, counter):
    tree, path = state_of(counter), tmp_path / "c.pt"
    torch.save(tree, path)
    (tmp_path / "names").write_text("0.weight\n1.weight\n0.bias\n1.bias\n")
    names = ("--names", tmp_path / "names")
    found = json.loads(optstate("inspect", path, "--variables", "--json", *names).stdout)
    assert found["global_step"] == 3 and [one["step"] for one in found["variables"]] == [3] * 4
    optstate("convert", path, tmp_path / "c.h5", *names)
    optstate("convert", tmp_path / "c.h5", tmp_path / "back" / "c.pt")
    assert (tmp_path / "back" / "c.pt").read_bytes() == path.read_bytes()
    optstate("set", path, tmp_path / "s.pt", "--step", "40", *names)
    before, after = flat(tree), flat(load(tmp_path / "s.pt"))
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {f"/'optimizer'/'param_groups'/{group}/'step'" for group in (0, 1)}
    wanted = flat({"step": COUNTERS[counter](40)})["/'step'"]
    assert {after[key] for key in changed} == {wanted}
    optstate("reset", path, tmp_path / "r.pt", "--step", "0", "--initial", "0", *names)
    tree = load(tmp_path / "r.pt")
    assert [flat(group)["/'step'"] for group in tree["optimizer"]["param_groups"]] == [flat({"step": COUNTERS[counter](0)})["/'step'"]] * 2
    assert not any(one.any() for kept in tree["optimizer"]["state"].values() for one in kept.values())


def test_groups_of_different_steps_keep_them(optstate, tmp_path):
    path = tmp_path / "c.pt"
    torch.save(state_of("float", (3, 5)), path)
    (tmp_path / "names").write_text("0.weight\n1.weight\n0.bias\n1.bias\n")
    names = ("--names", tmp_path / "names")
    found = json.loads(optstate("inspect", path, "--variables", "--json", *names).stdout)
    assert {one["name"]: one["step"] for one in found["variables"]} == {"0.weight": 3, "1.weight": 3, "0.bias": 5, "1.bias": 5}
    done = optstate("reset", path, tmp_path / "r.pt", "--step", "0", "--initial", "0", "--match", "^0.weight", *names, status=65)
    assert "counts the updates of a group" in done.stderr


def test_a_step_that_is_no_number_is_refused(optstate, tmp_path):
    tree = state_of("float")
    tree["optimizer"]["param_groups"][1]["step"] = torch.tensor(2.5)
    torch.save(tree, tmp_path / "c.pt")
    done = optstate("convert", tmp_path / "c.pt", tmp_path / "out.h5", status=65)
    assert "no whole number" in done.stderr and not (tmp_path / "out.h5").exists()


def schedule_free():
    import schedulefree

    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Linear(4, 3))
    groups = [{"params": [model[0].weight, model[1].weight], "weight_decay": 0.1}, {"params": [model[0].bias, model[1].bias]}]
    optimizer = schedulefree.AdamWScheduleFree(groups, lr=1e-2, warmup_steps=3)
    optimizer.train()
    return model, optimizer


def train(model, optimizer, first, last):
    for step in range(first, last):
        optimizer.zero_grad()
        model(torch.randn(8, 5, generator=torch.Generator().manual_seed(step))).square().sum().backward()
        optimizer.step()


def test_what_schedule_free_counts_begins_anew(optstate, tmp_path):
    """A run that is reset is one that begins from the same weights."""
    model, optimizer = schedule_free()
    train(model, optimizer, 0, 5)
    path = tmp_path / "c.pt"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    found = json.loads(optstate("inspect", path, "--json").stdout)
    assert found["global_step"] == 5 and found["optimizer"]["hyperparameters"]["k"] == 5
    optstate("convert", path, tmp_path / "c.h5")
    optstate("reset", tmp_path / "c.h5", tmp_path / "r.h5", "--step", "0")
    optstate("convert", tmp_path / "r.h5", tmp_path / "r.pt")
    optstate("reset", path, tmp_path / "s.pt", "--step", "0")
    for name in ("r.pt", "s.pt"):
        tree = load(tmp_path / name)
        scalars = [{key: group[key] for key in ("k", "weight_sum", "lr_max", "scheduled_lr")} for group in tree["optimizer"]["param_groups"]]
        assert scalars == [{"k": 0, "weight_sum": 0.0, "lr_max": -1.0, "scheduled_lr": 0.0}] * 2
        again, fresh = schedule_free(), schedule_free()
        again[0].load_state_dict(tree["model"])
        again[1].load_state_dict(tree["optimizer"])
        fresh[0].load_state_dict(model.state_dict())
        train(*again, 5, 9)
        train(*fresh, 5, 9)
        assert flat(again[0].state_dict()) == flat(fresh[0].state_dict())
        assert flat(again[1].state_dict()) == flat(fresh[1].state_dict())
    optstate("set", path, tmp_path / "k.pt", "--step", "40")
    groups = load(tmp_path / "k.pt")["optimizer"]["param_groups"]
    assert [group["k"] for group in groups] == [40, 40]
    assert [group["weight_sum"] for group in groups] == [group["weight_sum"] for group in optimizer.param_groups]
    optstate("reset", path, tmp_path / "kept.pt")
    assert [group["k"] for group in load(tmp_path / "kept.pt")["optimizer"]["param_groups"]] == [5, 5]
