"""States poured into files that the target's framework wrote of a fresh model: the framework loads them and goes on."""
import json
import shutil

import keras
import keras_models as models
import numpy as np
import pytest
import tf_keras
from conftest import tensors

OPTIMIZERS = {
    "Adam": lambda K: K.optimizers.Adam(1e-2),
    "Adam-amsgrad": lambda K: K.optimizers.Adam(1e-2, amsgrad=True),
    "AdamW": lambda K: K.optimizers.AdamW(1e-2, weight_decay=0.01),
    "SGD-momentum": lambda K: K.optimizers.SGD(0.1, momentum=0.9),
    "RMSprop": lambda K: K.optimizers.RMSprop(0.01),
    "Adagrad": lambda K: K.optimizers.Adagrad(0.01),
    "Adadelta": lambda K: K.optimizers.Adadelta(0.1),
    "Adam-ema": lambda K: K.optimizers.Adam(1e-2, use_ema=True),
}
SLOTS = {
    "Adam": ("_momentums", "_velocities"),
    "AdamW": ("_momentums", "_velocities"),
    "Adam-amsgrad": ("_momentums", "_velocities", ("_velocity_hats",)),
    "SGD-momentum": ("momentums",),
    "RMSprop": ("_velocities",),
    "Adagrad": ("_accumulators",),
    "Adadelta": ("_accumulated_grads", "_accumulated_delta_vars"),
    "Adam-ema": ("_momentums", "_velocities", "_model_variables_moving_average"),
}


def by_shape(model, optimizer, name):
    """The slots, each beside the name of its variable."""
    found = {}
    names = [v.name if "/" in v.name else v.path for v in model.trainable_variables]
    for attribute in SLOTS[name]:
        attribute = attribute if isinstance(attribute, str) else attribute[0]
        slots = getattr(optimizer, attribute, None)
        if slots is None:
            continue
        for variable, slot in zip(names, slots):
            found[variable.removesuffix(":0"), attribute] = np.asarray(slot)
    return found


def fresh(K, name, path, steps=0):
    """A file that the framework wrote of a model with other numbers; never trained, or a little."""
    made = models.model(K, OPTIMIZERS[name](K))
    made.set_weights([w + 1 for w in made.get_weights()])
    if steps:
        models.train(made, steps)
    made.save_weights(path) if str(path).endswith(".weights.h5") else made.save(path)
    return path


def compare(loaded, wanted, name, steps):
    for one, two in zip(loaded.get_weights(), wanted.get_weights(), strict=True):
        assert (np.asarray(one) == np.asarray(two)).all()
    assert int(loaded.optimizer.iterations) == steps
    found = by_shape(loaded, loaded.optimizer, name)
    slots = by_shape(wanted, wanted.optimizer, name)
    if hasattr(loaded.optimizer, "_momentums"):
        assert len(found) >= 2
    for key, slot in slots.items():
        if key in found:
            assert (found[key] == slot).all(), key
    assert set(found) & set(slots)


def goes_on(K, loaded, old, name="Adam"):
    """What it was made of cannot be told from what Keras itself would have: it goes on as that does."""
    twin = models.model(K, OPTIMIZERS[name](K))
    twin.set_weights(old.get_weights())
    twin.optimizer.build(twin.trainable_variables)
    for one, two in zip(twin.optimizer.variables, loaded.optimizer.variables, strict=True):
        one.assign(two)
    models.train(twin, 2)
    models.train(loaded, 2)
    for one, two in zip(loaded.get_weights(), twin.get_weights(), strict=True):
        assert (np.asarray(one) == np.asarray(two)).all()


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_tf_keras_goes_on_in_keras_3(optstate, tmp_path, name, steps):
    """The file that `convert` alone cannot give Keras 3; its own never loads moments from a legacy file."""
    old = models.model(tf_keras, OPTIMIZERS[name](tf_keras))
    models.train(old, 3)
    old.save(tmp_path / "a.h5")
    template = fresh(keras, name, tmp_path / "t.keras", steps)
    optstate("convert", tmp_path / "a.h5", tmp_path / "b.keras", "--like", template)
    loaded = keras.models.load_model(tmp_path / "b.keras")
    compare(loaded, old, name, 3)
    goes_on(keras, loaded, old, name)
    optstate("doctor", tmp_path / "b.keras")


