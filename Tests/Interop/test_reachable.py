"""Whatever is wrong with the optimizer's part of a state, its parameters can be had, and what is left behind is said."""
import io
import json
import pickle
import shutil
import zipfile

import h5py
import numpy as np
import pytest
from conftest import FIXTURES, assert_same
from safetensors.numpy import load_file, save_file

KERAS = FIXTURES / "reference" / "keras"
ADAM = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01, "amsgrad": False, "maximize": False}
ADAM |= {"foreach": None, "capturable": False, "differentiable": False, "fused": None, "decoupled_weight_decay": True}


def trained():
    """A model with AdamW after some updates, and its parameters as arrays."""
    import torch

    torch.manual_seed(0)
    model = {"a.weight": torch.randn(4, 3), "a.bias": torch.randn(4), "b.weight": torch.randn(2, 4)}
    state = {
        number: {"step": torch.tensor(3.0), "exp_avg": torch.randn_like(one) * 1e-3, "exp_avg_sq": torch.rand_like(one)}
        for number, one in enumerate(model.values())
    }
    return {"model": model, "optimizer": {"state": state, "param_groups": [{**ADAM, "params": [0, 1, 2]}]}}


def arrays(optstate, state, folder, *options):
    path = folder / "arrays.safetensors"
    optstate("convert", state, path, "--only", "parameters", "--overwrite", "--naming", "keep", *options)
    return load_file(path)


def assert_reachable(optstate, sound, damaged, folder):
    """What commands that need no more than parameters do; returns whether the rest is refused."""
    wanted = arrays(optstate, sound, folder)
    assert_same(arrays(optstate, damaged, folder), wanted)
    found = json.loads(optstate("inspect", damaged, "--json").stdout)
    assert found["account"]["parameter"]["count"] + found["account"]["not_trained"]["count"] >= len(wanted)
    out = folder / "public" / damaged.name
    if out.parent.exists():
        shutil.rmtree(out.parent)
    stripped = optstate("strip", damaged, out, "--to", found["format"])
    assert_same(arrays(optstate, out, folder), wanted)
    left = json.loads(optstate("inspect", out, "--json").stdout)
    assert not left["totals"]["slots"] and left["account"]["unrecognized"]["count"] == 0, left["account"]
    whole = optstate("convert", damaged, folder / "whole.h5", "--overwrite", status={0, 65, 66})
    if whole.returncode:
        assert "left out" in stripped.stderr, stripped.stderr
        assert "not read" in optstate("inspect", damaged).stdout
        optstate("doctor", damaged, status=whole.returncode)
    return whole.returncode > 0


def edited(change):
    """A change of the optimizer's dictionary."""

    def apply(saved):
        import torch

        change(saved["optimizer"], torch)

    return apply


def first(optimizer):
    return optimizer["state"][0]


TORCH = {
    "entry is a list": lambda o, t: o["state"].update({0: [1, 2]}),
    "entry is a number": lambda o, t: o["state"].update({0: 3}),
    "number twice": lambda o, t: o["param_groups"][0].update(params=[0, 1, 1]),
    "numbers are fractions": lambda o, t: o["param_groups"][0].update(params=[0.5, 1, 2]),
    "key is a tuple": lambda o, t: o["state"].update({(1, 2): first(o)}),
    "moment of another shape": lambda o, t: first(o).update(exp_avg=t.zeros(7, 7)),
    "step is no number": lambda o, t: first(o).update(step=t.tensor(float("nan"))),
    "step is a fraction": lambda o, t: first(o).update(step=t.tensor(1.5)),
    "step is infinite": lambda o, t: first(o).update(step=t.tensor(float("inf"))),
    "step is a text": lambda o, t: first(o).update(step="three"),
    "rate is a text": lambda o, t: o["param_groups"][0].update(lr="fast"),
    "betas are one number": lambda o, t: o["param_groups"][0].update(betas=0.9),
    "betas are beyond one": lambda o, t: o["param_groups"][0].update(betas=(9.0, -1.0)),
    "more numbers than parameters": lambda o, t: o["param_groups"][0].update(params=list(range(9))),
    "names are those of one": lambda o, t: o["param_groups"][0].update(param_names=["x", "x", "x"]),
    "groups are no list": lambda o, t: o.update(param_groups={"a": 1}),
    "groups lack their parameters": lambda o, t: o["param_groups"][0].pop("params"),
    "moments are texts": lambda o, t: first(o).update(exp_avg="m", exp_avg_sq="v"),
}


