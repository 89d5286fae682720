"""Hugging Face's Trainer as the judge: it resumes from what went through the store, and nothing differs."""
import filecmp
import json
import os
import shutil

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

STOP, END = 3, 6


class Sentences(torch.utils.data.Dataset):
    def __len__(self):
        return 32

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        ids = torch.randint(0, 50, (16,), generator=generator)
        return {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "token_type_ids": torch.zeros_like(ids),
            "labels": ids.clone(),
            "next_sentence_label": torch.tensor(index % 2),
        }


def bert():
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=50, hidden_size=12, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=32, type_vocab_size=2,
    )
    return transformers.BertForPreTraining(config)


def trainer(folder, **settings):
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), per_device_train_batch_size=4, max_steps=END, save_steps=STOP, learning_rate=1e-3,
        warmup_steps=2, weight_decay=0.01, report_to=[], seed=1, disable_tqdm=True, use_cpu=True, **settings,
    )
    return transformers.Trainer(bert(), arguments, train_dataset=Sentences())


def files(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def bits(tree):
    return {
        (number, key): (value.dtype, tuple(value.shape), value.contiguous().numpy().tobytes())
        for number, entry in tree["state"].items()
        for key, value in entry.items()
    }


@pytest.fixture(scope="module", params=["linear", "cosine"])
def run(request, tmp_path_factory):
    """An uninterrupted run with a checkpoint in the middle of it."""
    folder = tmp_path_factory.mktemp("run")
    whole = trainer(folder, lr_scheduler_type=request.param)
    whole.train()
    return folder, whole, request.param


def test_a_checkpoint_comes_back_file_by_file(optstate, tmp_path, run):
    folder = run[0] / f"checkpoint-{STOP}"
    optstate("convert", folder, tmp_path / "s.h5")
    optstate("verify", tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back", "--to", "huggingface")
    assert files(tmp_path / "back") == files(folder)
    differing = [name for name in files(folder) if not filecmp.cmp(folder / name, tmp_path / "back" / name, False)]
    assert not differing
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_the_trainer_resumes_bit_for_bit(optstate, tmp_path, run):
    folder, whole, schedule = run
    optstate("convert", folder / f"checkpoint-{STOP}", tmp_path / "s.h5")
    resumed = tmp_path / f"checkpoint-{STOP}"
    optstate("convert", tmp_path / "s.h5", resumed, "--to", "huggingface")
    again = trainer(tmp_path / "out", lr_scheduler_type=schedule)
    again.train(resume_from_checkpoint=str(resumed))
    assert again.state.global_step == END
    wanted = whole.model.state_dict()
    found = again.model.state_dict()
    assert [key for key in wanted if not torch.equal(wanted[key], found[key])] == []
    assert bits(again.optimizer.state_dict()) == bits(whole.optimizer.state_dict())


def test_what_the_directory_says_is_shown(optstate, run):
    folder, whole, schedule = run
    path = folder / f"checkpoint-{STOP}"
    found = json.loads(optstate("inspect", path, "--json", "--variables").stdout)
    assert found["format"] == "huggingface" and found["naming"] == "huggingface"
    assert found["global_step"] == STOP
    assert found["totals"]["slots"] == {"adam_m": 46, "adam_v": 46}
    assert found["schedule"]["kind"] == f"hf_{schedule}"
    groups = torch.load(path / "optimizer.pt")["param_groups"]
    assert found["schedule"]["learning_rate"] == groups[0]["lr"]
    state = torch.load(path / "optimizer.pt")["state"]
    order = [name for decays in (True, False) for name, _ in whole.model.named_parameters()
             if (("bias" in name or "LayerNorm" in name) != decays)]
    by_name = {variable["name"]: variable for variable in found["variables"]}
    for number, name in enumerate(order):
        assert by_name[name]["slots"]["adam_m"]["shape"] == list(state[number]["exp_avg"].shape)


def test_slots_belong_to_their_parameters(optstate, tmp_path, run):
    import h5py

    folder, whole, _ = run
    optstate("convert", folder / f"checkpoint-{END}", tmp_path / "s.h5")
    moments = {}
    for name, parameter in whole.model.named_parameters():
        moments[name] = whole.optimizer.state[parameter]["exp_avg"].numpy()
    with h5py.File(tmp_path / "s.h5") as file:
        for name, moment in moments.items():
            assert file[name]["adam_m"][()].tobytes() == moment.tobytes(), name


def test_pickled_and_sharded_models_come_back(optstate, tmp_path, run):
    folder = tmp_path / "pickled"
    shutil.copytree(run[0] / f"checkpoint-{STOP}", folder)
    os.remove(folder / "model.safetensors")
    torch.save(run[1].model.state_dict(), folder / "pytorch_model.bin")
    sharded = tmp_path / "sharded"
    bert().save_pretrained(sharded, max_shard_size="10KB")
    assert (sharded / "model.safetensors.index.json").exists()
    for source in (folder, sharded):
        back = tmp_path / "back" / source.name
        optstate("convert", source, tmp_path / f"{source.name}.h5")
        optstate("convert", tmp_path / f"{source.name}.h5", back, "--to", "huggingface")
        assert files(back) == files(source)
        differing = [name for name in files(source) if not filecmp.cmp(source / name, back / name, False)]
        assert not differing


def test_a_foreign_state_resumes(optstate, tmp_path, run):
    """Made anew from the hub's words alone, as a state from TensorFlow is."""
    import h5py

    folder, whole, schedule = run
    optstate("convert", folder / f"checkpoint-{STOP}", tmp_path / "s.h5")
    with h5py.File(tmp_path / "s.h5", "r+") as file:
        file.attrs["source_format"] = "elsewhere"
    target = tmp_path / f"checkpoint-{STOP}"
    optstate("convert", tmp_path / "s.h5", target, "--to", "huggingface")
    assert {str(name) for name in files(target)} >= {
        "model.safetensors", "optimizer.pt", "scheduler.pt", "trainer_state.json"
    }
    original = torch.load(folder / f"checkpoint-{STOP}" / "optimizer.pt")
    made = torch.load(target / "optimizer.pt", weights_only=True, mmap=True)
    assert made["param_groups"] == original["param_groups"]
    assert [list(group) for group in made["param_groups"]] == [list(group) for group in original["param_groups"]]
    assert bits(made) == bits(original)
    scheduler = torch.load(folder / f"checkpoint-{STOP}" / "scheduler.pt")
    assert torch.load(target / "scheduler.pt", weights_only=True) == scheduler
    again = trainer(tmp_path / "out", lr_scheduler_type=schedule)
    again.train(resume_from_checkpoint=str(target))
    wanted, found = whole.model.state_dict(), again.model.state_dict()
    assert [key for key in wanted if not torch.equal(wanted[key], found[key])] == []


def test_links_that_lead_elsewhere_are_refused(optstate, tmp_path, run):
    folder = tmp_path / "linked"
    shutil.copytree(run[0] / f"checkpoint-{STOP}", folder)
    os.symlink("/etc/hostname", folder / "notes.txt")
    done = optstate("inspect", folder, status=65)
    assert "link" in done.stderr


def test_a_tensorflow_run_goes_on_under_the_trainer(optstate, tmp_path):
    import h5py
    from conftest import BERT

    target = tmp_path / "checkpoint-20"
    done = optstate(
        "convert", BERT / "model.ckpt-20", target, "--to", "huggingface", "--naming", "huggingface",
        "--learning_rate", "1e-3", "--num_train_steps", "100", "--num_warmup_steps", "8",
    )
    assert "corrects no bias" in done.stderr and "decays from step 0" in done.stderr
    optstate("convert", BERT / "model.ckpt-20", tmp_path / "s.h5")
    _, report = transformers.BertForPreTraining.from_pretrained(
        target, config=bert().config, output_loading_info=True
    )
    assert not any(report.values())
    optimizer = torch.load(target / "optimizer.pt", weights_only=True, mmap=True)
    assert [len(group["params"]) for group in optimizer["param_groups"]] == [18, 28]
    names = [
        name for spared in (False, True) for name, _ in bert().named_parameters()
        if ("bias" in name or "LayerNorm" in name) == spared
    ]
    kernel = optimizer["state"][names.index("bert.encoder.layer.1.intermediate.dense.weight")]
    bias = optimizer["state"][names.index("bert.pooler.dense.bias")]
    with h5py.File(tmp_path / "s.h5") as file:
        moment = file["bert/encoder/layer_1/intermediate/dense/kernel/adam_m"][()]
        assert kernel["exp_avg"].numpy().tobytes() == moment.T.tobytes()
        assert bias["exp_avg_sq"].numpy().tobytes() == file["bert/pooler/dense/bias/adam_v"][()].tobytes()
    assert kernel["step"] == 20 and kernel["step"].dtype == torch.float32
    again = trainer(tmp_path / "out")
    again.args.max_steps = 24
    again.train(resume_from_checkpoint=str(target))
    assert again.state.global_step == 24
    assert again.optimizer.state_dict()["state"][0]["step"] == 24
