"""What `set` and `convert` say of an optimizer is what PyTorch and Keras then read, or the program refuses."""
import json

import pytest

torch = pytest.importorskip("torch")


def groups(path):
    return torch.load(path, weights_only=True)["optimizer"]["param_groups"]


def torch_file(path, make=torch.optim.Adam, by_layer=None, **settings):
    """Two layers after a step; a function of a layer's place gives them groups of their own."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))
    parameters = model.parameters()
    if by_layer:
        parameters = [{"params": list(layer.parameters()), **by_layer(i)} for i, layer in enumerate(model)]
    optimizer = make(parameters, **settings)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    return model, optimizer


def goes_on(path, make=torch.optim.Adam, **settings):
    """An optimizer with the file's state and settings, after one more step."""
    model, optimizer = torch_file(path.parent / "other.pt", make, **settings)
    optimizer.load_state_dict(torch.load(path, weights_only=True)["optimizer"])
    optimizer.step()
    return optimizer.param_groups


TORCH = {
    "one beta": ({}, "adam:learning_rate=0.001,beta1=0.8", {"betas": (0.8, 0.999)}),
    "other beta": ({}, "adam:beta2=0.98", {"betas": (0.9, 0.98)}),
    "decoupled": (
        {}, "adamw:learning_rate=0.001,weight_decay=0.1", {"weight_decay": 0.1, "decoupled_weight_decay": True},
    ),
    "kind alone": ({}, "adamw:learning_rate=0.001", {"decoupled_weight_decay": True}),
    "penalty": ({}, "adam:l2=0.1", {"weight_decay": 0.1}),
    "no penalty": ({"weight_decay": 0.1}, "adam:l2=0", {"weight_decay": 0}),
    "penalty to decay": (
        {"weight_decay": 0.1}, "adamw:weight_decay=0.2", {"weight_decay": 0.2, "decoupled_weight_decay": True},
    ),
    "decay to penalty": (
        {"make": torch.optim.AdamW}, "adam:l2=0.2", {"weight_decay": 0.2, "decoupled_weight_decay": False},
    ),
    "no decay": ({"make": torch.optim.AdamW}, "adamw:weight_decay=0", {"weight_decay": 0}),
    "fused": ({}, "adam:arithmetic=pytorch_fused", {"fused": True}),
    "what it is": ({}, "adam:bias_correction=power,epsilon=1e-8", {}),
    "momentum": ({"make": torch.optim.SGD, "lr": 0.1}, "sgd:momentum=0.5", {"momentum": 0.5}),
    "rate": ({"lr": torch.tensor(1e-3)}, "adam:learning_rate=0.5", {"lr": torch.tensor(0.5)}),
    "beta beside a tensor": (
        {"betas": (torch.tensor(0.9), torch.tensor(0.999)), "lr": torch.tensor(1e-3)}, "adam:beta1=0.75",
        {"betas": (torch.tensor(0.75), torch.tensor(0.999))},
    ),
}


@pytest.mark.parametrize("by", ["set", "convert", "store"])
@pytest.mark.parametrize("name", TORCH)
def test_pytorch_has_what_was_said(optstate, tmp_path, name, by):
    settings, spec, wanted = TORCH[name]
    path, native, back = tmp_path / "a.pt", tmp_path / "n.h5", tmp_path / "back" / "a.pt"
    torch_file(path, **settings)
    if by == "store":
        optstate("set", path, native, "--optimizer", spec)
        optstate("convert", native, back)
    else:
        optstate(by, path, back, "--optimizer", spec)
    assert groups(back) == [{**groups(path)[0], **wanted}]
    goes_on(back, **settings)