@pytest.mark.parametrize("suffix", ["keras", "weights.h5"])
@pytest.mark.parametrize("kind", ["checkpoint", "saved-model"])
def test_saved_model_goes_on_in_keras_3(optstate, tmp_path, kind, suffix):
    import tensorflow as tf

    old = models.model(tf_keras, tf_keras.optimizers.Adam(1e-2))
    models.train(old, 3)
    if kind == "saved-model":
        # The name of the model's input is none that a signature of its own making takes.
        call = tf.function(lambda x: old(x), input_signature=[tf.TensorSpec((None, 4))])
        old.save(tmp_path / "c", save_format="tf", signatures=call)
    else:
        tf.train.Checkpoint(model=old, optimizer=old.optimizer).save(str(tmp_path / "c" / "ckpt"))
    template = fresh(keras, "Adam", tmp_path / f"t.{suffix}", steps=1)
    made = tmp_path / f"b.{suffix}"
    optstate("convert", tmp_path / "c", made, "--like", template)
    if suffix == "keras":
        loaded = keras.models.load_model(made)
    else:
        loaded = models.model(keras, keras.optimizers.Adam(1e-2))
        loaded.optimizer.build(loaded.trainable_variables)
        loaded.load_weights(made)
    compare(loaded, old, "Adam", 3)
    goes_on(keras, loaded, old)


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_legacy_optimizer_goes_on_as_the_new_one(optstate, tmp_path, suffix, steps):
    old = models.model(tf_keras, tf_keras.optimizers.legacy.Adam(1e-2))
    models.train(old, 3)
    old.save(tmp_path / "a.h5")
    template = fresh(tf_keras, "Adam", tmp_path / f"t.{suffix}", steps)
    optstate("convert", tmp_path / "a.h5", tmp_path / f"b.{suffix}", "--like", template)
    loaded = tf_keras.models.load_model(tmp_path / f"b.{suffix}")
    assert int(loaded.optimizer.iterations) == 3
    for place, (variable, own) in enumerate(
        zip(loaded.trainable_variables, old.trainable_variables, strict=True)
    ):
        assert (variable.numpy() == own.numpy()).all()
        for lists, slot in (("_momentums", "m"), ("_velocities", "v")):
            found = getattr(loaded.optimizer, lists)[place].numpy()
            assert (found == old.optimizer.get_slot(own, slot).numpy()).all()
    goes_on(tf_keras, loaded, old)


def test_graph_of_tensorflow_1_goes_on_in_an_object_checkpoint(optstate, tmp_path):
    import tensorflow as tf

    v1 = tf.compat.v1
    generator = np.random.default_rng(5)
    values = {"first/kernel": (4, 3), "first/bias": (3,), "last/kernel": (3, 2)}
    with tf.Graph().as_default(), v1.Session() as session:
        weights = [
            v1.get_variable(name, initializer=generator.normal(size=shape).astype("f"))
            for name, shape in values.items()
        ]
        step = v1.train.get_or_create_global_step()
        loss = sum(tf.reduce_sum(weight**2) for weight in weights)
        update = v1.train.AdamOptimizer(0.01).minimize(loss, global_step=step)
        session.run(v1.global_variables_initializer())
        for _ in range(4):
            session.run(update)
        v1.train.Saver().save(session, str(tmp_path / "old.ckpt"), write_meta_graph=False)
    old = tensors(tmp_path / "old.ckpt")

    def made():
        tf_keras.backend.clear_session()
        model = tf_keras.Sequential(
            [
                tf_keras.layers.Dense(3, input_shape=(4,), name="first"),
                tf_keras.layers.Dense(2, use_bias=False, name="last"),
            ]
        )
        optimizer = tf_keras.optimizers.legacy.Adam(0.01)
        return model, optimizer, tf.train.Checkpoint(model=model, optimizer=optimizer)

    model, optimizer, checkpoint = made()
    optimizer.apply_gradients([(tf.ones_like(v), v) for v in model.trainable_variables])
    template = checkpoint.save(str(tmp_path / "t" / "ckpt"))
    optstate("convert", tmp_path / "old.ckpt", tmp_path / "new.ckpt", "--like", template)
    model, optimizer, checkpoint = made()
    checkpoint.restore(str(tmp_path / "new.ckpt")).expect_partial()
    optimizer._create_all_weights(model.trainable_variables)
    assert int(optimizer.iterations) == 4
    for variable in model.trainable_variables:
        name = variable.name.removesuffix(":0")
        assert (variable.numpy() == old[name]).all()
        for slot, suffix in (("m", "Adam"), ("v", "Adam_1")):
            assert (optimizer.get_slot(variable, slot).numpy() == old[f"{name}/{suffix}"]).all()


