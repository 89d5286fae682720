"""What a file does not say is refused or told, never made up: slots by number, steps, settings."""
import json

import numpy as np
import pytest
from conftest import OPTIMIZERS

keras = pytest.importorskip("keras")
torch = pytest.importorskip("torch")
O = keras.optimizers

WORDS = {
    "average": "ema", "gradient_accumulator": "gradient_accumulator", "average_gradient": "rms_mean_gradient",
    "velocity_hat": "adam_vhat", "momentum": "adam_m", "velocity": "adam_v", "accumulator": "accumulator",
}
MOVING = {**WORDS, "momentum": "momentum", "velocity": "rms"}

# An optimizer, its slots in its order, and the settings by which the program knows them.
AMBIGUOUS = {
    "sgd-ema": (lambda: O.SGD(0.1, use_ema=True), ["ema"], "sgd:ema_decay=0.99"),
    "sgd-momentum": (lambda: O.SGD(0.1, momentum=0.9), ["momentum"], "sgd:momentum=0.9"),
    "sgd-both": (
        lambda: O.SGD(0.1, momentum=0.9, use_ema=True), ["ema", "momentum"], "sgd:momentum=0.9,ema_decay=0.99"),
    "sgd-sum": (
        lambda: O.SGD(0.1, gradient_accumulation_steps=2), ["gradient_accumulator"], "sgd:accumulation_steps=2"),
    "rmsprop-ema": (lambda: O.RMSprop(use_ema=True), ["ema", "rms"], "rmsprop:ema_decay=0.99"),
    "rmsprop-centered": (
        lambda: O.RMSprop(centered=True), ["rms", "rms_mean_gradient"], "rmsprop:centered=true"),
    "rmsprop-momentum": (lambda: O.RMSprop(momentum=0.9), ["rms", "momentum"], "rmsprop:momentum=0.9"),
    "rmsprop-all": (
        lambda: O.RMSprop(momentum=0.9, centered=True), ["rms", "momentum", "rms_mean_gradient"],
        "rmsprop:momentum=0.9,centered=true"),
    "adam-ema": (lambda: O.Adam(use_ema=True), ["ema", "adam_m", "adam_v"], "adam:ema_decay=0.99"),
    "adam-all": (
        lambda: O.Adam(amsgrad=True, use_ema=True), ["ema", "adam_m", "adam_v", "adam_vhat"],
        "adam:amsgrad=true,ema_decay=0.99"),
    "adagrad-ema": (lambda: O.Adagrad(use_ema=True), ["ema", "accumulator"], "adagrad:ema_decay=0.99"),
}


def trained(optimizer, steps=3):
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3, name="one")])
    model.compile(optimizer, "mse")
    x = np.random.default_rng(1).normal(size=(8, 2)).astype("f4")
    model.fit(x, np.full((8, 3), 3.0, "f4"), batch_size=8, epochs=steps, shuffle=False, verbose=0)
    return model


def own_slots(model):
    """The optimizer's slots as Keras names them: bytes by variable and the hub's name."""
    words = WORDS if "adam" in model.optimizer.name else MOVING
    found = {}
    for variable in model.optimizer.variables:
        for owner in model.trainable_variables:
            prefix = owner.path.replace("/", "_") + "_"
            last = variable.path.split("/")[-1]
            if last.startswith(prefix):
                found["/".join(owner.path.split("/")[-2:]) + "/" + words[last[len(prefix):]]] = np.asarray(variable).tobytes()
    return found


def read_slots(optstate, path, store, *options):
    import h5py

    optstate("convert", path, store, "--to", "optstate", "--overwrite", *options)
    found = {}
    with h5py.File(store) as file:
        for owner in ("one/kernel", "one/bias"):
            for name, slot in file[owner].items():
                if name != "@value":
                    found[f"{owner}/{name}"] = slot[()].tobytes()
    return found


