"""Optimizers that the catalogue does not have, as frameworks save them: said to be unknown, and never weights."""
import json

import pytest
from conftest import files


def account(optstate, path):
    return json.loads(optstate("inspect", path, "--json").stdout)["account"]


def findings(optstate, path):
    return {one["code"] for one in json.loads(optstate("doctor", path, "--json", status={0, 1}).stdout)["findings"]}


def names_of_a_checkpoint(prefix):
    import tensorflow as tf

    return [name for name, _ in tf.train.list_variables(str(prefix))]


def named_adam(v1, weight, step):
    (a,) = weight("layer/w")
    return [v1.train.AdamOptimizer(0.01, name="AdamW").minimize(v1.reduce_sum(a * a), global_step=step)]


def two_adams(v1, weight, step):
    a, b, c = weight("enc/w", "gen/w", "disc/w")
    return [
        v1.train.AdamOptimizer(0.01).minimize(v1.reduce_sum(a * a + b * b), var_list=[a, b], global_step=step),
        v1.train.AdamOptimizer(0.01).minimize(v1.reduce_sum(a * a + c * c), var_list=[a, c]),
    ]


def proximal(v1, weight, step):
    (a,) = weight("layer/w")
    return [v1.train.ProximalAdagradOptimizer(0.01).minimize(v1.reduce_sum(a * a), global_step=step)]


def dual_averaging(v1, weight, step):
    (a,) = weight("layer/w")
    return [v1.train.AdagradDAOptimizer(0.01, step).minimize(v1.reduce_sum(a * a), global_step=step)]


