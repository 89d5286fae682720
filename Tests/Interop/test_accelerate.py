"""accelerate as the judge: what save_state wrote comes back byte for byte, and load_state goes on as if never stopped."""
import json
import shutil

import numpy
import pytest

torch = pytest.importorskip("torch")
accelerate = pytest.importorskip("accelerate")
S = torch.optim.lr_scheduler

KINDS = {
    "adamw": lambda p: torch.optim.AdamW(p, lr=1e-2, weight_decay=0.1),
    "amsgrad": lambda p: torch.optim.Adam(p, lr=1e-2, amsgrad=True),
    "momentum": lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9),
    "sgd": lambda p: torch.optim.SGD(p, lr=1e-2),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=1e-2, momentum=0.5, centered=True),
    "adafactor": lambda p: torch.optim.Adafactor(p, lr=1e-2),
}


class Counter:
    """Something that a user registers."""

    def __init__(self):
        self.seen = 0

    def state_dict(self):
        return {"seen": self.seen, "mean": torch.ones(3)}

    def load_state_dict(self, state):
        self.seen = state["seen"]


class Run:
    """A training loop as accelerate's users write it; shapes tell the parameters apart, or do not."""

    def __init__(self, kind="adamw", schedule=lambda o: S.CosineAnnealingLR(o, 20), alike=False, models=1):
        torch.manual_seed(7)
        self.accelerator = accelerate.Accelerator(cpu=True)
        width = 16 if alike else 12
        made = [
            torch.nn.Sequential(
                torch.nn.Linear(8, 16), *([torch.nn.LayerNorm(16)] if alike else []), torch.nn.Linear(16, width), torch.nn.Linear(width, 4)
            )
            for _ in range(models)
        ]
        optimizers = [KINDS[kind](model.parameters()) for model in made]
        schedulers = [schedule(one) for one in optimizers] if schedule else []
        prepared = self.accelerator.prepare(*made, *optimizers, *schedulers)
        prepared = prepared if isinstance(prepared, tuple) else (prepared,)
        self.models, rest = prepared[:models], prepared[models:]
        self.optimizers, self.schedulers = rest[:models], rest[models:]
        self.counter = Counter()
        self.accelerator.register_for_checkpointing(self.counter)

    def train(self, first, last):
        losses = []
        for step in range(first, last):
            data = torch.randn(8, 8, generator=torch.Generator().manual_seed(step))
            for model, optimizer in zip(self.models, self.optimizers):
                optimizer.zero_grad()
                loss = model(data).pow(2).mean()
                self.accelerator.backward(loss)
                optimizer.step()
                losses.append(loss.item())
            for scheduler in self.schedulers:
                scheduler.step()
            self.counter.seen += 1
        return losses

    def save(self, folder, **settings):
        self.accelerator.save_state(str(folder), **settings)
        return folder


def resumed(folder, **settings):
    run = Run(**settings)
    run.accelerator.load_state(str(folder))
    return run


def contents(folder):
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def inspected(optstate, folder, *more):
    return json.loads(optstate("inspect", folder, "--json", "--variables", *more).stdout)


