"""What the reference writer and MLX wrote comes back byte for byte, and both load what is written."""
import json
import struct

import numpy as np
import pytest
from conftest import BERT, assert_same, tensors
from safetensors import safe_open
from safetensors.numpy import load_file, save_file


def header(path):
    content = path.read_bytes()
    return json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])


def reference_tensors():
    types = "bool_ uint8 int8 int16 uint16 float16 int32 uint32 float32 complex64 float64 int64 uint64".split()
    made = {f"t.{name}": np.ones((2, 3), getattr(np, name)) for name in types}
    return {**made, "scalar": np.array(7, "<i8"), "empty": np.zeros((0, 4), "<f4"), 'é/ü"\\\n': np.ones(1, "<f4")}


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}, {"b": "1", "a": "ü", "c": ""}], ids=str)
def test_reference_file_comes_back_byte_for_byte(optstate, tmp_path, metadata):
    save_file(reference_tensors(), tmp_path / "a.safetensors", metadata=metadata)
    optstate("convert", tmp_path / "a.safetensors", tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back.safetensors")
    assert (tmp_path / "back.safetensors").read_bytes() == (tmp_path / "a.safetensors").read_bytes()
    optstate("convert", tmp_path / "a.safetensors", tmp_path / "direct.safetensors")
    assert (tmp_path / "direct.safetensors").read_bytes() == (tmp_path / "a.safetensors").read_bytes()


def test_packed_types_come_back_byte_for_byte(optstate, tmp_path):
    """Types that NumPy lacks: put together by hand, accepted by the reference reader."""
    sizes = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BF16": 16, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8}
    sizes.update({"F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8})
    entries, data = {}, b""
    for kind, size in sizes.items():
        length = 8 * size // 8
        entries[kind] = {"dtype": kind, "shape": [2, 4], "data_offsets": [len(data), len(data) + length]}
        data += bytes((17 * place + 3) % 256 for place in range(length))
    text = json.dumps(entries, separators=(",", ":")).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    assert set(safe_open(path, "numpy").keys()) == set(sizes)
    shown = optstate("inspect", path, "--variables").stdout
    assert "F4  float4_e2m1fn[2, 4]" in shown and "F8_E8M0  float8_e8m0fnu[2, 4]" in shown
    assert "F6_E2M3 (F6_E2M3[2, 4]), F6_E3M2 (F6_E3M2[2, 4])" in shown
    optstate("convert", path, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back.safetensors")
    back = (tmp_path / "back.safetensors").read_bytes()
    assert back.endswith(data) and header(tmp_path / "back.safetensors") == entries


def test_tensorflow_state_loads_with_everything_and_comes_back(optstate, tmp_path):
    options = ["--optimizer", "bert_adamw:learning_rate=0.001,weight_decay=0.01"]
    schedule = "bert:learning_rate=0.001,num_train_steps=100,num_warmup_steps=8"
    optstate("convert", BERT / "model.ckpt-20", tmp_path / "s.safetensors", *options, "--schedule", schedule)
    wanted = tensors(BERT / "model.ckpt-20")
    assert_same(load_file(tmp_path / "s.safetensors"), {name: np.asarray(one) for name, one in wanted.items()})
    reports = []
    optstate("convert", BERT / "model.ckpt-20", tmp_path / "s.h5", *options, "--schedule", schedule)
    for name in ("s.safetensors", "s.h5"):
        report = json.loads(optstate("inspect", tmp_path / name, "--json", "--variables").stdout)
        reports.append({key: report[key] for key in report if key not in ("format", "source_format")})
    assert reports[0] == reports[1]
    optstate("convert", tmp_path / "s.safetensors", tmp_path / "back/model.ckpt-20", "--to", "tensorflow")
    assert_same(tensors(tmp_path / "back/model.ckpt-20"), wanted)
    optstate("convert", tmp_path / "s.safetensors", tmp_path / "again.safetensors")
    again = (tmp_path / "again.safetensors").read_bytes()
    optstate("convert", tmp_path / "again.safetensors", tmp_path / "third.safetensors")
    assert (tmp_path / "third.safetensors").read_bytes() == again


def sharded(folder):
    """A set as transformers writes it."""
    folder.mkdir()
    rng = np.random.default_rng(3)
    parts = [{f"layer.{2 * part + one}.weight": rng.standard_normal((5, part + 2), "f4") for one in (0, 1)} for part in (0, 1, 2)]
    names = [f"model-{part + 1:05}-of-00003.safetensors" for part in range(3)]
    for name, part in zip(names, parts):
        save_file(part, folder / name, metadata={"format": "pt"})
    everything = {key: value for part in parts for key, value in part.items()}
    index = {
        "metadata": {"total_size": sum(one.nbytes for one in everything.values()), "total_parameters": sum(one.size for one in everything.values())},
        "weight_map": {key: name for name, part in zip(names, parts) for key in part},
    }
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", "utf-8")
    return path, everything


def test_sharded_set_comes_back_byte_for_byte(optstate, tmp_path):
    path, everything = sharded(tmp_path / "in")
    optstate("convert", path, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "out/model.safetensors.index.json")
    names = sorted(one.name for one in (tmp_path / "in").iterdir())
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == names
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "in" / name).read_bytes(), name
    optstate("convert", path, tmp_path / "one.safetensors")
    assert_same(load_file(tmp_path / "one.safetensors"), everything)


def test_broken_sets_are_refused(optstate, tmp_path):
    path, _ = sharded(tmp_path / "in")
    index = json.loads(path.read_text())
    (tmp_path / "in/model-00002-of-00003.safetensors").rename(tmp_path / "elsewhere.safetensors")
    assert "missing" in optstate("inspect", path, status=65).stderr
    for name in ("../elsewhere.safetensors", "/etc/passwd", "..", ""):
        index["weight_map"]["layer.2.weight"] = name
        path.write_text(json.dumps(index))
        assert "beside its index" in optstate("inspect", path, status=65).stderr
    index["weight_map"]["layer.2.weight"] = "model-00001-of-00003.safetensors"
    index["weight_map"]["layer.3.weight"] = "model-00001-of-00003.safetensors"
    path.write_text(json.dumps(index))
    assert "layer.2.weight" in optstate("inspect", path, status=65).stderr


# MLX

OPTIMIZERS = {
    "Adam": ({"adam_m", "adam_v"}, {}),
    "AdamW": ({"adam_m", "adam_v"}, {"bias_correction": True}),
    "Adamax": ({"adam_m", "adam_v"}, {}),
    "SGD": ({"v"}, {"momentum": 0.9}),
    "RMSprop": ({"v"}, {}),
    "Adagrad": ({"v"}, {}),
    "AdaDelta": ({"accumulator", "accumulator_update"}, {}),
    "Lion": ({"momentum"}, {}),
    "Adafactor": ({"factored_row", "factored_col", "adam_v"}, {"learning_rate": 1e-3, "relative_step": False}),
}


def mlx_run(name, options, steps, state=None, weights=None):
    mx = pytest.importorskip("mlx.core")
    import mlx.nn as nn
    import mlx.optimizers
    from mlx.utils import tree_flatten, tree_unflatten

    mx.set_default_device(mx.cpu)
    mx.random.seed(5)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(4, 3), nn.LayerNorm(3)]
            self.out = nn.Linear(3, 2, bias=False)

        def __call__(self, x):
            for layer in self.layers:
                x = layer(x)
            return self.out(x)

    model = Model()
    optimizer = getattr(mlx.optimizers, name)(**{"learning_rate": 1e-2, **options})
    if state is not None:
        model.load_weights(str(weights))
        optimizer.state = tree_unflatten(list(mx.load(str(state)).items()))
    rng = np.random.default_rng(7)
    inputs = [mx.array(rng.standard_normal((2, 4), "f4")) for _ in range(6)]
    for x in inputs[steps]:
        _, gradients = nn.value_and_grad(model, lambda m, x: (m(x) ** 2).sum())(model, x)
        optimizer.update(model, gradients)
        mx.eval(model.parameters(), optimizer.state)
    return mx, dict(tree_flatten(model.parameters())), dict(tree_flatten(optimizer.state))


def mlx_bits(values):
    return {key: (str(one.dtype), one.shape, np.array(one).tobytes()) for key, one in values.items()}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_mlx_state_is_paired_comes_back_and_continues_in_every_bit(optstate, tmp_path, name):
    slots, options = OPTIMIZERS[name]
    _, whole, last = mlx_run(name, options, slice(0, 6))
    mx, weights, state = mlx_run(name, options, slice(0, 3))
    for kind, values in (("weights", weights), ("state", state)):
        mx.save_safetensors(str(tmp_path / f"{kind}.safetensors"), values)
        optstate("convert", tmp_path / f"{kind}.safetensors", tmp_path / f"{kind}.h5")
        optstate("convert", tmp_path / f"{kind}.h5", tmp_path / f"{kind}-back.safetensors")
        original = (tmp_path / f"{kind}.safetensors").read_bytes()
        assert (tmp_path / f"{kind}-back.safetensors").read_bytes() == original
    report = json.loads(optstate("inspect", tmp_path / "state.h5", "--json", "--variables").stdout)
    assert report["global_step"] == 3
    found = {slot for variable in report["variables"] for slot in variable["slots"]}
    assert found == slots
    assert {variable["name"] for variable in report["variables"]} == set(weights)
    _, resumed, end = mlx_run(
        name, options, slice(3, 6), tmp_path / "state-back.safetensors", tmp_path / "weights-back.safetensors"
    )
    assert mlx_bits(resumed) == mlx_bits(whole)
    assert mlx_bits(end) == mlx_bits(last)


def test_metadata_says_what_a_letter_means(optstate, tmp_path):
    values = {"w": np.ones(2, "f4"), "w.v": np.ones(2, "f4")}
    for optimizer, slot in (("SGD", "momentum"), ("RMSprop", "rms"), ("Adagrad", "accumulator"), (None, "v")):
        path = tmp_path / f"{optimizer}.safetensors"
        save_file(values, path, metadata={"optimizer": optimizer} if optimizer else None)
        report = json.loads(optstate("inspect", path, "--json").stdout)
        assert report["totals"]["slots"] == {slot: 1}


def several(count=2):
    """The states of MLX' MultiOptimizer, as tree_flatten names them."""
    tensors = {}
    for number in range(count):
        tensors |= {f"states.{number}.step": np.uint64(5), f"states.{number}.learning_rate": np.float32(0.1)}
        for name, shape in ((f"layers.{number}.weight", (4, 3)), (f"layers.{number}.bias", (4,))):
            for slot in "m" if number % 2 else "mv":
                tensors[f"states.{number}.{name}.{slot}"] = np.random.default_rng(number).random(shape, "f4")
    return {name: np.array(one, order="C") for name, one in tensors.items()}


@pytest.mark.parametrize("suffix", ["safetensors", "npz"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_several_optimizers_of_mlx_are_seen(optstate, tmp_path, suffix, count):
    from safetensors.numpy import load_file, save_file

    tensors, path = several(count), tmp_path / f"o.{suffix}"
    save_file(tensors, path) if suffix == "safetensors" else np.savez(path, **tensors)
    found = json.loads(optstate("inspect", path, "--variables", "--json").stdout)
    assert found["global_step"] == 5 and found["totals"]["variables"] == 2 * count
    assert {one["name"] for one in found["variables"]} >= {"layers.0.weight", "layers.0.bias"}
    assert all(one["step"] == 5 and len(one["slots"]) in (1, 2) for one in found["variables"])
    assert found["account"]["parameter"]["count"] == 0 and found["account"]["step"]["count"] == count
    optstate("convert", path, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / f"back.{suffix}")
    assert (tmp_path / f"back.{suffix}").read_bytes() == path.read_bytes()
    optstate("set", path, tmp_path / f"set.{suffix}", "--step", "9")
    load = load_file if suffix == "safetensors" else lambda name: dict(np.load(name))
    changed = load(tmp_path / f"set.{suffix}")
    assert changed.keys() == tensors.keys()
    assert [int(changed[f"states.{number}.step"]) for number in range(count)] == [9] * count
