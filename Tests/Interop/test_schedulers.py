"""PyTorch's schedulers as the judge: their rates bit for bit, and a file whose scheduler and optimizer move together."""
import json

import pytest

torch = pytest.importorskip("torch")
S = torch.optim.lr_scheduler

BASE = 0.1


def sequential(o):
    parts = [S.LinearLR(o, 0.1, 1.0, 3), S.CosineAnnealingLR(o, 5), S.MultiStepLR(o, [2, 5])]
    return S.SequentialLR(o, parts, [3, 12])


def restarting(o):
    parts = [S.ConstantLR(o, 0.5, 9), S.ExponentialLR(o, 0.9), S.LinearLR(o), S.CosineAnnealingWarmRestarts(o, 4)]
    return S.SequentialLR(o, parts, [3, 8, 20])


def chained(o):
    return S.ChainedScheduler([S.ConstantLR(o, 0.1, 3), S.ExponentialLR(o, 0.9), S.PolynomialLR(o, 20)])


# The scheduler, and the kind of its record.
READ = {
    "step": (lambda o: S.StepLR(o, 3, 0.7), "torch_step"),
    "multi-step": (lambda o: S.MultiStepLR(o, [0, 2, 4, 4], 0.7), "torch_multi_step"),
    "constant": (lambda o: S.ConstantLR(o, 0.3, 4), "torch_constant"),
    "linear": (lambda o: S.LinearLR(o, 0.3, 0.9, 7), "torch_linear"),
    "exponential": (lambda o: S.ExponentialLR(o, 0.93), "torch_exponential"),
    "polynomial": (lambda o: S.PolynomialLR(o, 30, 1.7), "torch_polynomial"),
    "cosine": (lambda o: S.CosineAnnealingLR(o, 7, 0.01), "torch_cosine"),
    "warm-restarts": (lambda o: S.CosineAnnealingWarmRestarts(o, 3, 2, 0.01), "torch_cosine_restarts"),
    "equal-restarts": (lambda o: S.CosineAnnealingWarmRestarts(o, 3), "torch_cosine_restarts"),
    "cyclic": (lambda o: S.CyclicLR(o, 0.01, 0.1, 2, 1, mode="triangular2", cycle_momentum=False), "torch_cyclic"),
    "exp-range": (
        lambda o: S.CyclicLR(o, 0.01, 0.1, 5, mode="exp_range", gamma=0.9, cycle_momentum=False),
        "torch_cyclic",
    ),
    "one-cycle": (lambda o: S.OneCycleLR(o, 0.1, 40, cycle_momentum=False), "torch_one_cycle"),
    "three-phases": (
        lambda o: S.OneCycleLR(o, 0.1, 40, cycle_momentum=False, three_phase=True, anneal_strategy="linear"),
        "torch_one_cycle",
    ),
    "sequential": (sequential, "torch_sequential"),
    "sequence-of-four": (restarting, "torch_sequential"),
    "chained": (chained, "torch_chained"),
}

# The scheduler, and a word of why it is not read.
UNREAD = {
    "lambda": (lambda o: S.LambdaLR(o, lambda k: 1 / (1 + k)), "function"),
    "multiplicative": (lambda o: S.MultiplicativeLR(o, lambda k: 0.9), "function"),
    "plateau": (lambda o: S.ReduceLROnPlateau(o, patience=1), "measured"),
    "one-cycle": (lambda o: S.OneCycleLR(o, 0.1, 40), "momentum"),
    "cyclic": (lambda o: S.CyclicLR(o, 0.01, 0.1, 2), "momentum"),
    "cyclic-young": (lambda o: S.CyclicLR(o, 0.01, 0.1, 50, cycle_momentum=False), "function"),
    "lambda-in-sequence": (
        lambda o: S.SequentialLR(o, [S.LambdaLR(o, lambda k: 1 / (1 + k)), S.ExponentialLR(o, 0.9)], [2]),
        "parts",
    ),
}


def begin(make, optimizer="adamw", groups=1):
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    parts = [list(layer.parameters()) for layer in model] if groups == 2 else [list(model.parameters())]
    kinds = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD, "momentum": torch.optim.SGD}
    settings = {"momentum": 0.9} if optimizer == "momentum" else {}
    made = kinds[optimizer]([{"params": part} for part in parts], lr=BASE, **settings)
    return model, made, make(made)


