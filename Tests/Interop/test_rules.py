"""Ten recorded gradients, applied by the optimizer core, give the bits of the framework's own ten updates."""
import numpy as np
import pytest

torch = pytest.importorskip("torch")
h5py = pytest.importorskip("h5py")

STEPS = 10
# No size is a multiple of a vector; one is smaller than any, one is a scalar.
SHAPES = {"kernel": (37, 29), "bias": (13,), "block": (2, 3, 5), "one": (1,), "scalar": ()}
O = torch.optim


class BertAdam(O.Optimizer):
    """What pytorch-pretrained-bert's optimizer computes and keeps, with its schedule off."""

    def __init__(self, parameters, lr=1e-3, b1=0.9, b2=0.999, e=1e-6, weight_decay=0.01, max_grad_norm=1.0):
        super().__init__(parameters, {
            "lr": lr, "schedule": "none", "warmup": -1, "t_total": -1, "b1": b1, "b2": b2, "e": e,
            "weight_decay": weight_decay, "max_grad_norm": max_grad_norm,
        })

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state.update(step=0, next_m=torch.zeros_like(p), next_v=torch.zeros_like(p))
                if group["max_grad_norm"] > 0:
                    torch.nn.utils.clip_grad_norm_(p, group["max_grad_norm"])
                m, v, g = state["next_m"], state["next_v"], p.grad
                m.mul_(group["b1"]).add_(g, alpha=1 - group["b1"])
                v.mul_(group["b2"]).addcmul_(g, g, value=1 - group["b2"])
                u = m / (v.sqrt() + group["e"])
                if group["weight_decay"] > 0:
                    u += group["weight_decay"] * p
                p.add_(-(group["lr"] * u))
                state["step"] += 1


def schedule_free(parameters, **settings):
    library = pytest.importorskip("schedulefree")
    optimizer = library.AdamWScheduleFree(parameters, **settings)
    optimizer.train()
    return optimizer