def torch_of(optstate, source, path, *options):
    done = optstate("convert", source, path, *options)
    return torch.load(path, weights_only=True)["optimizer"], done.stderr


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_a_slot_by_number_has_no_name_that_may_be_wrong(optstate, tmp_path, name):
    optimizer, slots, spec = AMBIGUOUS[name]
    model = trained(optimizer())
    model.save_weights(tmp_path / "a.weights.h5")
    wanted = own_slots(model)
    assert {key.split("/")[-1] for key in wanted} == set(slots)

    found = read_slots(optstate, tmp_path / "a.weights.h5", tmp_path / "s.h5")
    assert len(found) == len(wanted)
    for owner in ("one/kernel", "one/bias"):
        for place, slot in enumerate(slots, 1):
            own = wanted[f"{owner}/{slot}"]
            assert own in (found.get(f"{owner}/{slot}"), found.get(f"{owner}/slot_{place}"))
    # The settings that the run had decide.
    assert read_slots(optstate, tmp_path / "a.weights.h5", tmp_path / "s.h5", "--optimizer", spec) == wanted


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_is_not_known_is_converted_to_nothing_that_needs_it(optstate, tmp_path, name):
    optimizer, _, spec = AMBIGUOUS[name]
    model = trained(optimizer())
    model.save_weights(tmp_path / "a.weights.h5")
    if name != "rmsprop-all":  # Three slots of RMSprop may be two and an average as well.
        other = "adam:amsgrad=true" if "adam" in name else spec.split(":")[0]
        for options in ((), ("--optimizer", other + ("," if ":" in other else ":") + "learning_rate=0.1")):
            for output in (("a.pt",), ("a.h5", "--to", "keras-h5")):
                done = optstate(
                    "convert", tmp_path / "a.weights.h5", tmp_path / output[0], *output[1:], *options, status=65)
                assert "pass --optimizer" in done.stderr
                assert not (tmp_path / output[0]).exists()
    optstate("convert", tmp_path / "a.weights.h5", tmp_path / "p.pt", "--only", "parameters")


def test_moments_beside_an_average_reach_torch(optstate, tmp_path):
    model = trained(O.Adam(amsgrad=True, use_ema=True))
    model.save_weights(tmp_path / "a.weights.h5")
    spec = "adam:amsgrad=true,ema_decay=0.99,learning_rate=0.001,epsilon=1e-7"
    optstate("convert", tmp_path / "a.weights.h5", tmp_path / "a.pt", "--optimizer", spec)
    saved = torch.load(tmp_path / "a.pt", weights_only=True)["optimizer"]
    wanted = own_slots(model)
    assert saved["param_groups"][0]["amsgrad"] is True
    for place, owner in enumerate(("one/kernel", "one/bias")):
        for key, slot in (("exp_avg", "adam_m"), ("exp_avg_sq", "adam_v"), ("max_exp_avg_sq", "adam_vhat")):
            found = saved["state"][place][key].numpy().reshape(-1)
            assert sorted(found) == sorted(np.frombuffer(wanted[f"{owner}/{slot}"], "f4"))


def test_slots_without_an_owner_are_not_left_out_in_silence(optstate, tmp_path):
    """The order of a class's attributes is not in the file."""

    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.b = keras.layers.Dense(2, use_bias=False)
            self.a = keras.layers.Dense(2, use_bias=False)

        def call(self, x):
            return self.a(self.b(x))

    model = Two()
    model.compile(O.Adam(), "mse")
    model.fit(np.ones((4, 2), "f4"), np.ones((4, 2), "f4"), verbose=0)
    model.save_weights(tmp_path / "a.weights.h5")
    for output in (("a.pt",), ("a.h5", "--to", "keras-h5")):
        done = optstate("convert", tmp_path / "a.weights.h5", tmp_path / output[0], *output[1:], status=65)
        assert "pass --names" in done.stderr
    shown = json.loads(optstate("inspect", tmp_path / "a.weights.h5", "--json", "--variables").stdout)
    names = sorted((variable["name"] for variable in shown["variables"]), key=lambda name: "a/" in name)
    (tmp_path / "names").write_text("".join(name + "\n" for name in names))
    optimizer, _ = torch_of(
        optstate, tmp_path / "a.weights.h5", tmp_path / "a.pt", "--names", tmp_path / "names")
    assert len(optimizer["state"]) == 2


SOURCES = ["a.keras", "a.h5", "a.weights.h5", "object"]
STEPPING = {
    "sgd": (lambda: O.SGD(0.1, momentum=0.9), "sgd:momentum=0.9,nesterov=true,learning_rate=0.1"),
    "rmsprop": (lambda: O.RMSprop(0.01, momentum=0.9), "rmsprop:momentum=0.9,learning_rate=0.01"),
}