def train(model, optimizer, scheduler, first, last):
    for step in range(first, last):
        generator = torch.Generator().manual_seed(step)
        optimizer.zero_grad()
        model(torch.randn(8, 4, generator=generator)).pow(2).mean().backward()
        optimizer.step()
        if isinstance(scheduler, S.ReduceLROnPlateau):
            scheduler.step(1.0)
        else:
            scheduler.step()


def save(path, model, optimizer, scheduler, **more):
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
    torch.save({**state, **more}, path)


def load(path):
    return torch.load(path, weights_only=False)


def rates(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def resumed(path, make, **settings):
    model, optimizer, scheduler = begin(make, **settings)
    state = load(path)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])
    return model, optimizer, scheduler


@pytest.mark.parametrize("name", READ)
def test_rates_are_those_of_pytorch(optstate, tmp_path, name):
    make, kind = READ[name]
    model, optimizer, scheduler = begin(make)
    train(model, optimizer, scheduler, 0, 4)
    save(tmp_path / "c.pt", model, optimizer, scheduler)
    found = json.loads(optstate("inspect", tmp_path / "c.pt", "--json").stdout)["schedule"]
    assert found["kind"] == kind
    assert found["learning_rate"] == rates(optimizer)[0]
    _, fresh, anew = begin(make)
    wanted = [rates(fresh)[0]]
    for _ in range(38):
        fresh.step()
        anew.step()
        wanted.append(rates(fresh)[0])
    report = json.loads(optstate("schedule", tmp_path / "c.pt", "--json", "--from", 0, "--to", 38).stdout)
    assert {point["step"]: point["learning_rate"] for point in report["points"]} == dict(enumerate(wanted))
    # A store and the way back keep it all.
    optstate("convert", tmp_path / "c.pt", tmp_path / "c.h5")
    optstate("convert", tmp_path / "c.h5", tmp_path / "back" / "c.pt")
    assert (tmp_path / "back" / "c.pt").read_bytes() == (tmp_path / "c.pt").read_bytes()


@pytest.mark.parametrize("step", [0, 9])
@pytest.mark.parametrize("name", READ)
def test_scheduler_and_optimizer_move_together(optstate, tmp_path, name, step):
    make, _ = READ[name]
    model, optimizer, scheduler = begin(make)
    train(model, optimizer, scheduler, 0, 4)
    save(tmp_path / "c.pt", model, optimizer, scheduler)
    shown = optstate("set", tmp_path / "c.pt", tmp_path / "moved.pt", "--step", step).stdout
    _, other, wanted = begin(make)
    for _ in range(step):
        other.step()
        wanted.step()
    _, moved, anew = resumed(tmp_path / "moved.pt", make)
    printed = shown.split("learning rate")[1].split()[-1]
    assert float(printed) == pytest.approx(rates(other)[0], rel=1e-6)
    assert rates(moved) == rates(other)
    assert {int(entry["step"]) for entry in moved.state.values()} == {step}
    for _ in range(8):
        moved.step()
        anew.step()
        other.step()
        wanted.step()
        assert rates(moved) == rates(other)
    mine, theirs = anew.state_dict(), wanted.state_dict()
    assert {key for key in mine if repr(mine[key]) != repr(theirs[key])} <= {"_schedulers"}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_not_read_is_said_and_does_not_move(optstate, tmp_path, name):
    make, why = UNREAD[name]
    model, optimizer, scheduler = begin(make)
    train(model, optimizer, scheduler, 0, 5)
    save(tmp_path / "c.pt", model, optimizer, scheduler)
    found = json.loads(optstate("inspect", tmp_path / "c.pt", "--json").stdout)
    assert found["schedule"] is None and why in found["unread_schedule"]
    for options in (["--step", 50], ["--step", 0], ["--learning_rate", "5e-4"]):
        done = optstate("set", tmp_path / "c.pt", tmp_path / "s.pt", *options, status=65)
        assert why in done.stderr and not (tmp_path / "s.pt").exists()
    optstate("reset", tmp_path / "c.pt", tmp_path / "r.pt", "--step", 0, status=65)
    optstate("reset", tmp_path / "c.pt", tmp_path / "r.pt")
    assert repr(load(tmp_path / "r.pt")["scheduler"]) == repr(scheduler.state_dict())
    optstate("strip", tmp_path / "c.pt", tmp_path / "p.pt")
    assert set(load(tmp_path / "p.pt")) == {"model"}