def cases():
    """Name, class, settings; `single` and `foreach` where they differ in their arithmetic."""
    both = [("single", {"foreach": False}), ("foreach", {"foreach": True})]
    for path, options in both:
        for name, make, settings in [
            ("adadelta", O.Adadelta, {"lr": 0.7}),
            ("adadelta-l2", O.Adadelta, {"lr": 0.7, "rho": 0.95, "weight_decay": 0.1}),
            ("adamax", O.Adamax, {}),
            ("adamax-l2", O.Adamax, {"lr": 0.01, "weight_decay": 0.1, "betas": (0.8, 0.9)}),
            ("nadam", O.NAdam, {}),
            ("nadam-decay", O.NAdam, {"weight_decay": 0.1, "decoupled_weight_decay": True, "momentum_decay": 0.01}),
            ("radam", O.RAdam, {}),
            ("radam-decay", O.RAdam, {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
            ("radam-l2", O.RAdam, {"lr": 0.01, "weight_decay": 0.1, "betas": (0.7, 0.8)}),
            ("asgd", O.ASGD, {}),
            ("asgd-average", O.ASGD, {"lr": 0.1, "t0": 6, "lambd": 0.01, "weight_decay": 0.1}),
            ("rprop", O.Rprop, {}),
            ("rprop-etas", O.Rprop, {"lr": 0.1, "etas": (0.3, 1.7), "step_sizes": (0.01, 0.2)}),
            ("schedule-free", schedule_free, {}),
            ("schedule-free-warmup", schedule_free, {"lr": 0.01, "warmup_steps": 7, "r": 0.5, "weight_decay": 0.1}),
            ("adam-l2", O.Adam, {"lr": 0.01, "weight_decay": 0.1}),
            ("adamw", O.AdamW, {"lr": 0.01}),
            ("amsgrad", O.AdamW, {"lr": 0.01, "amsgrad": True}),
            ("rmsprop", O.RMSprop, {"lr": 0.01}),
            ("rmsprop-centered", O.RMSprop, {"lr": 0.01, "centered": True, "momentum": 0.9, "weight_decay": 0.1}),
            ("adagrad", O.Adagrad, {"lr": 0.01, "lr_decay": 0.1, "weight_decay": 0.1}),
            ("sgd", O.SGD, {"lr": 0.01, "weight_decay": 0.1}),
            ("sgd-momentum", O.SGD, {"lr": 0.01, "momentum": 0.9, "dampening": 0.2}),
            ("sgd-nesterov", O.SGD, {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
        ]:
            yield f"{name}-{path}", make, {**settings, **options}
    for name, make, settings in [
        ("adamw", O.AdamW, {"lr": 0.01}),
        ("adam-l2", O.Adam, {"lr": 0.01, "weight_decay": 0.1}),
        ("sgd-momentum", O.SGD, {"lr": 0.01, "momentum": 0.9}),
    ]:
        yield f"{name}-fused", make, {**settings, "fused": True}
    yield "bert-adam", BertAdam, {"max_grad_norm": -1.0}


CASES = {name: (make, settings) for name, make, settings in cases()}
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16, "float64": torch.float64}


def parameters(dtype):
    generator = torch.Generator().manual_seed(5)
    return {
        name: torch.nn.Parameter((torch.randn(shape, generator=generator) / 8).to(dtype))
        for name, shape in SHAPES.items()
    }


def gradients(step, dtype):
    """Of many magnitudes, some of them zero."""
    generator = torch.Generator().manual_seed(100 + step)
    result = {}
    for name, shape in SHAPES.items():
        scale = 2.0 ** torch.randint(-9, 2, shape, generator=generator)
        zero = torch.rand(shape, generator=generator) < 0.03
        result[name] = (torch.randn(shape, generator=generator) * scale * ~zero).to(dtype)
    return result


def array(tensor):
    """As h5py stores it: a bfloat16 of NumPy's kind."""
    if tensor.dtype != torch.bfloat16:
        return tensor.numpy()
    import ml_dtypes

    return tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16)


def update(optimizer, values, step, dtype):
    for name, gradient in gradients(step, dtype).items():
        values[name].grad = gradient
    optimizer.step()


def save(path, values, optimizer, step):
    model = {name: value.detach() for name, value in values.items()}
    torch.save({"model": model, "optimizer": optimizer.state_dict(), "global_step": step}, path)


def bits(tensor):
    kind = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.element_size()]
    return tensor.detach().flatten().contiguous().view(kind)


def leaves(tree):
    """The tensors of the weights and of the optimizer's state."""
    for name, value in tree["model"].items():
        yield name, value
    for number, entry in tree["optimizer"]["state"].items():
        for key, value in entry.items():
            yield f"{number}/{key}", value if isinstance(value, torch.Tensor) else torch.tensor(value)


def replayed(optstate, folder, make, settings, dtype, optimizer_spec=None, first=2):
    """What the framework ends with and what the program does, from the state after `first` updates."""
    values = parameters(dtype)
    optimizer = make(list(values.values()), **settings)
    for step in range(first):
        update(optimizer, values, step, dtype)
    save(folder / "before.pt", values, optimizer, first)
    with h5py.File(folder / "gradients.h5", "w") as file:
        for step in range(STEPS):
            for name, gradient in gradients(first + step, dtype).items():
                file[f"{step + 1}/{name}"] = array(gradient)
    for step in range(first, first + STEPS):
        update(optimizer, values, step, dtype)
    save(folder / "wanted.pt", values, optimizer, first + STEPS)
    optstate(
        *("replay", folder / "before.pt"),
        *("--gradients", folder / "gradients.h5"),
        *("--steps", STEPS),
        *("--output", folder / "found.pt"),
        *(("--optimizer", optimizer_spec) if optimizer_spec else ()),
    )
    return torch.load(folder / "wanted.pt"), torch.load(folder / "found.pt")


def differing(wanted, found):
    """Elements that differ, by array."""
    assert wanted["optimizer"]["param_groups"] == found["optimizer"]["param_groups"]
    wanted, found = dict(leaves(wanted)), dict(leaves(found))
    assert wanted.keys() == found.keys()
    counts = {name: int((bits(wanted[name]) != bits(found[name])).sum()) for name in wanted}
    return {name: count for name, count in counts.items() if count}


def arithmetic(name):
    """What an unfused path of this build computes in; a fused one says so in its settings."""
    if name.endswith("fused"):
        return ()
    return "--arithmetic", "pytorch_mkl" if torch.backends.mkl.is_available() else "pytorch"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("name", CASES)
def test_torchs_own_updates_are_replayed(optstate, tmp_path, name, dtype):
    make, settings = CASES[name]
    said = []

    def program(command, *arguments):
        more = arithmetic(name) if command == "replay" else ()
        said.append(optstate(command, *arguments, *more).stderr)

    wanted, found = replayed(program, tmp_path, make, settings, TYPES[dtype])
    if dtype == "float32" and "not bit for bit" in "".join(said):
        pytest.skip("this processor's square root in Intel's library is not known")
    assert differing(wanted, found) == {}


@pytest.mark.parametrize("name", ["adamw-single", "adadelta-single", "nadam-foreach"])
def test_what_a_correct_root_leaves(optstate, tmp_path, name):
    """Without the library's root the moments are the same and the weights nearly so."""
    make, settings = CASES[name]
    wanted, found = replayed(optstate, tmp_path, make, settings, torch.float32)
    counts = differing(wanted, found)
    assert not [array for array in counts if array.endswith(("exp_avg", "exp_avg_sq"))]
    for array in SHAPES:
        torch.testing.assert_close(found["model"][array], wanted["model"][array], rtol=2e-6, atol=1e-8)
    assert bool(counts) == torch.backends.mkl.is_available()


def test_a_step_at_a_time_is_ten_steps(optstate, tmp_path):
    """The numbers that a rule keeps for a whole parameter go through the file from update to update."""
    make, settings = CASES["asgd-average-single"]
    _, found = replayed(optstate, tmp_path, make, settings, torch.float32)
    state = tmp_path / "before.pt"
    with h5py.File(tmp_path / "gradients.h5") as file:
        for step in range(STEPS):
            with h5py.File(tmp_path / "one.h5", "w") as one:
                file.copy(file[str(step + 1)], one, "1")
            after = tmp_path / f"{step}.pt"
            optstate("replay", state, "--gradients", tmp_path / "one.h5", "--steps", 1, "--output", after)
            state = after
    assert differing(torch.load(state), found) == {}


def test_a_clipped_bert_adam_is_replayed(optstate, tmp_path):
    """Every parameter has its own norm, as it does in that optimizer."""
    def program(command, *arguments):
        return optstate(command, *arguments, *(arithmetic("bert-adam") if command == "replay" else ()))

    wanted, found = replayed(program, tmp_path, BertAdam, {"max_grad_norm": 0.5}, torch.float32)
    for array in SHAPES:
        torch.testing.assert_close(found["model"][array], wanted["model"][array], rtol=1e-5, atol=1e-6)


def test_a_mean_is_not_gone_on_with(optstate, tmp_path):
    values = parameters(torch.float32)
    optimizer = schedule_free(list(values.values()))
    update(optimizer, values, 0, torch.float32)
    optimizer.eval()
    save(tmp_path / "mean.pt", values, optimizer, 1)
    with h5py.File(tmp_path / "gradients.h5", "w") as file:
        file["1/bias"] = gradients(1, torch.float32)["bias"].numpy()
    done = optstate(
        *("replay", tmp_path / "mean.pt", "--gradients", tmp_path / "gradients.h5"),
        *("--steps", 1, "--output", tmp_path / "out.pt"),
        status=65,
    )
    assert "evaluation" in done.stderr