def test_a_rate_that_is_a_tensor_is_set(optstate, tmp_path):
    path = tmp_path / "a.pt"
    torch_file(path, lr=torch.tensor(1e-3))
    shown = optstate("set", path, tmp_path / "b.pt", "--learning_rate", "0.5").stdout
    assert "0.001 -> 0.5" in shown
    (group,) = groups(tmp_path / "b.pt")
    assert torch.equal(group["lr"], torch.tensor(0.5))
    # Groups that share the tensor share it still.
    torch_file(path, by_layer=lambda layer: {}, lr=torch.tensor(1e-3))
    optstate("set", path, tmp_path / "c.pt", "--learning_rate", "0.5")
    first, second = groups(tmp_path / "c.pt")
    assert first["lr"] is second["lr"] and float(first["lr"]) == 0.5


def test_several_groups_keep_what_is_not_named(optstate, tmp_path):
    path = tmp_path / "a.pt"
    torch_file(path, by_layer=lambda layer: {"lr": 0.1 / (layer + 1), "betas": (0.9, 0.99 + layer / 200)})
    first, second = groups(path)
    optstate("set", path, tmp_path / "b.pt", "--optimizer", "adam:beta1=0.8")
    assert groups(tmp_path / "b.pt") == [{**first, "betas": (0.8, 0.99)}, {**second, "betas": (0.8, 0.995)}]
    record = {
        "kind": "adam", "beta1": 0.8, "groups": [
            {"members": ["1.weight", "1.bias"], "beta2": 0.5}, {"members": ["0.weight", "0.bias"], "l2": 0.25},
        ],
    }
    (tmp_path / "record.json").write_text(json.dumps(record))
    optstate("set", path, tmp_path / "c.pt", "--optimizer", tmp_path / "record.json")
    assert groups(tmp_path / "c.pt") == [
        {**first, "betas": (0.8, 0.99), "weight_decay": 0.25}, {**second, "betas": (0.8, 0.5)},
    ]
    record["groups"][0]["members"] = ["1.weight", "0.weight"]
    record["groups"][1]["members"] = ["1.bias", "0.bias"]
    (tmp_path / "record.json").write_text(json.dumps(record))
    done = optstate("set", path, tmp_path / "d.pt", "--optimizer", tmp_path / "record.json", status=65)
    assert "otherwise than the file's" in done.stderr and not (tmp_path / "d.pt").exists()


def test_groups_of_both_decays_come_back(optstate, tmp_path):
    path, back = tmp_path / "a.pt", tmp_path / "back" / "a.pt"
    torch_file(
        path, torch.optim.NAdam,
        by_layer=lambda layer: {"weight_decay": 0.1 + layer, "decoupled_weight_decay": layer == 0},
    )
    optstate("convert", path, back)
    assert back.read_bytes() == path.read_bytes()