# PyTorch.


def torch_model(kind):
    import torch

    class Named(torch.nn.Module):
        def __init__(self):
            super().__init__()
            if kind == "plain":
                self.first, self.norm, self.last = torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2)
            else:
                self.last, self.norm, self.first = torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(3), torch.nn.Linear(4, 3)

        def forward(self, x):
            return self.last(self.norm(self.first(x)))

    torch.manual_seed(3)
    return torch.nn.Sequential(Named()) if kind == "prefixed" else Named()


def torch_steps(model, optimizer, steps):
    import torch

    torch.manual_seed(7)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(8, 4)).pow(2).mean().backward()
        optimizer.step()


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize("kind", ["plain", "reordered", "prefixed"])
def test_torch_model_of_other_names_and_order_goes_on(optstate, tmp_path, kind, steps):
    import torch

    def both(kind, rate):
        model = torch_model(kind)
        return model, torch.optim.AdamW(model.parameters(), rate, weight_decay=0.1, fused=True)

    def save(model, optimizer, path):
        torch.save({"net": model.state_dict(), "optimizer": optimizer.state_dict(), "note": "kept"}, path)

    old = both("plain", 1e-2)
    torch_steps(*old, 3)
    save(*old, tmp_path / "a.pt")
    other = both(kind, 1e-3)
    torch_steps(*other, steps)
    save(*other, tmp_path / "t.pt")
    optstate("convert", tmp_path / "a.pt", tmp_path / "b.pt", "--like", tmp_path / "t.pt")
    file = torch.load(tmp_path / "b.pt", weights_only=True)
    assert file["note"] == "kept"
    new = both(kind, 1e-4)
    new[0].load_state_dict(file["net"])
    new[1].load_state_dict(file["optimizer"])
    assert new[1].param_groups[0]["lr"] == 1e-2
    torch_steps(*old, 4)
    torch_steps(*new, 4)
    wanted = dict(old[0].named_parameters())
    for name, parameter in new[0].named_parameters():
        assert torch.equal(parameter, wanted[name.removeprefix("0.")]), name
        state = new[1].state[parameter]
        assert state["step"] == 7
        assert torch.equal(state["exp_avg"], old[1].state[wanted[name.removeprefix("0.")]]["exp_avg"])


# Directories.


def accelerated(seed, steps):
    """Model, optimizer and scheduler as accelerate has them after some steps."""
    import accelerate
    import torch

    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2, weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, total_iters=10)
    accelerator = accelerate.Accelerator(cpu=True)
    made = accelerator.prepare(model, optimizer, scheduler)
    accelerated_steps(made, steps)
    return accelerator, made