def save(saved, path):
    import torch

    torch.save(saved, path)
    return path


@pytest.mark.parametrize("name", TORCH)
def test_pytorch(optstate, tmp_path, name):
    sound, damaged = trained(), trained()
    edited(TORCH[name])(damaged)
    assert_reachable(optstate, save(sound, tmp_path / "s.pt"), save(damaged, tmp_path / "d.pt"), tmp_path)


def rewritten(source, target, change):
    """A zip archive with one of its members changed, or left out where the change gives nothing."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for one in old.namelist():
            content = change(one, old.read(one))
            if content is not None:
                new.writestr(one, content)
    return target


@pytest.mark.parametrize("key, content", [("9", None), ("9", b"x"), ("4", b""), ("10", None)])
def test_storage_of_a_moment_is_damaged(optstate, tmp_path, key, content):
    sound = save(trained(), tmp_path / "s.pt")
    damaged = rewritten(
        sound, tmp_path / "d.pt", lambda name, old: content if name.endswith(f"/data/{key}") else old
    )
    assert assert_reachable(optstate, sound, damaged, tmp_path)


def view_of_a_moment(pickled):
    """A moment's view that begins beyond its storage."""
    place = pickled.index(b"exp_avg")
    cut = pickled.index(b"K\x00K\x04K\x03", place)
    return pickled[:cut] + b"K\x63" + pickled[cut + 2 :]


def test_view_of_a_moment_is_beyond_its_storage(optstate, tmp_path):
    sound = save(trained(), tmp_path / "s.pt")
    damaged = rewritten(
        sound, tmp_path / "d.pt", lambda name, old: view_of_a_moment(old) if name.endswith("data.pkl") else old
    )
    assert assert_reachable(optstate, sound, damaged, tmp_path)


@pytest.fixture
def directory(optstate, tmp_path):
    """A Trainer's directory of the trained model."""
    saved = trained()
    folder = tmp_path / "checkpoint-3"
    folder.mkdir()
    save_file({name: one.numpy() for name, one in saved["model"].items()}, folder / "model.safetensors")
    save(saved["optimizer"], folder / "optimizer.pt")
    (folder / "trainer_state.json").write_text(json.dumps({"global_step": 3, "train_batch_size": 4}))
    (folder / "config.json").write_text("{}")
    return folder


def broken(text):
    return lambda folder: (folder / "optimizer.pt").write_bytes(text)


def cut(count):
    return lambda folder: (folder / "optimizer.pt").write_bytes((folder / "optimizer.pt").read_bytes()[:count])


DIRECTORIES = {
    "optimizer is empty": broken(b""),
    "optimizer is text": broken(b"hello"),
    "optimizer is cut": cut(1000),
    "optimizer lacks its end": cut(-30),
    "optimizer runs something": broken(pickle.dumps(print, protocol=2)),
    "optimizer is a list": lambda folder: save([1], folder / "optimizer.pt"),
    "step is a text": lambda folder: (folder / "trainer_state.json").write_text('{"global_step": "3"}'),
    "state is no object": lambda folder: (folder / "trainer_state.json").write_text("[]"),
    "state is cut": lambda folder: (folder / "trainer_state.json").write_text('{"global'),
    "scheduler is cut": lambda folder: (folder / "scheduler.pt").write_bytes(b"PK\3\4"),
}