def saved(model, path):
    import tensorflow as tf

    if path.name == "object":
        tf.train.Checkpoint(model=model, optimizer=model.optimizer).write(str(path))
    elif path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        model.save(path)
    return path


@pytest.mark.parametrize("kind", STEPPING)
@pytest.mark.parametrize("source", SOURCES)
def test_steps_are_no_gradients_wherever_they_come_from(optstate, tmp_path, source, kind):
    optimizer, spec = STEPPING[kind]
    path = saved(trained(optimizer()), tmp_path / source)

    def refused(path, *options):
        done = optstate("convert", path, tmp_path / "out.pt", *options, status=65)
        assert not (tmp_path / "out.pt").exists()
        return done.stderr

    assert "hold steps" in refused(path) or source == "a.weights.h5"
    assert "hold steps" in refused(path, "--optimizer", spec)
    assert "hold steps" in refused(path, "--optimizer", spec + ",buffer=gradient")
    for name in ("s.h5", "s.safetensors"):
        optstate("convert", path, tmp_path / name, "--optimizer", spec)
        assert "hold steps" in refused(tmp_path / name)
        assert "hold steps" in refused(tmp_path / name, "--optimizer", spec)


def test_slots_prove_their_flags(optstate, tmp_path):
    path = saved(trained(O.Adam(amsgrad=True)), tmp_path / "object")
    optimizer, notes = torch_of(optstate, path, tmp_path / "a.pt")
    assert optimizer["param_groups"][0]["amsgrad"] is True
    assert "assumed beta1 0.9, beta2 0.999, epsilon 1e-07: the state does not say" in notes

    path = saved(trained(O.RMSprop(centered=True)), tmp_path / "b" / "object")
    optimizer, notes = torch_of(optstate, path, tmp_path / "b.pt")
    group = optimizer["param_groups"][0]
    assert group["centered"] is True and group["momentum"] == 0
    assert "assumed rho 0.9, epsilon 1e-07: the state does not say" in notes
    parameters = [torch.nn.Parameter(torch.ones(2, 3)), torch.nn.Parameter(torch.ones(3))]
    loaded = torch.optim.RMSprop(parameters)
    loaded.load_state_dict(optimizer)
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    loaded.step()


def test_a_decay_that_nobody_knows_is_told(optstate, tmp_path):
    model = trained(O.AdamW(weight_decay=0.1))
    for name in ("object", "a.weights.h5"):
        _, notes = torch_of(optstate, saved(model, tmp_path / name), tmp_path / (name + ".pt"))
        assert "weight_decay 0.0" in notes and "the state does not say" in notes
    optimizer, notes = torch_of(optstate, saved(model, tmp_path / "a.keras"), tmp_path / "k.pt")
    assert optimizer["param_groups"][0]["weight_decay"] == 0.1 and "assumed" not in notes


def test_a_rule_without_its_numbers_is_refused(optstate, tmp_path):
    """PyTorch's Adadelta has another rho than Keras', and with None for it fails at its first step."""
    model = trained(O.Adadelta())
    done = optstate("convert", saved(model, tmp_path / "object"), tmp_path / "a.pt", status=65)
    assert "does not say its rho, epsilon" in done.stderr
    optimizer, _ = torch_of(optstate, saved(model, tmp_path / "a.keras"), tmp_path / "b.pt")
    assert optimizer["param_groups"][0]["rho"] == 0.95


def test_a_buffer_needs_its_momentum(optstate, tmp_path):
    source = OPTIMIZERS / "momentum"
    prefix = next(iter(sorted(source.glob("*.index")))).with_suffix("")
    done = optstate("convert", prefix, tmp_path / "a.pt", "--optimizer", "sgd:learning_rate=0.1", status=65)
    assert "does not say its momentum" in done.stderr
    spec = "sgd:learning_rate=0.1,momentum=0.9,nesterov=true"
    optimizer, notes = torch_of(optstate, prefix, tmp_path / "a.pt", "--optimizer", spec)
    assert optimizer["param_groups"][0]["momentum"] == 0.9 and "assumed" not in notes
    assert all("momentum_buffer" in entry for entry in optimizer["state"].values())