def accelerated_steps(made, steps):
    model, optimizer, scheduler = made
    for _ in range(steps):
        torch_steps(model, optimizer, 1)
        scheduler.step()


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize("safe", [True, False], ids=["safetensors", "pickled"])
def test_a_plain_file_goes_on_in_a_directory_of_accelerates(optstate, tmp_path, safe, steps):
    import torch

    accelerator, template = accelerated(5, steps)
    accelerator.save_state(str(tmp_path / "t"), safe_serialization=safe)
    _, old = accelerated(1, 3)
    torch.save({"model": old[0].state_dict(), "optimizer": old[1].optimizer.state_dict()}, tmp_path / "a.pt")
    if safe and not steps:
        # safetensors sorts the model by name, and an optimizer that has not run tells nothing of its order.
        done = optstate("convert", tmp_path / "a.pt", tmp_path / "b", "--like", tmp_path / "t", status=65)
        assert "has not run" in done.stderr and not (tmp_path / "b").exists()
        return
    optstate("convert", tmp_path / "a.pt", tmp_path / "b", "--like", tmp_path / "t")
    assert sorted(one.name for one in (tmp_path / "b").iterdir()) == sorted(
        one.name for one in (tmp_path / "t").iterdir()
    )
    accelerator, new = accelerated(9, 0)
    accelerator.load_state(str(tmp_path / "b"))
    assert new[2].scheduler.last_epoch == 3
    accelerated_steps(old, 3)
    accelerated_steps(new, 3)
    for one, two in zip(new[0].parameters(), old[0].parameters(), strict=True):
        assert torch.equal(one, two)
        assert torch.equal(new[1].optimizer.state[one]["exp_avg"], old[1].optimizer.state[two]["exp_avg"])


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
@pytest.mark.parametrize("flat", [False, True], ids=["nested", "flat"])
@pytest.mark.parametrize("steps", [0, 1])
def test_a_plain_file_goes_on_in_a_distributed_checkpoint(optstate, tmp_path, steps, flat):
    import distributed_runs as runs
    import torch
    import torch.distributed.checkpoint as dcp
    import torch.distributed.checkpoint.state_dict as states

    def other(steps):
        made = runs.build(0)
        for parameter in made[0].parameters():
            parameter.data.add_(1)
        runs.train(*made, 0, steps)
        return made

    old = runs.build(0)
    runs.train(*old, 0, 3)
    torch.save({"model": old[0].state_dict(), "optimizer": old[1].state_dict()}, tmp_path / "a.pt")
    dcp.save(runs.state(*other(steps), flat=flat), checkpoint_id=tmp_path / "t")
    optstate("convert", tmp_path / "a.pt", tmp_path / "b", "--like", tmp_path / "t")
    new = other(0)
    state = runs.state(*new, flat=flat)
    dcp.load(state, checkpoint_id=tmp_path / "b")
    states.set_state_dict(
        *new, model_state_dict=state["model"], optim_state_dict=state["optim"],
        options=states.StateDictOptions(flatten_optimizer_state_dict=flat),
    )  # fmt: skip
    runs.train(*old, 3, 2)
    runs.train(*new, 3, 2)
    for one, two in zip(new[0].parameters(), old[0].parameters(), strict=True):
        assert torch.equal(one, two)


def test_a_plain_file_goes_on_in_a_directory_of_the_trainers(optstate, tmp_path):
    """A model of transformers that a plain loop trained, in a directory that a Trainer wrote of it after two steps."""
    import test_trainer_models as trainers
    import torch

    wanted = trainers.trainer("roberta", tmp_path / "wanted", steps=6)
    wanted.train()
    first = tmp_path / "wanted" / "checkpoint-4"
    state = torch.load(first / "optimizer.pt", weights_only=True)
    order = {id(value): name for name, value in wanted.model.named_parameters()}
    names = [order[id(value)] for group in wanted.optimizer.param_groups for value in group["params"]]
    for group, own in zip(state["param_groups"], (names[: len(state["param_groups"][0]["params"])], names)):
        group["param_names"] = own[-len(group["params"]) :]
    from safetensors.torch import load_file

    torch.save({"model": load_file(first / "model.safetensors"), "optimizer": state}, tmp_path / "a.pt")
    net = trainers.model("roberta")
    for parameter in net.parameters():
        parameter.data.add_(0.01)
    trainers.trainer("roberta", tmp_path / "template", steps=6, net=net).train()
    template = tmp_path / "template" / "checkpoint-2"
    optstate("convert", tmp_path / "a.pt", tmp_path / "b", "--like", template)
    # Where the generators stood no state says.
    shutil.copy(first / "rng_state.pth", tmp_path / "b")
    again = trainers.trainer("roberta", tmp_path / "again", steps=6)
    again.train(resume_from_checkpoint=str(tmp_path / "b"))
    assert again.state.global_step == 6
    for one, two in zip(again.model.parameters(), wanted.model.parameters(), strict=True):
        assert torch.equal(one, two)