@pytest.mark.parametrize("name", [*DIRECTORIES, *list(TORCH)[::3]])
def test_directory_of_a_trainer(optstate, tmp_path, directory, name):
    sound = tmp_path / "sound"
    shutil.copytree(directory, sound)
    if name in TORCH:
        saved = trained()
        edited(TORCH[name])(saved)
        save(saved["optimizer"], directory / "optimizer.pt")
    else:
        DIRECTORIES[name](directory)
    assert_reachable(optstate, sound, directory, tmp_path)


@pytest.mark.parametrize("name", list(TORCH)[1::3])
def test_sharded_by_torch(optstate, tmp_path, name):
    import torch.distributed.checkpoint as dcp

    sound, damaged = trained(), trained()
    edited(TORCH[name])(damaged)
    for saved, path in ((sound, "sound"), (damaged, "damaged")):
        dcp.save(saved, checkpoint_id=tmp_path / path, no_dist=True)
    assert_reachable(optstate, tmp_path / "sound", tmp_path / "damaged", tmp_path)


def described(change):
    return lambda metadata, tensors: metadata.update(optstate=json.dumps(change(json.loads(metadata["optstate"]))))


SAFETENSORS = {
    "description is cut": lambda metadata, tensors: metadata.update(optstate=metadata["optstate"][:-9]),
    "description is a list": described(lambda one: []),
    "description is of nothing": described(lambda one: {}),
    "a slot is gone": lambda metadata, tensors: tensors.pop(next(name for name in tensors if "adam_m" in name)),
    "the step is gone": lambda metadata, tensors: tensors.pop("global_step"),
    "the step is a fraction": lambda metadata, tensors: tensors.update(global_step=np.float32(1.5)),
    "the step is a vector": lambda metadata, tensors: tensors.update(global_step=np.arange(3)),
    "a slot has another shape": lambda metadata, tensors: tensors.update({"a.weight/adam_m": np.zeros((9, 9), "f4")}),
    "a slot is whole numbers": lambda metadata, tensors: tensors.update({"a.weight/adam_m": np.zeros((4, 3), "i4")}),
    "a slot is nobody's": lambda metadata, tensors: tensors.update({"z/adam_m": np.zeros(3, "f4")}),
}


def names_of(path):
    with open(path, "rb") as file:
        return json.loads(file.read(int.from_bytes(file.read(8), "little")))["__metadata__"]


@pytest.mark.parametrize("name", SAFETENSORS)
def test_safetensors(optstate, tmp_path, name):
    sound, damaged = tmp_path / "s.safetensors", tmp_path / "d.safetensors"
    optstate("convert", save(trained(), tmp_path / "s.pt"), sound)
    metadata, tensors = names_of(sound), load_file(sound)
    SAFETENSORS[name](metadata, tensors)
    save_file({key: np.array(one, order="C") for key, one in tensors.items()}, damaged, metadata)
    assert_reachable(optstate, sound, damaged, tmp_path)


@pytest.mark.parametrize("name", [one for one in SAFETENSORS if "description" not in one])
def test_npz(optstate, tmp_path, name):
    sound, damaged = tmp_path / "s.npz", tmp_path / "d.npz"
    optstate("convert", save(trained(), tmp_path / "s.pt"), sound)
    tensors = dict(np.load(sound))
    SAFETENSORS[name]({}, tensors)
    np.savez(damaged, **tensors)
    assert_reachable(optstate, sound, damaged, tmp_path)


M = "a.weight/adam_m"


def attribute(place, name, value):
    def change(file):
        file[place].attrs[name] = value

    return change


def moved(file):
    file.move(M, "nowhere/adam_m")


STORE = {
    "kind is a number": attribute("@optimizer", "kind", 3),
    "kind is gone": lambda file: file["@optimizer"].attrs.__delitem__("kind"),
    "schedule has no kind": lambda file: file.create_group("@schedule"),
    "a group has no members": lambda file: file.create_group("@optimizer/groups/0"),
    "groups have a gap": lambda file: file.create_group("@optimizer/groups/7"),
    "the step is a fraction": lambda file: (file.__delitem__("global_step"), file.create_dataset("global_step", data=1.5)),
    "a slot is nobody's": moved,
    "a slot is of no type": attribute(M, "dtype", "float7"),
    "a slot's sum is a text": attribute(M, "crc32c", "none"),
    "a slot is of texts": lambda file: (file.__delitem__(M), file.create_dataset(M, data=b"text")),
    "a variable's step is a text": attribute("a.weight", "step", "three"),
    "a slot's beginning is a text": attribute(M, "start", "three"),
}


