"""A BERT with the modules of transformers' Flax classes under optax.adamw goes on in PyTorch, moments included, and back."""
import json
import os
import pathlib
import subprocess

import h5py
import numpy as np
import pytest
from test_orbax import stored

HERE = pathlib.Path(__file__).parent
CONFIG = {
    "model_type": "bert", "vocab_size": 40, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 12, "max_position_embeddings": 16, "type_vocab_size": 2, "architectures": ["BertForPreTraining"],
    "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip
DONE = 2


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flax-bert")
    subprocess.run([os.environ["OPTSTATE_JAX_PYTHON"], HERE / "flax_bert.py", folder], check=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return folder


def converted(run, source, target):
    done = subprocess.run([os.environ["OPTSTATE"], "convert", run / source, run / target, "--to", "huggingface",
                           "--config", run / "config.json", "--optimizer", "adamw:learning_rate=0.01,weight_decay=0.1,exclude_from_weight_decay=[bias;scale]",
                           "--schedule", "hf_constant:learning_rate=0.01"], capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return run / target


@pytest.fixture(scope="module")
def checkpoint(run):
    return converted(run, "state.msgpack", f"checkpoint-{DONE}")


def in_torch(name, value):
    """The name and the value in PyTorch's BERT."""
    parts = name.split("/")
    last = {"scale": "weight", "kernel": "weight", "embedding": "weight", "bias": "bias"}[parts[-1]]
    return ".".join(parts[:-1] + [last]), value.T if parts[-1] == "kernel" else value


def recorded(run, name):
    return dict(in_torch(key.replace("|", "/"), value) for key, value in np.load(run / f"{name}.npz").items())


def grouped(model):
    """The Trainer's groups: neither biases nor norms decay."""
    spared = lambda name: name.endswith("bias") or "LayerNorm" in name
    pairs = list(model.named_parameters())
    return [{"params": [one for name, one in pairs if not spared(name)], "weight_decay": 0.1},
            {"params": [one for name, one in pairs if spared(name)], "weight_decay": 0.0}]  # fmt: skip


def test_names_are_known(optstate, run):
    for source in ("state.msgpack", "orbax"):
        report = json.loads(optstate("inspect", run / source, "--json").stdout)
        assert report["naming"] == "flax-bert" and report["global_step"] == DONE


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
                shape = np.load(run / "params.npz")[place.removeprefix(mark).replace("/", "|")].shape
                value = np.frombuffer(content, np.float32).reshape(shape)
                name, value = in_torch(place.removeprefix(mark), value)
                wanted[name, slot] = value
    saved = torch.load(checkpoint / "optimizer.pt")
    groups = grouped(model)
    assert [len(group["params"]) for group in saved["param_groups"]] == [len(group["params"]) for group in groups]
    assert [group["weight_decay"] for group in saved["param_groups"]] == [0.1, 0.0]
    assert all(float(one["step"]) == DONE for one in saved["state"].values())
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert len(names) == len(wanted) / 3
    for number, parameter in enumerate(one for group in groups for one in group["params"]):
        name = names[id(parameter)]
        assert parameter.detach().numpy().tobytes() == wanted[name, "value"].tobytes(), name
        for slot in ("exp_avg", "exp_avg_sq"):
            assert saved["state"][number][slot].numpy().tobytes() == wanted[name, slot].tobytes(), (name, slot)


def test_orbax_gives_the_same_checkpoint(run, checkpoint):
    other = converted(run, "orbax", "from-orbax")
    names = sorted(path.name for path in checkpoint.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    assert [name for name in names if (checkpoint / name).read_bytes() != (other / name).read_bytes()] == []


def test_logits_are_flax_own(run, checkpoint):
    import torch
    from transformers import BertForPreTraining

    model = BertForPreTraining.from_pretrained(checkpoint).eval()
    with torch.no_grad():
        found = model(torch.tensor(np.load(run / "batch.npz")["ids"]))
    wanted = np.load(run / "logits.npz")
    for logits, name in ((found.prediction_logits, "words"), (found.seq_relationship_logits, "relation")):
        np.testing.assert_allclose(logits.numpy(), wanted[name], rtol=0, atol=1e-5)


def test_torch_goes_on(run, checkpoint):
    """The third update by PyTorch, of the same gradients, is optax' to rounding."""
    import torch
    from transformers import BertForPreTraining

    model = BertForPreTraining.from_pretrained(checkpoint)
    optimizer = torch.optim.AdamW(grouped(model))
    optimizer.load_state_dict(torch.load(checkpoint / "optimizer.pt"))
    gradients = recorded(run, "gradients")
    for name, parameter in model.named_parameters():
        parameter.grad = torch.tensor(np.ascontiguousarray(gradients[name]))
    optimizer.step()
    check_third(run, model, optimizer, 1e-6)


def check_third(run, model, optimizer, tolerance, but=()):
    """Holds a model, but for some parameters, and its moments to what optax made of them by its third update."""
    params, mu, nu = (recorded(run, name) for name in ("params", "mu", "nu"))
    for name, parameter in model.named_parameters():
        if name not in but:
            np.testing.assert_allclose(parameter.detach().numpy(), params[name], rtol=0, atol=tolerance, err_msg=name)
        state = optimizer.state[parameter]
        assert float(state["step"]) == DONE + 1
        np.testing.assert_allclose(state["exp_avg"].numpy(), mu[name], rtol=0, atol=tolerance, err_msg=name)
        np.testing.assert_allclose(state["exp_avg_sq"].numpy(), nu[name], rtol=0, atol=tolerance, err_msg=name)


def test_the_trainer_resumes(run, checkpoint, tmp_path):
    """One more update of the same batch, gradients and all, by the Trainer."""
    import torch
    import transformers

    batch = np.load(run / "batch.npz")
    samples = [{"input_ids": torch.tensor(ids), "labels": torch.tensor(labels), "next_sentence_label": torch.tensor(following)}
               for ids, labels, following in zip(batch["ids"], batch["labels"], batch["next"])]  # fmt: skip
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), per_device_train_batch_size=len(samples), max_steps=DONE + 1, learning_rate=0.01, weight_decay=0.1,
        lr_scheduler_type="constant", max_grad_norm=0, report_to=[], save_strategy="no", disable_tqdm=True, use_cpu=True,
    )  # fmt: skip
    model = transformers.BertForPreTraining(transformers.BertConfig(**CONFIG))
    trainer = transformers.Trainer(model, arguments, train_dataset=samples)
    trainer.train(resume_from_checkpoint=str(checkpoint))
    assert trainer.state.global_step == DONE + 1
    optimizer = getattr(trainer.optimizer, "optimizer", trainer.optimizer)
    # A softmax does not see its keys' bias: the gradient is what rounding leaves, and Adam makes a whole step of it.
    gradients = recorded(run, "gradients")
    noise = {name for name in gradients if np.abs(gradients[name]).max() < 1e-7}
    assert noise == {f"bert.encoder.layer.{layer}.attention.self.key.bias" for layer in (0, 1)}
    check_third(run, trainer.model, optimizer, 2e-5, but=noise)


def test_a_compiled_training_step_is_replayed_in_every_bit(optstate, run, tmp_path):
    with h5py.File(tmp_path / "gradients.h5", "w") as file:
        for key, value in np.load(run / "gradients.npz").items():
            file["1/" + key.replace("|", "/")] = value
    optstate("replay", run / "state.msgpack", "--gradients", tmp_path / "gradients.h5", "--steps", "1", "--output", tmp_path / "s.h5",
             "--arithmetic", "optax", "--optimizer", "adamw:learning_rate=0.01,weight_decay=0.1,exclude_from_weight_decay=[bias;scale]")  # fmt: skip
    found = stored(tmp_path / "s.h5")
    for name, mark in {"params": "params", "mu": "opt_state/0/mu", "nu": "opt_state/0/nu"}.items():
        for key, value in np.load(run / f"{name}.npz").items():
            assert found[f"{mark}/{key.replace('|', '/')}"] == value.tobytes(), (name, key)


def test_the_way_back_loses_nothing(optstate, run, checkpoint, tmp_path):
    optstate("convert", checkpoint, tmp_path / "back.msgpack")
    report = json.loads(optstate("diff", run / "state.msgpack", tmp_path / "back.msgpack", "--json", status=[0, 1]).stdout)
    # Both keep the bytes around their arrays.
    assert {one["variable"] for one in report["differences"]} <= {"~msgpack"}, report
    assert json.loads(optstate("inspect", tmp_path / "back.msgpack", "--json").stdout)["naming"] == "flax-bert"