CASES = {
    named_adam: (["layer/w"], 0), two_adams: (["disc/w", "enc/w", "gen/w"], 2), proximal: (["layer/w"], 0),
    dual_averaging: (["layer/w"], 0),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_slots_of_tensorflow_1_are_no_variables(optstate, tmp_path, case):
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        step = v1.train.get_or_create_global_step()

        def weight(*names):
            return [v1.get_variable(name, [4, 3], initializer=v1.random_normal_initializer(seed=1)) for name in names]

        updates = case(v1, weight, step)
        session.run(v1.global_variables_initializer())
        for _ in range(3):
            session.run(updates)
        prefix = tmp_path / "in/model.ckpt-3"
        prefix.parent.mkdir()
        v1.train.Saver().save(session, str(prefix))
    variables, unknown = CASES[case]
    found = account(optstate, prefix)
    assert found["parameter"]["count"] == len(variables)
    assert found["unrecognized"]["count"] == unknown, found
    assert ("unrecognized_state" in findings(optstate, prefix)) == (unknown > 0)
    optstate("strip", prefix, tmp_path / "out/published")
    assert names_of_a_checkpoint(tmp_path / "out/published") == variables
    optstate("convert", prefix, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back/model.ckpt-3")
    assert files(tmp_path / "back/model.ckpt-3") == files(prefix)


@pytest.fixture
def trained():
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    optimizer = torch.optim.AdamW(model.parameters())
    for _ in range(3):
        model(torch.ones(2, 4)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    return model, optimizer


def assert_nothing_is_pretended(optstate, path, folder):
    """What holds for every optimizer that is there and not read."""
    assert account(optstate, path)["unrecognized"]["count"] > 0
    assert "unrecognized_state" in findings(optstate, path)
    done = optstate("set", path, folder / "set.out", "--step", "0", status=65)
    assert "not read" in done.stderr and not (folder / "set.out").exists()
    optstate("convert", path, folder / "weights.safetensors", "--only", "parameters")
    assert account(optstate, folder / "weights.safetensors")["unrecognized"]["count"] == 0


def test_flat_optimizer_dictionary_is_not_healthy(optstate, tmp_path, trained):
    import torch

    model, optimizer = trained
    names = [name for name, _ in model.named_parameters()]
    state = optimizer.state_dict()["state"]
    flat = {f"state.{names[number]}.{key}": value for number, slots in state.items() for key, value in slots.items()}
    torch.save({"model": model.state_dict(), "optimizer": flat}, tmp_path / "flat.pt")
    assert_nothing_is_pretended(optstate, tmp_path / "flat.pt", tmp_path)
    optstate("strip", tmp_path / "flat.pt", tmp_path / "public.pt")
    assert "exp_avg" not in str(torch.load(tmp_path / "public.pt"))
    optstate("convert", tmp_path / "flat.pt", tmp_path / "only.pt", "--only", "parameters")
    assert "exp_avg" not in str(torch.load(tmp_path / "only.pt"))


ADAM = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}
MOMENTS = ("exp_avg", "exp_avg_sq")
SWITCHES = {"foreach": None, "maximize": False, "capturable": False}
# What libraries keep beside what torch's own optimizers do: settings of a group, slots of a parameter.
KIN = {
    "timm-nadamw": (ADAM | SWITCHES | {"caution": False, "corrected_weight_decay": False}, MOMENTS),
    "timm-adopt-of-somebody's": (ADAM | SWITCHES | {"clip_exp": 0.333, "decoupled": False, "gated": False}, MOMENTS),
    "timm-lamb": (ADAM | {"bias_correction": True, "max_grad_norm": 1.0, "trust_clip": False}, MOMENTS),
    "timm-adabelief": (ADAM | {"amsgrad": False, "rectify": False}, ("exp_avg", "exp_avg_var")),
    "timm-lars": (
        {"lr": 1e-3, "momentum": 0.9, "dampening": 0, "weight_decay": 0.0, "nesterov": False, "trust_coeff": 1e-3},
        ("momentum_buffer",),
    ),
    "adan": (ADAM | {"no_prox": False}, ("exp_avg", "exp_avg_sq", "exp_avg_diff", "neg_pre_grad")),
    "pytorch-optimizer-radam": (ADAM | {"weight_decouple": True, "fixed_decay": False, "step": 2}, MOMENTS),
    "pytorch-optimizer-galore": (ADAM | {"foreach": None, "step": 2}, MOMENTS),
    "ranger": (ADAM | {"alpha": 0.5, "k": 6}, ("exp_avg", "exp_avg_sq", "slow_buffer")),
    "somebody's": (ADAM, (*MOMENTS, "third_moment")),
}


@pytest.mark.parametrize("name", KIN)
def test_kin_of_adam_is_not_called_by_its_name(optstate, tmp_path, name):
    import torch

    settings, slots = KIN[name]
    weight = torch.randn(3, 5)
    state = {0: {"step": 2, **{slot: torch.rand(3, 5) for slot in slots}}}
    optimizer = {"state": state, "param_groups": [{**settings, "params": [0]}]}
    torch.save({"model": {"w": weight}, "optimizer": optimizer}, tmp_path / "a.pt")
    found = json.loads(optstate("inspect", tmp_path / "a.pt", "--variables", "--json").stdout)
    assert found["optimizer"] is None
    assert len(found["variables"][0]["slots"]) == len(slots)


def test_radam_is_called_so(optstate, tmp_path):
    import torch

    weight = torch.nn.Parameter(torch.randn(3, 5))
    optimizer = torch.optim.RAdam([{"params": [weight], "name": "all"}], lr=1e-3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=9, cycle_momentum=True)
    weight.grad = torch.randn(3, 5)
    optimizer.step()
    scheduler.step()
    torch.save({"model": {"w": weight.detach()}, "optimizer": optimizer.state_dict()}, tmp_path / "a.pt")
    assert json.loads(optstate("inspect", tmp_path / "a.pt", "--json").stdout)["optimizer"]["kind"] == "radam"


def slots(torch, shape=(3, 4)):
    return {"exp_avg": torch.rand(shape), "exp_avg_sq": torch.rand(shape)}


def pair(torch, groups=list, state=None):
    return {"state": {0: slots(torch)} if state is None else state, "param_groups": groups([{"lr": 1e-3, "params": [0]}])}


def eight_bits(torch):
    """What bitsandbytes' AdamW8bit keeps: codes, their map and scales, in a dictionary of their own."""
    parts = {name + number: one for number in "12" for name, one in (
        ("state", torch.zeros(3, 4, dtype=torch.uint8)), ("qmap", torch.linspace(-1, 1, 256)), ("absmax", torch.full((1,), float("nan"))),
    )}  # fmt: skip
    return {"step": 5, "__bnb_optimizer_quant_state__": parts}


# Optimizers in places and of forms that nobody here reads: below which keys they are, and what is there.
STRANGERS = {
    "8-bit": lambda t: {"optimizer": pair(t, state={0: eight_bits(t)})},
    "8-bit-of-before": lambda t: {"optimizer": pair(t, state={0: {"step": 5, **eight_bits(t)["__bnb_optimizer_quant_state__"]}})},
    "wrapped": lambda t: {"optimizer": {"base_optimizer": pair(t, tuple), "slow_weights": [t.rand(3, 4)]}},
    "inner-state": lambda t: {"optimizer": pair(t, state={0: {"inner": slots(t)}})},
    "in-a-list": lambda t: {"callbacks": [1, {"swa": pair(t, tuple)}]},
    "in-an-object": lambda t: {"callbacks": [Holder(pair(t, tuple))]},
    "of-a-group-of-dictionaries": lambda t: {"trainer": {"opt": {"state": {0: slots(t)}, "param_groups": ({"params": (0,)},)}}},
}


class Holder:
    def __init__(self, held):
        self.held = held


@pytest.mark.parametrize("name", STRANGERS)
def test_optimizers_of_unknown_form_are_not_passed_over(optstate, tmp_path, name):
    import torch

    weight = torch.randn(3, 4)
    path, public = tmp_path / "s.pt", tmp_path / "p.pt"
    torch.save({"model": {"w": weight}, "epoch": 3, **STRANGERS[name](torch)}, path)
    found = json.loads(optstate("inspect", path, "--json").stdout)
    assert found["account"]["unrecognized"]["count"] > 0 and found["account"]["parameter"]["count"] == 1, found["account"]
    assert "unrecognized" in optstate("inspect", path).stdout
    assert findings(optstate, path) >= {"unrecognized_state"}
    # Where only the words for the slots are unknown, the step is read, and set.
    is_counted = found["global_step"] is not None
    optstate("set", path, tmp_path / "set.pt", "--step", "0", status=0 if is_counted else 65)
    if is_counted:
        assert json.loads(optstate("inspect", tmp_path / "set.pt", "--json").stdout)["global_step"] == 0
    for command in (["reset", path, tmp_path / "o.pt"],
                    ["debias", path, tmp_path / "o.pt", "--fold", "--step", "5", "--optimizer", "adam", "--force"]):  # fmt: skip
        optstate(*command, status=65)
    assert not (tmp_path / "o.pt").exists()
    for command in ("strip", "convert"):
        optstate(command, path, public, *(["--only", "parameters"] if command == "convert" else []))
        published = torch.load(public)
        assert "exp_avg" not in str(published) and "state1" not in str(published) and "slow" not in str(published)
        assert account(optstate, public)["unrecognized"]["count"] == 0
        assert torch.equal(published.get("model", published)["w"], weight)
        public.unlink()


def as_a_list(path):
    """Siblings of the variables' shapes under words of an optimizer that nobody knows."""
    import numpy as np
    from safetensors.numpy import save_file

    kind, separator = path.stem.split("-")
    numbers, tensors = np.random.default_rng(0), {}
    for name, shape in (("a.w", (3, 4)), ("b.w", (4, 2)), ("b.c", (2,))):
        for word in ("", *WORDS[kind]):
            tensors[name + (SEPARATORS[separator] + word if word else "")] = numbers.random(shape, "f4")
    save_file(tensors, path) if path.suffix == ".safetensors" else np.savez(path, **tensors)
    return {name: one for name, one in tensors.items() if name in ("a.w", "b.w", "b.c")}


WORDS = {"adan": ("exp_avg_diff", "previous_grad"), "own": ("lookahead", "curvature")}
SEPARATORS = {"dot": ".", "slash": "/"}


@pytest.mark.parametrize("name", ["adan-dot.npz", "adan-slash.safetensors", "own-dot.safetensors", "own-slash.npz"])
def test_siblings_in_a_list_are_an_optimizers(optstate, tmp_path, name):
    import numpy as np
    from safetensors.numpy import load_file

    values = as_a_list(tmp_path / name)
    found = json.loads(optstate("inspect", tmp_path / name, "--json").stdout)
    words = {f"slot_{word}": 3 for word in WORDS[name.split("-")[0]]}
    assert found["totals"]["slots"] == words and found["account"]["unrecognized"]["count"] == 6
    assert found["account"]["parameter"]["count"] == 3 and "unrecognized_state" in findings(optstate, tmp_path / name)
    optstate("strip", tmp_path / name, tmp_path / f"public-{name}")
    load = load_file if name.endswith("safetensors") else np.load
    public = dict(load(tmp_path / f"public-{name}"))
    assert public.keys() == values.keys() and all(np.array_equal(public[key], one) for key, one in values.items())
    optstate("convert", tmp_path / name, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / f"back-{name}")
    assert (tmp_path / f"back-{name}").read_bytes() == (tmp_path / name).read_bytes()


@pytest.fixture(scope="module")
def keras_model():
    """A model with an optimizer of a user's own, after two updates."""
    import keras
    import numpy as np

    class Signs(keras.optimizers.Optimizer):
        def build(self, variables):
            if not self.built:
                super().build(variables)
                self.trace, self.spread = (
                    [self.add_variable_from_reference(one, name=word) for one in variables] for word in ("trace", "spread")
                )

        def update_step(self, gradient, variable, rate):
            number = self._get_variable_index(variable)
            self.assign(self.trace[number], gradient)
            self.assign(self.spread[number], gradient * gradient)
            self.assign_sub(variable, rate * keras.ops.sign(gradient))

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.compile(Signs(0.1), "mse")
    model.fit(np.ones((2, 4)), np.ones((2, 3)), epochs=2, verbose=0)
    return model


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5"])
def test_optimizer_of_a_users_own_in_keras(optstate, tmp_path, keras_model, suffix):
    import numpy as np
    from safetensors.numpy import load_file

    path, public = tmp_path / f"m{suffix}", tmp_path / f"p{suffix}"
    keras_model.save_weights(path) if suffix == ".weights.h5" else keras_model.save(path)
    found = account(optstate, path)
    assert found["unrecognized"]["count"] >= 4 and found["parameter"]["count"] == 2 and not found["slot"]["count"]
    done = optstate("doctor", path, status={1, 65})
    assert "not known" in done.stdout + done.stderr
    optstate("strip", path, public, "--to", json.loads(optstate("inspect", path, "--json").stdout)["format"])
    left = account(optstate, public)
    assert left["parameter"]["count"] == 2 and not left["unrecognized"]["count"] and not left["slot"]["count"]
    for one in (path, public):
        optstate("convert", one, tmp_path / "w.safetensors", "--only", "parameters", "--overwrite")
        values = load_file(tmp_path / "w.safetensors")
        assert all(any(np.array_equal(one, np.array(weight)) for one in values.values()) for weight in keras_model.weights)