# What is refused.


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("like")
    old = models.model(tf_keras, tf_keras.optimizers.Adam(1e-2))
    models.train(old, 2)
    old.save(folder / "a.h5")
    return folder / "a.h5", fresh(keras, "Adam", folder / "t.keras")


def test_a_dry_run_writes_nothing_and_names_every_tensor(optstate, pair, tmp_path):
    state, template = pair
    done = optstate("convert", state, tmp_path / "b.keras", "--like", template, "--dry-run", "--json")
    rows = {row["target"]: row for row in json.loads(done.stdout)}
    assert rows["first/kernel/adam_m"] == {
        "target": "first/kernel/adam_m", "source": "first/kernel/adam_m", "match": "name",
    }
    assert not list(tmp_path.iterdir())
    text = optstate("convert", state, tmp_path / "b.keras", "--like", template).stdout
    assert "first/kernel <- first/kernel (name)" in text
    assert (tmp_path / "b.keras").exists()


def test_templates_of_something_else(optstate, pair, tmp_path):
    state, template = pair
    out = tmp_path / "no.keras"

    def refused(*arguments, status=65):
        message = optstate("convert", state, out, "--like", *arguments, status=status).stderr
        assert not list(tmp_path.glob("no*"))
        return message

    assert "its own template" in refused(state, status=64)
    assert "another optimizer" in refused(fresh(keras, "RMSprop", tmp_path / "r.keras"))
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(7, name="first")])
    model.compile("adam", "mse")
    model.save(tmp_path / "m.keras")
    assert "another shape" in refused(tmp_path / "m.keras")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="first")])
    model.compile("adam", "mse")
    model.save(tmp_path / "s.keras")
    assert "the template has no place for" in refused(tmp_path / "s.keras")
    done = optstate("convert", state, tmp_path / "p.keras", "--like", tmp_path / "s.keras", "--partial")
    assert "(left out)" in done.stdout
    assert keras.models.load_model(tmp_path / "p.keras").optimizer.iterations == 2
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="first")])
    model.save(tmp_path / "u.keras")
    assert "no optimizer" in refused(tmp_path / "u.keras", "--partial")
    assert "--to" in refused(template, "--to", "keras", status=64)


# Bad input, and an end at any moment.


@pytest.mark.parametrize("folder", ["keras", "pytorch-state", "tensorflow-objects"])
def test_forged_templates_are_refused(optstate, pair, tmp_path, folder):
    """Whatever a template claims, nothing is written, and the message is one of ours."""
    from conftest import FIXTURES

    state, _ = pair
    lines = (FIXTURES / "hostile" / folder / "attacks.tsv").read_text("utf-8").splitlines()
    names = [line.split("\t")[0] for line in lines[1:]]
    out = tmp_path / "out"
    for name in names[:: max(1, len(names) // 6)]:
        template = FIXTURES / "hostile" / folder / name
        done = optstate("convert", state, out / "b", "--like", template, status=range(60, 80))
        assert done.stderr.startswith("error: ") and "Fatal" not in done.stderr
        done = optstate("convert", template, out / "b", "--like", state, status=range(60, 80))
        assert done.stderr.startswith("error: ") and not out.exists()


def test_a_kill_leaves_nothing_or_all(optstate, pair, tmp_path):
    import os
    import subprocess
    import time

    state, template = pair
    golden = tmp_path / "golden.keras"
    start = time.monotonic()
    optstate("convert", state, golden, "--like", template)
    whole = time.monotonic() - start
    for part in range(1, 7):
        out = tmp_path / f"{part}" / "b.keras"
        out.parent.mkdir()
        command = [os.environ["OPTSTATE"], "convert", state, out, "--like", template]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * part / 6)
        process.kill()
        process.wait()
        assert not out.exists() or out.read_bytes() == golden.read_bytes()