@pytest.mark.parametrize("safe", [True, False], ids=["safetensors", "pickled"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_directory_comes_back_and_goes_on(optstate, tmp_path, kind, safe):
    run = Run(kind)
    run.train(0, 5)
    saved = run.save(tmp_path / "saved", safe_serialization=safe)
    found = inspected(optstate, saved)
    assert found["format"] == "accelerate" and found["global_step"] == 5
    assert found["schedule"]["kind"] == "torch_cosine"
    assert found["schedule"]["learning_rate"] == run.optimizers[0].param_groups[0]["lr"]
    optstate("verify", saved)
    optstate("convert", saved, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back", "--to", "accelerate")
    assert contents(tmp_path / "back") == contents(saved)
    wanted = run.train(5, 9)
    again = resumed(tmp_path / "back", kind=kind)
    assert again.counter.seen == 5 and again.train(5, 9) == wanted


@pytest.mark.parametrize("kind", ["adamw", "momentum"])
def test_a_plain_file_goes_on_under_accelerate(optstate, tmp_path, kind):
    run = Run(kind)
    run.train(0, 5)
    state = {
        "model": run.models[0].state_dict(), "optimizer": run.optimizers[0].optimizer.state_dict(),
        "scheduler": run.schedulers[0].scheduler.state_dict(),
    }
    torch.save(state, tmp_path / "c.pt")
    optstate("convert", tmp_path / "c.pt", tmp_path / "made", "--to", "accelerate")
    assert {"model.safetensors", "optimizer.bin", "scheduler.bin"} <= set(contents(tmp_path / "made"))
    wanted = run.train(5, 9)
    # accelerate wants what was registered, which the file knows nothing of.
    again = Run(kind)
    again.accelerator._custom_objects.clear()
    again.accelerator.load_state(str(tmp_path / "made"))
    assert again.train(5, 9) == wanted


def test_out_of_a_directory_into_a_plain_file(optstate, tmp_path):
    run = Run()
    run.train(0, 5)
    saved = run.save(tmp_path / "saved")
    optstate("convert", saved, tmp_path / "c.pt")
    state = torch.load(tmp_path / "c.pt", weights_only=True)
    wanted = run.train(5, 9)
    again = Run()
    again.models[0].load_state_dict(state["model"])
    again.optimizers[0].load_state_dict(state["optimizer"])
    again.schedulers[0].load_state_dict(state["scheduler"])
    assert again.train(5, 9) == wanted


@pytest.mark.parametrize("step", [0, 12])
def test_the_step_moves_everywhere(optstate, tmp_path, step):
    run = Run()
    run.train(0, 5)
    saved = run.save(tmp_path / "saved")
    optstate("set", saved, tmp_path / "set", "--step", step)
    again = resumed(tmp_path / "set")
    other = Run()
    for _ in range(step):
        other.optimizers[0].optimizer.step()
        other.schedulers[0].scheduler.step()
    assert again.optimizers[0].param_groups[0]["lr"] == other.optimizers[0].param_groups[0]["lr"]
    assert again.schedulers[0].scheduler.last_epoch == step
    assert {int(one["step"]) for one in again.optimizers[0].state.values()} == {step}
    optstate("reset", saved, tmp_path / "reset", "--step", 0)
    fresh = resumed(tmp_path / "reset")
    assert all(not one["exp_avg"].any() for one in fresh.optimizers[0].state.values())
    optstate("debias", saved, tmp_path / "folded.h5", "--fold")


def test_a_step_has_to_have_a_place(optstate, tmp_path):
    run = Run("sgd", schedule=None)
    run.train(0, 5)
    saved = run.save(tmp_path / "saved")
    assert inspected(optstate, saved)["global_step"] is None
    done = optstate("set", saved, tmp_path / "set", "--step", 9, status=65)
    assert "no place for a step" in done.stderr and not (tmp_path / "set").exists()


def test_doctor_sees_moments_that_are_no_numbers(optstate, tmp_path):
    run = Run()
    run.train(0, 5)
    assert not json.loads(optstate("doctor", run.save(tmp_path / "good"), "--json").stdout)["findings"]
    for state in run.optimizers[0].state.values():
        state["exp_avg"].fill_(float("nan"))
    done = optstate("doctor", run.save(tmp_path / "bad"), "--json", status=1)
    assert any(one["code"] for one in json.loads(done.stdout)["findings"])


def test_stripping_leaves_no_optimizer(optstate, tmp_path):
    run = Run(models=2)
    run.train(0, 5)
    optstate("strip", run.save(tmp_path / "saved"), tmp_path / "public")
    assert not [name for name in contents(tmp_path / "public") if name.startswith(("optimizer", "scheduler"))]
    optstate("inspect", tmp_path / "public")


def test_order_that_shapes_leave_open_is_told_by_names(optstate, tmp_path):
    run = Run(alike=True)
    run.train(0, 5)
    saved = run.save(tmp_path / "saved")
    names = [name for name, _ in run.models[0].named_parameters()]
    (tmp_path / "names").write_text("\n".join(names))
    found = inspected(optstate, saved, "--names", tmp_path / "names")
    assert all(set(one["slots"]) == {"adam_m", "adam_v"} for one in found["variables"])
    optstate("convert", saved, tmp_path / "s.h5", "--names", tmp_path / "names")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back", "--to", "accelerate")
    assert contents(tmp_path / "back") == contents(saved)


def test_several_models_are_not_taken_for_one(optstate, tmp_path):
    run = Run(models=2)
    run.train(0, 5)
    saved = run.save(tmp_path / "saved")
    optstate("convert", saved, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back", "--to", "accelerate")
    assert contents(tmp_path / "back") == contents(saved)
    wanted = run.train(5, 9)
    assert resumed(tmp_path / "back", models=2).train(5, 9) == wanted


class Pair:
    """Two networks that train each other, each with its optimizer and its scheduler."""

    def __init__(self, accelerated=True, schedules=True, often=2):
        torch.manual_seed(3)
        self.often = often
        linear = torch.nn.Linear
        self.models = [torch.nn.Sequential(linear(4, 8), linear(8, 6)), torch.nn.Sequential(linear(6, 8), linear(8, 1))]
        self.optimizers = [
            torch.optim.Adam(self.models[0].parameters(), 1e-2, betas=(0.5, 0.99)),
            torch.optim.RMSprop(self.models[1].parameters(), 1e-3),
        ]
        made = [S.CosineAnnealingLR(self.optimizers[0], 20), S.StepLR(self.optimizers[1], 3)]
        self.schedulers = made if schedules else []
        if accelerated:
            self.accelerator = accelerate.Accelerator(cpu=True)
            prepared = self.accelerator.prepare(*self.models, *self.optimizers, *self.schedulers)
            self.models, self.optimizers, self.schedulers = prepared[:2], prepared[2:4], prepared[4:]

    def train(self, first, last):
        losses = []
        for step in range(first, last):
            noise = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
            for optimizer, sign in zip(self.optimizers, (1, -1)):
                # One of the two is asked more often, unless somebody says otherwise.
                for _ in range(1 if sign > 0 else self.often):
                    optimizer.zero_grad()
                    loss = sign * self.models[1](self.models[0](noise)).tanh().mean()
                    loss.backward()
                    optimizer.step()
                    losses.append(loss.item())
            for scheduler in self.schedulers:
                scheduler.step()
        return losses

    def inner(self, name):
        return [getattr(one, name, one) for one in getattr(self, name + "s")]


def moment(pair, place):
    """The second moments of an optimizer by the names that the state gives its variables."""
    front, word = [("model.", "exp_avg_sq"), ("model_1.", "square_avg")][place]
    kept = pair.inner("optimizer")[place].state
    return {front + name: kept[value][word] for name, value in pair.models[place].named_parameters()}


@pytest.mark.parametrize("schedules", [True, False], ids=["scheduled", "plain"])
@pytest.mark.parametrize("safe", [True, False], ids=["safetensors", "pickled"])
def test_each_of_several_optimizers_has_its_own_model(optstate, tmp_path, safe, schedules):
    pair = Pair(schedules=schedules)
    pair.train(0, 4)
    saved = tmp_path / "saved"
    pair.accelerator.save_state(str(saved), safe_serialization=safe)
    found = inspected(optstate, saved)
    shown = [(one["name"], one["kind"], one["step"]) for one in found["optimizers"]]
    assert shown == [("optimizer", "adam", 4), ("optimizer_1", "rmsprop", 8)]
    optstate("convert", saved, tmp_path / "all.npz", "--optimizer-name", "optimizer")
    optstate("convert", saved, tmp_path / "all_1.npz", "--optimizer-name", "optimizer_1")
    for place, word in enumerate(("adam_v", "rms")):
        arrays = numpy.load(tmp_path / ("all.npz", "all_1.npz")[place])
        for name, wanted in moment(pair, place).items():
            assert arrays[f"{name}/{word}"].tobytes() == wanted.numpy().tobytes(), name
    optstate("convert", saved, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back", "--to", "accelerate")
    assert contents(tmp_path / "back") == contents(saved)
    optstate("doctor", saved)


def test_one_of_several_optimizers_is_moved(optstate, tmp_path):
    pair = Pair()
    pair.train(0, 4)
    saved = tmp_path / "saved"
    pair.accelerator.save_state(str(saved))
    # RMSprop's own scheduler counts other steps than it does: what moves one of them alone is refused.
    done = optstate("set", saved, tmp_path / "no", "--step", "9", "--optimizer-name", "optimizer_1", status=65)
    assert "step" in done.stderr and not (tmp_path / "no").exists()
    done = optstate("set", saved, tmp_path / "set", "--step", "12", "--optimizer-name", "optimizer")
    again = Pair()
    again.accelerator.load_state(str(tmp_path / "set"))
    first, second = again.inner("optimizer")
    assert {int(one["step"]) for one in first.state.values()} == {12}
    assert {int(one["step"]) for one in second.state.values()} == {8}
    assert again.inner("scheduler")[0].last_epoch == 12 and again.inner("scheduler")[1].last_epoch == 4
    assert f"{first.param_groups[0]['lr']:.6g}" in done.stdout or str(first.param_groups[0]["lr"])[:8] in done.stdout
    optstate("reset", saved, tmp_path / "reset", "--optimizer-name", "optimizer_1")
    fresh = Pair()
    fresh.accelerator.load_state(str(tmp_path / "reset"))
    assert not any(value.any() for value in moment(fresh, 1).values())
    assert all(torch.equal(value, moment(pair, 0)[name]) for name, value in moment(fresh, 0).items())


def test_several_optimizers_of_a_plain_file_go_on_under_accelerate(optstate, tmp_path):
    pair = Pair(accelerated=False, often=1)
    pair.train(0, 4)
    state = {"generator": pair.models[0].state_dict(), "critic": pair.models[1].state_dict()}
    for name, place in (("generator", 0), ("critic", 1)):
        state[f"optimizer_{name}"] = pair.optimizers[place].state_dict()
        state[f"scheduler_{name}"] = pair.schedulers[place].state_dict()
    torch.save(state, tmp_path / "c.pt")
    done = optstate("convert", tmp_path / "c.pt", tmp_path / "made", "--to", "accelerate")
    assert "'generator', 'critic'" in done.stderr
    again = Pair(often=1)
    again.accelerator.load_state(str(tmp_path / "made"))
    assert again.train(4, 8) == pair.train(4, 8)
    # And back: what accelerate saves is a file of two optimizers.
    again.accelerator.save_state(str(tmp_path / "saved"))
    optstate("convert", tmp_path / "saved", tmp_path / "back.pt")
    kept = torch.load(tmp_path / "back.pt", weights_only=True)
    plain = Pair(accelerated=False, often=1)
    for place, front in enumerate(("model.", "model_1.")):
        own = {key.removeprefix(front): value for key, value in kept["model"].items() if key.startswith(front)}
        plain.models[place].load_state_dict(own)
        plain.optimizers[place].load_state_dict(kept[("optimizer", "optimizer_1")[place]])
        plain.schedulers[place].load_state_dict(kept[("scheduler", "scheduler_1")[place]])
    assert plain.train(8, 12) == again.train(8, 12)


def test_a_scheduler_that_counts_otherwise_is_said_to_be_left_out(optstate, tmp_path):
    pair = Pair(accelerated=False)
    pair.train(0, 4)
    state = {"a": pair.models[0].state_dict(), "b": pair.models[1].state_dict()}
    for name, place in (("a", 0), ("b", 1)):
        state[f"optimizer_{name}"] = pair.optimizers[place].state_dict()
        state[f"scheduler_{name}"] = pair.schedulers[place].state_dict()
    torch.save(state, tmp_path / "c.pt")
    done = optstate("convert", tmp_path / "c.pt", tmp_path / "made", "--to", "accelerate")
    assert "optimizer_b: the scheduler is not read and left out" in done.stderr
    assert {"scheduler.bin", "optimizer_1.bin"} <= set(contents(tmp_path / "made"))
    assert "scheduler_1.bin" not in contents(tmp_path / "made")


def test_optimizers_of_one_model_are_told_apart_or_numbered(optstate, tmp_path):
    run = Run()
    model = run.models[0]
    accelerator = accelerate.Accelerator(cpu=True)
    parts = [torch.optim.Adam(model[0].parameters(), 1e-2), torch.optim.Adam(model[1].parameters(), 1e-2)]
    prepared = accelerator.prepare(*parts)
    accelerator._models = [model]
    model(torch.ones(2, 8)).sum().backward()
    for one in prepared:
        one.step()
    accelerator.save_state(str(tmp_path / "saved"), safe_serialization=False)
    found = inspected(optstate, tmp_path / "saved")
    slots = {one["name"]: set(one["slots"]) for one in found["variables"]}
    assert all(slots[f"{place}.{name}"] == {"adam_m", "adam_v"} for place in (0, 1) for name in ("weight", "bias"))
    assert slots["2.weight"] == slots["2.bias"] == set()


HALVES = {
    "model": ("model.safetensors",), "first-optimizer": ("optimizer.bin",), "optimizers": ("optimizer.bin", "optimizer_1.bin"),
    "second-of-three": ("optimizer_1.bin",), "first-model": ("model.safetensors",), "first-scheduler": ("scheduler.bin",),
}


@pytest.mark.parametrize("missing", HALVES)
def test_half_a_directory_is_named(optstate, tmp_path, missing):
    run = Run(models=1 if missing == "model" else 3)
    run.train(0, 2)
    saved = run.save(tmp_path / "saved")
    for name in HALVES[missing]:
        (saved / name).unlink()
    done = optstate("convert", saved, tmp_path / "c.pt", status=65)
    assert "not whole" in done.stderr and not (tmp_path / "c.pt").exists()
    optstate("inspect", saved, status=65)


def test_a_shard_that_is_missing_is_named(optstate, tmp_path):
    run = Run()
    run.train(0, 2)
    saved = run.save(tmp_path / "saved")
    (saved / "model.safetensors").unlink()
    run.accelerator.save_model(run.models[0], str(saved), max_shard_size="1KB")
    shards = sorted(one.name for one in saved.glob("model-*.safetensors"))
    assert len(shards) > 1
    optstate("convert", saved, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back", "--to", "accelerate")
    assert contents(tmp_path / "back") == contents(saved)
    (saved / shards[0]).unlink()
    assert shards[0] in optstate("inspect", saved, status=(65, 66)).stderr


def test_what_is_not_accelerates_is_not_replaced(optstate, tmp_path):
    run = Run()
    run.train(0, 2)
    saved = run.save(tmp_path / "saved")
    shutil.copytree(saved, tmp_path / "target")
    optstate("convert", saved, tmp_path / "target", "--to", "accelerate", "--overwrite")
    (tmp_path / "target" / "notes.txt").write_text("mine")
    done = optstate("convert", saved, tmp_path / "target", "--to", "accelerate", "--overwrite", status=73)
    assert "notes.txt" in done.stderr and (tmp_path / "target" / "notes.txt").read_text() == "mine"