def test_the_trainers_groups_have_what_was_said(optstate, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    folder = tmp_path / "checkpoint-1"
    folder.mkdir()
    model, optimizer = torch_file(
        tmp_path / "a.pt", torch.optim.AdamW, lambda layer: {"weight_decay": 0.01 * layer}, lr=1e-3,
    )
    safetensors.save_file(model.state_dict(), folder / "model.safetensors")
    torch.save(optimizer.state_dict(), folder / "optimizer.pt")
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    torch.save(schedule.state_dict(), folder / "scheduler.pt")
    (folder / "trainer_state.json").write_text('{"global_step": 1}')
    optstate("set", folder, tmp_path / "b", "--optimizer", "adamw:beta1=0.8")
    found, was = (torch.load(one / "optimizer.pt", weights_only=True)["param_groups"] for one in (tmp_path / "b", folder))
    assert found == [{**group, "betas": (0.8, 0.999)} for group in was]


@pytest.mark.parametrize("settings, spec, message", [
    ({}, "adam:amsgrad=true", "amsgrad needs the slot"),
    ({}, "adam:global_clip_norm=1", "no place for global_clip_norm"),
    ({}, "adam:bias_correction=none", "no place for bias_correction"),
    ({"weight_decay": 0.1}, "adamw:learning_rate=0.1", "name weight_decay or l2 as well"),
    ({"make": torch.optim.AdamW}, "adamw:l2=0.1", "say weight_decay, not l2"),
    ({"make": torch.optim.SGD}, "sgd:weight_decay=0.1", "say l2, not weight_decay"),
    ({"make": torch.optim.RMSprop}, "rmsprop:momentum=0.5", "momentum needs the slot"),
    ({"make": torch.optim.RMSprop}, "rmsprop:centered=true", "centered needs the slot"),
])
def test_what_pytorch_has_no_place_for_is_refused(optstate, tmp_path, settings, spec, message):
    torch_file(tmp_path / "a.pt", **settings)
    done = optstate("set", tmp_path / "a.pt", tmp_path / "b.pt", "--optimizer", spec, status=65)
    assert message in done.stderr and not (tmp_path / "b.pt").exists()


KERAS = {
    "rmsprop": (
        "RMSprop", {"momentum": 0.9, "centered": True}, "rmsprop:rho=0.5,momentum=0.1,learning_rate=0.01",
        {"rho": 0.5, "momentum": 0.1, "learning_rate": 0.01},
    ),
    "adamw": (
        "AdamW", {"clipnorm": 1.0}, "adamw:weight_decay=0.2,learning_rate=0.01",
        {"weight_decay": 0.2, "learning_rate": 0.01},
    ),
    "no rate": ("AdamW", {"learning_rate": 0.5}, "adamw:weight_decay=0.2", {"weight_decay": 0.2}),
    "whole rate": ("SGD", {"momentum": 0.9}, "sgd:learning_rate=1", {"learning_rate": 1.0}),
    "adam": ("Adam", {"amsgrad": True}, "adam:beta1=0.5", {"beta_1": 0.5}),
}


def keras_file(path, name, settings):
    import keras
    import keras_models as models

    model = models.model(keras, getattr(keras.optimizers, name)(**settings))
    models.train(model, 2)
    model.save(path)
    return model.optimizer


@pytest.mark.parametrize("by", ["set", "convert"])
@pytest.mark.parametrize("name", KERAS)
def test_keras_has_what_was_said(optstate, tmp_path, name, by):
    import keras
    import keras_models as models

    kind, settings, spec, wanted = KERAS[name]
    own = keras_file(tmp_path / "a.keras", kind, settings)
    optstate(by, tmp_path / "a.keras", tmp_path / "b.keras", "--optimizer", spec)
    model = keras.models.load_model(tmp_path / "b.keras")
    assert model.optimizer.get_config() == pytest.approx({**own.get_config(), **wanted})
    slots = [variable for variable in own.variables if variable.path.split("/")[-1] != "learning_rate"]
    found = [variable for variable in model.optimizer.variables if variable.path.split("/")[-1] != "learning_rate"]
    assert [v.numpy().tobytes() for v in found] == [v.numpy().tobytes() for v in slots]
    models.train(model, 1)


@pytest.mark.parametrize("kind, settings, spec, message", [
    ("RMSprop", {}, "rmsprop:momentum=0.1", "momentum needs slots"),
    ("RMSprop", {"momentum": 0.9}, "rmsprop:momentum=0", "slots that need momentum"),
    ("RMSprop", {}, "rmsprop:centered=true", "centered needs slots"),
    ("SGD", {}, "sgd:momentum=0.9", "momentum needs slots"),
    ("Adam", {}, "adam:amsgrad=true", "amsgrad needs slots"),
    ("Adam", {}, "adam:accumulation_steps=4", "accumulation_steps needs slots"),
    ("Adam", {}, "adam:ema_decay=0.5", "does not use ema_decay"),
])
def test_slots_that_keras_would_miss_are_refused(optstate, tmp_path, kind, settings, spec, message):
    keras_file(tmp_path / "a.keras", kind, settings)
    done = optstate("set", tmp_path / "a.keras", tmp_path / "b.keras", "--optimizer", spec, status=65)
    assert message in done.stderr and not (tmp_path / "b.keras").exists()