def test_a_function_is_taken_at_its_word_where_it_gives_the_rate(optstate, tmp_path):
    make = lambda o: S.LambdaLR(o, lambda k: max(0.0, (100 - k) / 100))
    model, optimizer, scheduler = begin(make)
    train(model, optimizer, scheduler, 0, 5)
    save(tmp_path / "c.pt", model, optimizer, scheduler)
    spec = "hf_linear:learning_rate={},num_training_steps={}"
    told = ["--schedule", spec.format(BASE, 100), "--step", 50]
    optstate("set", tmp_path / "c.pt", tmp_path / "s.pt", *told)
    _, moved, anew = resumed(tmp_path / "s.pt", make)
    assert rates(moved) == [pytest.approx(0.05)] and anew.last_epoch == 50
    done = optstate("set", tmp_path / "c.pt", tmp_path / "t.pt", "--schedule", spec.format(BASE, 90), "--step", 50, status=65)
    assert "not the one of the file" in done.stderr


def test_a_changed_rate_reaches_the_scheduler(optstate, tmp_path):
    make, _ = READ["step"]
    model, optimizer, scheduler = begin(make)
    train(model, optimizer, scheduler, 0, 4)
    save(tmp_path / "c.pt", model, optimizer, scheduler)
    optstate("set", tmp_path / "c.pt", tmp_path / "s.pt", "--learning_rate", "0.5")
    _, moved, anew = resumed(tmp_path / "s.pt", make)
    assert rates(moved) == [0.5 * 0.7] and anew.base_lrs == [0.5] and moved.param_groups[0]["initial_lr"] == 0.5
    # A rate that the scheduler would not keep is none.
    done = optstate("set", tmp_path / "c.pt", tmp_path / "t.pt", "--optimizer", "adamw:learning_rate=0.3", status=65)
    assert "StepLR" in done.stderr
    spec = "torch_step:learning_rate=0.1,step_size=2,gamma=0.5"
    optstate("set", tmp_path / "c.pt", tmp_path / "u.pt", "--schedule", spec)
    state = load(tmp_path / "u.pt")
    assert (state["scheduler"]["step_size"], state["scheduler"]["gamma"]) == (2, 0.5)
    assert state["optimizer"]["param_groups"][0]["lr"] == BASE * 0.25
    done = optstate("set", tmp_path / "c.pt", tmp_path / "v.pt", "--schedule", "constant:learning_rate=0.1", status=65)
    assert "cannot become" in done.stderr


def test_a_scheduler_of_epochs_only_starts_anew(optstate, tmp_path):
    make, _ = READ["step"]
    model, optimizer, scheduler = begin(make)
    for epoch in range(4):
        for step in range(5):
            optimizer.zero_grad()
            model(torch.randn(8, 4)).pow(2).mean().backward()
            optimizer.step()
        scheduler.step()
    save(tmp_path / "c.pt", model, optimizer, scheduler)
    found = json.loads(optstate("inspect", tmp_path / "c.pt", "--json").stdout)
    assert found["global_step"] == 20 and found["schedule"] is None
    assert "4 times in 20 updates" in found["unread_schedule"]
    optstate("set", tmp_path / "c.pt", tmp_path / "s.pt", "--step", 50, status=65)
    optstate("reset", tmp_path / "c.pt", tmp_path / "r.pt", "--step", 0)
    _, moved, anew = resumed(tmp_path / "r.pt", make)
    assert rates(moved) == [BASE] and anew.last_epoch == 0


def test_groups_with_rates_of_their_own_move(optstate, tmp_path):
    def make(o):
        o.param_groups[1]["lr"] = 0.01
        return S.ExponentialLR(o, 0.9)

    model, optimizer, scheduler = begin(make, groups=2)
    train(model, optimizer, scheduler, 0, 4)
    save(tmp_path / "c.pt", model, optimizer, scheduler)
    optstate("set", tmp_path / "c.pt", tmp_path / "s.pt", "--step", 7)
    model, optimizer, scheduler = begin(make, groups=2)
    for _ in range(7):
        optimizer.step()
        scheduler.step()
    _, moved, anew = resumed(tmp_path / "s.pt", make, groups=2)
    assert rates(moved) == rates(optimizer)