@pytest.mark.parametrize("name", STORE)
def test_store(optstate, tmp_path, name):
    sound, damaged = tmp_path / "s.h5", tmp_path / "d.h5"
    optstate("convert", save(trained(), tmp_path / "s.pt"), sound)
    shutil.copy(sound, damaged)
    with h5py.File(damaged, "a") as file:
        STORE[name](file)
    assert_reachable(optstate, sound, damaged, tmp_path)


def slots(file):
    """The group and the list of an optimizer of Keras'."""
    group = file["optimizer_weights"]
    return group, list(group.attrs["weight_names"])


def renamed(change):
    def apply(file):
        group, names = slots(file)
        del group.attrs["weight_names"]
        group.attrs["weight_names"] = change(names)

    return apply


def replaced(place, value):
    def change(file):
        group, names = slots(file)
        name = names[place].decode() if isinstance(names[place], bytes) else names[place]
        del group[name]
        group.create_dataset(name, data=value)

    return change


KERAS_LEGACY = {
    "the list is empty": renamed(lambda names: names[:0]),
    "the list names one twice": renamed(lambda names: names + names[-1:]),
    "the list lacks its last": renamed(lambda names: names[:-1]),
    "the list lacks its counter": renamed(lambda names: names[1:]),
    "the list names what is not there": renamed(lambda names: [*names[:-1], type(names[0])(names[0]) * 2]),
    "the counter is a fraction": replaced(0, np.float32(1.5)),
    "the counter is a vector": replaced(0, np.arange(3)),
    "a slot has another shape": replaced(2, np.zeros((9, 9), "f4")),
    "the configuration is cut": lambda file: file.attrs.__setitem__("training_config", '{"optimizer_config": {'),
    "the configuration is a list": lambda file: file.attrs.__setitem__("training_config", "[]"),
    "the class is a number": lambda file: file.attrs.__setitem__(
        "training_config", '{"optimizer_config": {"class_name": 3, "config": []}}'
    ),
    "a slot is of no list": lambda file: slots(file)[0].create_dataset("nobody", data=np.zeros(3, "f4")),
}


@pytest.mark.parametrize("name", KERAS_LEGACY)
def test_keras_h5(optstate, tmp_path, name):
    fixture = ["3-adam.h5", "2.3.1-adam.h5", "tf-new-adam.h5"][list(KERAS_LEGACY).index(name) % 3]
    damaged = tmp_path / "d.h5"
    shutil.copy(KERAS / fixture, damaged)
    with h5py.File(damaged, "a") as file:
        KERAS_LEGACY[name](file)
    assert_reachable(optstate, KERAS / fixture, damaged, tmp_path)


def weights(place, value):
    def change(file):
        group = file["optimizer/vars"]
        del group[str(place)]
        if value is not None:
            group.create_dataset(str(place), data=value)

    return change


KERAS_WEIGHTS = {
    "a slot is gone": weights(3, None),
    "the counter is gone": weights(0, None),
    "the counter is a fraction": weights(0, np.float32(1.5)),
    "the counter is a vector": weights(0, np.arange(3)),
    "the rate is a vector": weights(1, np.zeros(3, "f4")),
    "a slot has another shape": weights(2, np.zeros((9, 9), "f4")),
    "a slot is whole numbers": weights(2, np.zeros((9, 9), "i8")),
    "a slot too many": lambda file: file["optimizer/vars"].create_dataset("99", data=np.zeros(3, "f4")),
    "a place of its own": lambda file: file.create_dataset("optimizer/other/vars/0", data=np.zeros(3, "f4")),
    "an inner optimizer": lambda file: file.create_dataset("optimizer/inner_optimizer/vars/0", data=np.int64(3)),
    "no slots": lambda file: file["optimizer"].__delitem__("vars"),
}


