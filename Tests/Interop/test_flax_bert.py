"""A BERT of transformers' Flax classes under optax.adamw goes on in PyTorch, moments included, and back."""
import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
from test_orbax import stored

HERE = pathlib.Path(__file__).parent
CONFIG = {
    "model_type": "bert", "vocab_size": 40, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 12, "max_position_embeddings": 16, "type_vocab_size": 2, "architectures": ["BertForPreTraining"],
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flax-bert")
    subprocess.run([os.environ["OPTSTATE_JAX_PYTHON"], HERE / "flax_bert.py", folder], check=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return folder


@pytest.fixture(scope="module")
def checkpoint(run):
    done = subprocess.run([os.environ["OPTSTATE"], "convert", run / "state.msgpack", run / "hf", "--to", "huggingface",
                           "--config", run / "config.json", "--optimizer", "adamw:learning_rate=0.01,weight_decay=0.1"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return run / "hf"


def in_torch(name, value):
    """The name and the value in PyTorch's BERT."""
    parts = name.split("/")
    last = {"scale": "weight", "kernel": "weight", "embedding": "weight", "bias": "bias"}[parts[-1]]
    return ".".join(parts[:-1] + [last]), value.T if parts[-1] == "kernel" else value


def grouped(model):
    """The Trainer's groups: neither biases nor norms decay."""
    spared = lambda name: name.endswith("bias") or "LayerNorm" in name
    pairs = list(model.named_parameters())
    return [{"params": [one for name, one in pairs if not spared(name)], "weight_decay": 0.1},
            {"params": [one for name, one in pairs if spared(name)], "weight_decay": 0.0}]  # fmt: skip


def test_names_are_known(optstate, run):
    report = json.loads(optstate("inspect", run / "state.msgpack", "--json").stdout)
    assert report["naming"] == "flax-bert" and report["global_step"] == 2


def test_weights_and_moments_are_equal_in_every_bit(optstate, run, checkpoint):
    import torch
    from transformers import BertForPreTraining

    model, loading = BertForPreTraining.from_pretrained(checkpoint, output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"] and not loading["mismatched_keys"]
    optstate("convert", run / "state.msgpack", run / "s.h5", "--overwrite")
    wanted = {}
    for place, content in stored(run / "s.h5").items():
        for slot, mark in {"value": "params/", "exp_avg": "opt_state/0/mu/", "exp_avg_sq": "opt_state/0/nu/"}.items():
            if place.startswith(mark):
                shape = np.load(run / "next.npz")[place.removeprefix(mark).replace("/", "|")].shape
                value = np.frombuffer(content, np.float32).reshape(shape)
                name, value = in_torch(place.removeprefix(mark), value)
                wanted[name, slot] = value
    saved = torch.load(checkpoint / "optimizer.pt")
    groups = grouped(model)
    assert [len(group["params"]) for group in saved["param_groups"]] == [len(group["params"]) for group in groups]
    assert [group["weight_decay"] for group in saved["param_groups"]] == [0.1, 0.0]
    assert all(float(one["step"]) == 2 for one in saved["state"].values())
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert len(names) == len(wanted) / 3
    for number, parameter in enumerate(one for group in groups for one in group["params"]):
        name = names[id(parameter)]
        assert parameter.detach().numpy().tobytes() == wanted[name, "value"].tobytes(), name
        for slot in ("exp_avg", "exp_avg_sq"):
            assert saved["state"][number][slot].numpy().tobytes() == wanted[name, slot].tobytes(), (name, slot)


def test_torch_goes_on(run, checkpoint):
    """The third update by PyTorch is optax' to rounding."""
    import torch
    from transformers import BertForPreTraining

    model = BertForPreTraining.from_pretrained(checkpoint)
    optimizer = torch.optim.AdamW(grouped(model))
    optimizer.load_state_dict(torch.load(checkpoint / "optimizer.pt"))
    gradients = dict(in_torch(key.replace("|", "/"), value) for key, value in np.load(run / "gradients.npz").items())
    following = dict(in_torch(key.replace("|", "/"), value) for key, value in np.load(run / "next.npz").items())
    for name, parameter in model.named_parameters():
        parameter.grad = torch.tensor(np.ascontiguousarray(gradients[name]))
    optimizer.step()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(parameter.detach().numpy(), following[name], rtol=0, atol=1e-6, err_msg=name)


def test_the_way_back_loses_nothing(optstate, run, checkpoint, tmp_path):
    optstate("convert", checkpoint, tmp_path / "back.msgpack")
    report = json.loads(optstate("diff", run / "state.msgpack", tmp_path / "back.msgpack", "--json", status=[0, 1]).stdout)
    # Both keep the bytes around their arrays.
    assert {one["variable"] for one in report["differences"]} <= {"~msgpack"}, report
    assert json.loads(optstate("inspect", tmp_path / "back.msgpack", "--json").stdout)["naming"] == "flax-bert"