def test_a_rate_that_contradicts_the_scheduler_is_named(optstate, tmp_path):
    make, _ = READ["cosine"]
    model, optimizer, scheduler = begin(make)
    train(model, optimizer, scheduler, 0, 4)
    optimizer.param_groups[0]["lr"] = 0.5
    save(tmp_path / "c.pt", model, optimizer, scheduler)
    found = json.loads(optstate("inspect", tmp_path / "c.pt", "--json").stdout)
    assert "not the one that the optimizer has" in found["unread_schedule"]
    optstate("set", tmp_path / "c.pt", tmp_path / "s.pt", "--step", 9, status=65)


@pytest.mark.parametrize("kind", ["sgd", "momentum"])
def test_what_counts_nothing_keeps_its_step_in_the_scheduler(optstate, tmp_path, kind):
    make, _ = READ["cosine"]
    model, optimizer, scheduler = begin(make, optimizer=kind)
    train(model, optimizer, scheduler, 0, 4)
    save(tmp_path / "c.pt", model, optimizer, scheduler)
    assert json.loads(optstate("inspect", tmp_path / "c.pt", "--json").stdout)["global_step"] == 4
    shown = optstate("set", tmp_path / "c.pt", tmp_path / "s.pt", "--step", 9).stdout
    assert "4 -> 9" in shown and load(tmp_path / "s.pt")["scheduler"]["last_epoch"] == 9
    # An epoch beside it that is as large says what the scheduler counts.
    save(tmp_path / "e.pt", model, optimizer, scheduler, epoch=4)
    assert json.loads(optstate("inspect", tmp_path / "e.pt", "--json").stdout)["global_step"] is None
    # Without a scheduler there is no place for a step.
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "n.pt")
    done = optstate("set", tmp_path / "n.pt", tmp_path / "m.pt", "--step", 9, status=65)
    assert "no place for a step" in done.stderr and not (tmp_path / "m.pt").exists()


@pytest.mark.parametrize("spec", [
    "torch_step:learning_rate=0.1,step_size=3", "torch_multi_step:learning_rate=0.1,milestones=[2;2;9]",
    "torch_cosine_restarts:learning_rate=0.1,T_0=3,T_mult=2", "torch_polynomial:learning_rate=0.1,total_iters=30",
    'torch_sequential:learning_rate=0.1,schedules=["torch_linear:start_factor=0.1";"torch_cosine:T_max=9"],milestones=[5]',
    'torch_chained:learning_rate=0.1,schedules=[torch_linear;"torch_exponential:gamma=0.9"]',
])
def test_a_schedule_from_elsewhere_is_a_scheduler_that_goes_on(optstate, native, tmp_path, spec):
    optstate("set", native, tmp_path / "s.h5", "--schedule", spec, "--optimizer", "adamw:weight_decay=0.01", "--step", 7)
    optstate("convert", tmp_path / "s.h5", tmp_path / "c.pt")
    made = {
        "torch_step": lambda o: S.StepLR(o, 3), "torch_multi_step": lambda o: S.MultiStepLR(o, [2, 2, 9]),
        "torch_cosine_restarts": lambda o: S.CosineAnnealingWarmRestarts(o, 3, 2),
        "torch_polynomial": lambda o: S.PolynomialLR(o, 30),
        "torch_sequential": lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.1), S.CosineAnnealingLR(o, 9)], [5]),
        "torch_chained": lambda o: S.ChainedScheduler([S.LinearLR(o), S.ExponentialLR(o, 0.9)]),
    }[spec.split(":")[0]]
    state = torch.load(tmp_path / "c.pt", weights_only=True)
    _, optimizer, scheduler = begin(made)
    for _ in range(7):
        optimizer.step()
        scheduler.step()
    rate = rates(optimizer)[0]
    assert {group["lr"] for group in state["optimizer"]["param_groups"]} == {rate}
    count = len(state["optimizer"]["param_groups"])
    _, anew, other = begin(made, groups=min(count, 2))
    other.load_state_dict(state["scheduler"])
    for group in anew.param_groups:
        group["lr"] = rate
    for _ in range(9):
        for one, two in ((optimizer, scheduler), (anew, other)):
            one.step()
            two.step()
        assert set(rates(anew)) == set(rates(optimizer))
    found = json.loads(optstate("inspect", tmp_path / "c.pt", "--json").stdout)["schedule"]
    assert found["kind"] == spec.split(":")[0] and found["learning_rate"] == rate