@pytest.mark.parametrize("name", KERAS_WEIGHTS)
def test_keras_weights(optstate, tmp_path, name):
    sound, damaged = KERAS / "3-adam.weights.h5", tmp_path / "d.weights.h5"
    shutil.copy(sound, damaged)
    with h5py.File(damaged, "a") as file:
        KERAS_WEIGHTS[name](file)
    assert_reachable(optstate, sound, damaged, tmp_path)


@pytest.mark.parametrize("name", list(KERAS_WEIGHTS)[::2])
def test_keras_archive(optstate, tmp_path, name):
    sound, damaged = KERAS / "3-adam.keras", tmp_path / "d.keras"

    def change(member, content):
        if member != "model.weights.h5":
            return content
        stream = io.BytesIO(content)
        with h5py.File(stream, "a") as file:
            KERAS_WEIGHTS[name](file)
        return stream.getvalue()

    assert_reachable(optstate, sound, rewritten(sound, damaged, change), tmp_path)


TENSORFLOW = {
    "a slot is gone": lambda t: t.pop("w/Adam"),
    "a slot has another shape": lambda t: t.update({"w/Adam": np.zeros((9, 9), "f4")}),
    "a slot is whole numbers": lambda t: t.update({"w/Adam": np.zeros((4, 3), "i4")}),
    "a slot is texts": lambda t: t.update({"w/Adam": np.array(["a", "b"])}),
    "the step is a fraction": lambda t: t.update(global_step=np.float32(1.5)),
    "the step is below zero": lambda t: t.update(global_step=np.int64(-1)),
    "a power is no number": lambda t: t.update(beta1_power=np.float32("nan")),
    "a power is above one": lambda t: t.update(beta1_power=np.float32(7)),
}


@pytest.mark.parametrize("name", TENSORFLOW)
def test_tensorflow(optstate, tmp_path, name):
    import tensorflow as tf

    w = np.ones((4, 3), "f4")
    tensors = {"w": w, "w/Adam": w * 1e-3, "w/Adam_1": w, "global_step": np.int64(3)}
    tensors |= {"beta1_power": np.float32(0.9**3), "beta2_power": np.float32(0.999**3)}
    for path in ("sound", "damaged"):
        tf.raw_ops.SaveV2(
            prefix=str(tmp_path / path / "model.ckpt-3"), tensor_names=list(tensors),
            shape_and_slices=[""] * len(tensors), tensors=list(tensors.values()),
        )  # fmt: skip
        if path == "sound":
            TENSORFLOW[name](tensors)
    assert_reachable(optstate, tmp_path / "sound/model.ckpt-3", tmp_path / "damaged/model.ckpt-3", tmp_path)


def sharded(optstate, folder, form, *options):
    optstate("convert", save(trained(), folder / "s.pt"), folder / "sound", "--to", form, *options)
    shutil.copytree(folder / "sound", folder / "damaged")
    return folder / "sound", folder / "damaged"


RANKS = {
    "a rank's file is text": lambda path: path.write_bytes(b"hello"),
    "a rank's file is cut": lambda path: path.write_bytes(path.read_bytes()[:500]),
    "a rank's file lacks its end": lambda path: path.write_bytes(path.read_bytes()[:-30]),
    "a rank's file is empty": lambda path: path.write_bytes(b""),
    "a rank's file is a list": lambda path: save([1], path),
    "a rank's file is gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("name", RANKS)
def test_ranks_of_deepspeed(optstate, tmp_path, name):
    sound, damaged = sharded(optstate, tmp_path, "deepspeed", "--ranks", "2")
    (path,) = damaged.rglob("*zero_pp_rank_0_*optim_states.pt")
    RANKS[name](path)
    assert_reachable(optstate, sound, damaged, tmp_path)
