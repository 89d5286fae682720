"""Directories of the Trainer beside BERT's: every slot is its own parameter's, judged by the model itself."""
import filecmp
import json
import os
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SMALL = dict(
    vocab_size=48, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
    max_position_embeddings=20,
)
LLAMA = dict(SMALL, num_key_value_heads=1)
GPT2 = dict(vocab_size=48, n_embd=16, n_layer=2, n_head=2, n_positions=20)
T5 = dict(vocab_size=48, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, decoder_start_token_id=0)
VIT = dict(
    image_size=16, patch_size=8, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
    num_labels=3,
)
MODELS = {
    "roberta": ("RobertaForMaskedLM", "RobertaConfig", SMALL),
    "xlm-roberta": ("XLMRobertaForMaskedLM", "XLMRobertaConfig", SMALL),
    "distilbert": (
        "DistilBertForMaskedLM", "DistilBertConfig",
        dict(vocab_size=48, dim=16, hidden_dim=24, n_layers=2, n_heads=2, max_position_embeddings=20),
    ),
    "electra": ("ElectraForMaskedLM", "ElectraConfig", dict(SMALL, embedding_size=12)),
    "albert": ("AlbertForMaskedLM", "AlbertConfig", dict(SMALL, embedding_size=12)),
    "deberta": (
        "DebertaForMaskedLM", "DebertaConfig", dict(SMALL, relative_attention=True, pos_att_type=["c2p", "p2c"]),
    ),
    "deberta-v2": (
        "DebertaV2ForMaskedLM", "DebertaV2Config",
        dict(SMALL, relative_attention=True, pos_att_type=["c2p"], position_buckets=4, norm_rel_ebd="layer_norm"),
    ),
    "gpt2": ("GPT2LMHeadModel", "GPT2Config", GPT2),
    "llama": ("LlamaForCausalLM", "LlamaConfig", LLAMA),
    "qwen2": ("Qwen2ForCausalLM", "Qwen2Config", dict(LLAMA, tie_word_embeddings=True)),
    "t5": ("T5ForConditionalGeneration", "T5Config", T5),
    "t5-gated": (
        "T5ForConditionalGeneration", "T5Config",
        dict(T5, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
    ),
    "vit": ("ViTForImageClassification", "ViTConfig", VIT),
    "mixtral": ("MixtralForCausalLM", "MixtralConfig", dict(LLAMA, num_local_experts=2)),
}
# Saved under other names than the model's own.
RENAMED = ("vit", "mixtral")


class Examples(torch.utils.data.Dataset):
    def __init__(self, pictures):
        self.pictures = pictures

    def __len__(self):
        return 8

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        if self.pictures:
            return {"pixel_values": torch.randn(3, 16, 16, generator=generator), "labels": torch.tensor(index % 3)}
        ids = torch.randint(3, 48, (10,), generator=generator)
        return {"input_ids": ids, "labels": ids.clone()}


def model(name):
    cls, configuration, settings = MODELS[name]
    torch.manual_seed(1)
    return getattr(transformers, cls)(getattr(transformers, configuration)(**settings))


def trainer(name, folder, steps=4, net=None, **settings):
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), per_device_train_batch_size=4, max_steps=steps, save_steps=2, learning_rate=1e-3,
        warmup_steps=1, weight_decay=0.01, report_to=[], seed=1, disable_tqdm=True, use_cpu=True, **settings,
    )
    return transformers.Trainer(net or model(name), arguments, train_dataset=Examples(name == "vit"))


def inner(optimizer):
    while hasattr(optimizer, "optimizer"):
        optimizer = optimizer.optimizer
    return optimizer


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    made = {}

    def run(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            made[name] = trainer(name, folder), folder
            made[name][0].train()
        return made[name]

    return run


def moments(optstate, path, target):
    """The first moments by the names of their variables, as the program pairs them."""
    optstate("convert", path, target, "--naming", "keep")
    found = dict(np.load(target))
    return {key.removesuffix("/adam_m"): value for key, value in found.items() if key.endswith("/adam_m")}


def saved_names(run):
    """What each parameter of the model is called in the saved one, found by its value."""
    net, folder = run[0].model, run[1] / "checkpoint-4"
    from safetensors.torch import load_file

    saved = load_file(folder / "model.safetensors")
    names = {}
    for name, parameter in net.named_parameters():
        same = [key for key, value in saved.items() if value.shape == parameter.shape and torch.equal(value, parameter)]
        names[name] = name if name in saved else same[0] if len(same) == 1 else name
    return names


def check(optstate, run, path, target):
    net, optimizer = run[0].model, inner(run[0].optimizer)
    found = moments(optstate, path, target)
    names = saved_names(run)
    wanted = {names[name]: optimizer.state[parameter]["exp_avg"] for name, parameter in net.named_parameters()}
    assert found.keys() == wanted.keys()
    wrong = [name for name, moment in wanted.items() if found[name].tobytes() != moment.numpy().tobytes()]
    assert not wrong


@pytest.mark.parametrize("name", MODELS)
def test_every_slot_is_its_own_parameters(optstate, tmp_path, runs, name):
    run = runs(name)
    path = run[1] / "checkpoint-4"
    check(optstate, run, path, tmp_path / "state.npz")
    # Without the configuration the names of the parameters say which model it is.
    bare = tmp_path / "bare"
    shutil.copytree(path, bare)
    os.remove(bare / "config.json")
    check(optstate, run, bare, tmp_path / "bare.npz")


@pytest.mark.parametrize("name", ["roberta", "gpt2", "t5", "vit", "mixtral"])
def test_the_trainer_resumes_what_went_through_the_store(optstate, tmp_path, runs, name):
    whole, folder = runs(name)
    optstate("convert", folder / "checkpoint-2", tmp_path / "s.h5")
    target = tmp_path / "checkpoint-2"
    optstate("convert", tmp_path / "s.h5", target, "--to", "huggingface")
    names = sorted(path.name for path in (folder / "checkpoint-2").iterdir())
    assert sorted(path.name for path in target.iterdir()) == names
    assert not [name for name in names if not filecmp.cmp(folder / "checkpoint-2" / name, target / name, False)]
    again = trainer(name, tmp_path / "out")
    again.train(resume_from_checkpoint=str(target))
    if name in RENAMED:
        # The Trainer does not find its own names again, and goes on from a model that was not trained: so it does here.
        whole = trainer(name, tmp_path / "own")
        whole.train(resume_from_checkpoint=str(folder / "checkpoint-2"))
    wanted, found = whole.model.state_dict(), again.model.state_dict()
    assert [key for key in wanted if not torch.equal(wanted[key], found[key])] == []


def test_a_moved_step_keeps_order_and_groups(optstate, tmp_path, runs):
    """The optimizer is made anew there: its numbers stay those of the model."""
    _, folder = runs("roberta")
    optstate("set", folder / "checkpoint-2", tmp_path / "checkpoint-3", "--step", "3")
    old = torch.load(folder / "checkpoint-2" / "optimizer.pt")
    new = torch.load(tmp_path / "checkpoint-3" / "optimizer.pt", weights_only=True)
    assert [group["params"] for group in new["param_groups"]] == [group["params"] for group in old["param_groups"]]
    assert [group["weight_decay"] for group in new["param_groups"]] == [0.01, 0.0]
    for number, entry in old["state"].items():
        assert torch.equal(new["state"][number]["exp_avg"], entry["exp_avg"])
        assert new["state"][number]["step"] == 3


def state_file(path, pairs, groups, **settings):
    """An optimizer.pt of AdamW's with moments that tell their parameter, and the numbers of each group."""
    state, number, dealt = {}, 0, []
    for decay, names in groups:
        ids = []
        for name in names:
            shape = pairs[name].shape
            mark = float(list(pairs).index(name) + 1)
            state[number] = {
                "step": torch.tensor(2.0), "exp_avg": torch.full(shape, mark), "exp_avg_sq": torch.full(shape, mark),
            }
            ids.append(number)
            number += 1
        reference = torch.optim.AdamW([torch.zeros(1)], lr=1e-3, weight_decay=decay).state_dict()["param_groups"][0]
        dealt.append({**reference, **settings, "params": ids})
    torch.save({"state": state, "param_groups": dealt}, path)


def hand_made(folder, net, groups, names=None, configured=True):
    """A directory as people build it: a model, an optimizer, nothing of the Trainer's own."""
    from safetensors.torch import save_file

    folder.mkdir()
    pairs = dict(net.named_parameters())
    save_file({name: value.detach().clone() for name, value in pairs.items()}, folder / "model.safetensors", {"format": "pt"})
    if configured:
        net.config.save_pretrained(folder)
    state_file(folder / "optimizer.pt", pairs, groups)
    torch.save({"last_epoch": 2, "_step_count": 3, "base_lrs": [1e-3] * len(groups)}, folder / "scheduler.pt")
    return folder


def marks(optstate, path, target):
    return {name: value.ravel()[0] for name, value in moments(optstate, path, target).items()}


@pytest.mark.parametrize("name", ["roberta", "distilbert", "gpt2", "llama", "t5", "deberta-v2"])
def test_directories_made_by_hand(optstate, tmp_path, name):
    net = model(name)
    names = [key for key, _ in net.named_parameters()]
    wanted = {key: float(place + 1) for place, key in enumerate(names)}
    # One group of everything, and the two that older Trainers made: biases and PyTorch's own LayerNorm apart.
    one = hand_made(tmp_path / "one", net, [(0.01, names)])
    assert marks(optstate, one, tmp_path / "one.npz") == wanted
    spared = {
        f"{place}.{key}" for place, module in net.named_modules() for key, _ in module.named_parameters(recurse=False)
        if isinstance(module, torch.nn.LayerNorm) or "bias" in f"{place}.{key}"
    }
    two = hand_made(
        tmp_path / "two", net,
        [(0.01, [key for key in names if key not in spared]), (0.0, [key for key in names if key in spared])],
        configured=False,
    )
    found = marks(optstate, two, tmp_path / "two.npz")
    assert found == wanted or not set(found) & set(wanted)


def test_what_is_not_certain_goes_by_number(optstate, tmp_path):
    """A frozen layer of two alike: either may be the one that is trained."""
    net = model("roberta")
    names = [key for key, _ in net.named_parameters()]
    trained = [key for key in names if ".layer.1." in key or "lm_head" in key]
    folder = hand_made(tmp_path / "frozen", net, [(0.01, trained)])
    found = json.loads(optstate("inspect", folder, "--json", "--variables").stdout)
    numbers = [variable for variable in found["variables"] if variable["slots"]]
    assert [variable["name"] for variable in numbers] == [str(number) for number in range(len(trained))]
    assert any("--names" in text for text in found["suspicions"])
    optstate("verify", folder)
    optstate("convert", folder, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back", "--to", "huggingface")
    assert not [
        path.name for path in folder.iterdir() if not filecmp.cmp(path, tmp_path / "back" / path.name, False)
    ]
    optstate("convert", folder, tmp_path / "m.safetensors", "--only", "parameters")
    # A format of names has none for them, and nothing is written.
    done = optstate("convert", folder, tmp_path / "m.keras", status=65)
    assert "--names" in done.stderr and not (tmp_path / "m.keras").exists()
    (tmp_path / "names").write_text("".join(name + "\n" for name in trained))
    wanted = {key: float(names.index(key) + 1) for key in trained}
    optstate("convert", folder, tmp_path / "named.h5", "--names", tmp_path / "names")
    assert marks(optstate, tmp_path / "named.h5", tmp_path / "named.npz") == wanted


def test_a_model_that_nobody_knows_goes_by_number(optstate, tmp_path):
    net = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 4))
    net.config = transformers.PretrainedConfig()
    folder = hand_made(tmp_path / "own", net, [(0.01, [name for name, _ in net.named_parameters()])])
    found = json.loads(optstate("inspect", folder, "--json", "--variables").stdout)
    assert {variable["name"] for variable in found["variables"] if variable["slots"]} == {"0", "1", "2", "3"}


def test_another_model_of_the_same_names_is_not_believed(optstate, tmp_path):
    """A configuration of a kind whose order nobody knows, with a known model's names."""
    net = model("llama")
    names = [key for key, _ in net.named_parameters()]
    folder = hand_made(tmp_path / "other", net, [(0.01, names)])
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "backwards"}))
    assert not set(marks(optstate, folder, tmp_path / "other.npz")) & set(names)


def test_a_head_that_is_not_saved(optstate, tmp_path):
    """The optimizer has a parameter more than the saved model."""
    from safetensors.torch import save_file

    net = model("gpt2")
    pairs = dict(net.named_parameters())
    names = list(pairs)
    folder = tmp_path / "head"
    folder.mkdir()
    save_file({name: value.detach().clone() for name, value in pairs.items()}, folder / "model.safetensors")
    pairs["head.weight"] = torch.zeros(7, 16)
    state_file(folder / "optimizer.pt", pairs, [(0.01, list(pairs))])
    found = marks(optstate, folder, tmp_path / "head.npz")
    assert found == {**{name: float(place + 1) for place, name in enumerate(names)}, str(len(names)): len(names) + 1}
    (tmp_path / "names").write_text("".join(name + "\n" for name in pairs))
    optstate("convert", folder, tmp_path / "named.h5", "--names", tmp_path / "names")
    named = marks(optstate, tmp_path / "named.h5", tmp_path / "named.npz")
    assert named["head.weight"] == len(pairs)
    # A misspelled name of a saved parameter is none of a parameter outside.
    (tmp_path / "names").write_text("".join(name.replace("wpe", "wpr") + "\n" for name in pairs))
    optstate("inspect", folder, "--names", tmp_path / "names", status=64)


class Adapted(torch.nn.Module):
    """A linear layer as PEFT adapts it: the same modules in the same order, under the same names."""

    def __init__(self, base, rank):
        super().__init__()
        self.base_layer = base.requires_grad_(False)
        self.lora_A = torch.nn.ModuleDict({"default": torch.nn.Linear(base.in_features, rank, bias=False)})
        self.lora_B = torch.nn.ModuleDict({"default": torch.nn.Linear(rank, base.out_features, bias=False)})

    def forward(self, x):
        return self.base_layer(x) + self.lora_B["default"](self.lora_A["default"](x))


def adapter(name="roberta", targets=("query", "value", "q_proj", "v_proj")):
    """A model with adapters, and what PEFT saves of it."""
    net = model(name).requires_grad_(False)
    for parent in list(net.modules()):
        for key, child in list(parent.named_children()):
            if key in targets and isinstance(child, torch.nn.Linear):
                setattr(parent, key, Adapted(child, 2))
    net.lm_head.requires_grad_(True)
    if name == "roberta":
        net.lm_head.decoder.requires_grad_(False)

    def saved():
        return {
            "base_model.model." + key.replace(".default.", "."): value.detach().clone()
            for key, value in net.named_parameters() if value.requires_grad
        }

    return net, saved


def lora_directory(run, net, saved):
    """The Trainer's directory with the model of PEFT's in place of its own."""
    from safetensors.torch import save_file

    os.remove(run / "model.safetensors")
    os.remove(run / "config.json")
    save_file(saved(), run / "adapter_model.safetensors", {"format": "pt"})
    (run / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, "target_modules": ["query"]}))


@pytest.mark.parametrize("name", ["roberta", "llama"])
def test_adapters_have_their_slots_and_come_back(optstate, tmp_path, name):
    net, saved = adapter(name)
    run = trainer(name, tmp_path, net=net)
    run.train()
    folder = tmp_path / "checkpoint-4"
    lora_directory(folder, net, saved)
    optimizer = inner(run.optimizer)
    wanted = {
        "base_model.model." + key.replace(".default.", "."): optimizer.state[value]["exp_avg"]
        for key, value in net.named_parameters() if value.requires_grad
    }
    found = moments(optstate, folder, tmp_path / "m.npz")
    assert found.keys() == wanted.keys()
    assert not [key for key in wanted if found[key].tobytes() != wanted[key].numpy().tobytes()]
    # Changed, the directory stays one of PEFT's, and what did not change is the same byte for byte.
    optstate("reset", folder, tmp_path / "reset", "--slots", "adam_m")
    assert sorted(os.listdir(tmp_path / "reset")) == sorted(os.listdir(folder))
    same = [path.name for path in folder.iterdir() if filecmp.cmp(path, tmp_path / "reset" / path.name, False)]
    assert set(os.listdir(folder)) - set(same) == {"optimizer.pt"}
    state = torch.load(tmp_path / "reset" / "optimizer.pt", weights_only=True)["state"]
    assert all(not entry["exp_avg"].any() and entry["exp_avg_sq"].any() for entry in state.values())
    optstate("set", folder, tmp_path / "set", "--step", "5")
    moved = torch.load(tmp_path / "set" / "optimizer.pt", weights_only=True)
    assert all(entry["step"] == 5 for entry in moved["state"].values())
    assert filecmp.cmp(folder / "adapter_model.safetensors", tmp_path / "set" / "adapter_model.safetensors", False)
    optstate("convert", folder, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back", "--to", "huggingface")
    assert not [
        path.name for path in folder.iterdir() if not filecmp.cmp(path, tmp_path / "back" / path.name, False)
    ]
    done = optstate("convert", folder, tmp_path / "m.pt")
    assert "adapter_config.json" in done.stderr
    # As a model of its own nobody could load it.
    done = optstate("convert", tmp_path / "m.pt", tmp_path / "new", "--to", "huggingface", status=65)
    assert "--naming" in done.stderr and not (tmp_path / "new").exists()


def optimized(groups, steps=2):
    """A .pt of RoBERTa's after a few updates, under AdamW with the groups that a function deals out."""
    net = model("roberta")
    optimizer = torch.optim.AdamW(groups(list(net.named_parameters())), lr=1e-3, weight_decay=0.1)
    for _ in range(steps):
        ids = torch.randint(3, 48, (2, 8), generator=torch.Generator().manual_seed(0))
        optimizer.zero_grad()
        net(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    return net, optimizer


def dealt(path, net):
    """Each parameter's settings in a directory's optimizer, and its moments, by the Trainer's own order."""
    saved = torch.load(path / "optimizer.pt", weights_only=True)
    fresh = trainer("roberta", path / "out", net=net).create_optimizer()
    names = {id(value): key for key, value in net.named_parameters()}
    order = [names[id(value)] for group in fresh.param_groups for value in group["params"]]
    found, number = {}, 0
    for group in saved["param_groups"]:
        for identity in group["params"]:
            found[order[number]] = group["weight_decay"], group["lr"], saved["state"][identity]["exp_avg"]
            number += 1
    return saved, fresh, found


def test_decay_of_a_single_group_survives(optstate, tmp_path):
    """One group decays everything: the Trainer's two do so too, in place of sparing biases."""
    net, optimizer = optimized(lambda pairs: [value for _, value in pairs])
    torch.save({"model": net.state_dict(), "optimizer": optimizer.state_dict(), "global_step": 2}, tmp_path / "m.pt")
    done = optstate("convert", tmp_path / "m.pt", tmp_path / "hf", "--to", "huggingface")
    assert "biases and normalizations decay" in done.stderr and "every 500 steps" in done.stderr
    saved, fresh, found = dealt(tmp_path / "hf", net)
    assert [len(group["params"]) for group in saved["param_groups"]] == [len(g["params"]) for g in fresh.param_groups]
    for name, value in net.named_parameters():
        decay, _, moment = found[name]
        assert decay == 0.1 and torch.equal(moment, optimizer.state[value]["exp_avg"]), name
    fresh.load_state_dict(saved)


def test_groups_that_the_trainer_cannot_hold_stay(optstate, tmp_path):
    def layers(pairs):
        return [
            {"params": [pair for pair in pairs if "layer.0" not in pair[0]], "lr": 1e-3},
            {"params": [pair for pair in pairs if "layer.0" in pair[0]], "lr": 1e-4, "weight_decay": 0.0},
        ]

    net, optimizer = optimized(layers)
    torch.save({"model": net.state_dict(), "optimizer": optimizer.state_dict(), "global_step": 2}, tmp_path / "m.pt")
    done = optstate("convert", tmp_path / "m.pt", tmp_path / "hf", "--to", "huggingface")
    assert "optimizers=" in done.stderr
    saved = torch.load(tmp_path / "hf" / "optimizer.pt", weights_only=True)
    assert [(group["lr"], group["weight_decay"]) for group in saved["param_groups"]] == [(1e-3, 0.1), (1e-4, 0.0)]
    optimizer.load_state_dict(saved)


def test_tied_weights_are_remembered(optstate, tmp_path):
    """One tensor of two names is one again, whatever safetensors are on the way, and has one place in the optimizer."""
    net = model("gpt2")
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    ids = torch.randint(3, 48, (2, 8), generator=torch.Generator().manual_seed(0))
    net(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    assert net.lm_head.weight is net.transformer.wte.weight and "lm_head.weight" in net.state_dict()
    torch.save({"model": net.state_dict(), "optimizer": optimizer.state_dict(), "global_step": 1}, tmp_path / "m.pt")
    optstate("convert", tmp_path / "m.pt", tmp_path / "m.safetensors")
    optstate("convert", tmp_path / "m.pt", tmp_path / "hf", "--to", "huggingface")
    from safetensors.torch import load_file, load_model

    assert "lm_head.weight" not in load_file(tmp_path / "m.safetensors")
    optstate("convert", tmp_path / "m.pt", tmp_path / "p.safetensors", "--only", "parameters")
    again = model("gpt2").requires_grad_(False)
    again.transformer.wte.weight.zero_()
    assert load_model(again, str(tmp_path / "p.safetensors")) == (set(), [])
    assert torch.equal(again.transformer.wte.weight, net.transformer.wte.weight)
    for path in ("m.safetensors", "hf"):
        optstate("convert", tmp_path / path, tmp_path / f"{path}.pt")
        saved = torch.load(tmp_path / f"{path}.pt", weights_only=True)
        assert saved["model"].keys() == net.state_dict().keys()
        head, table = saved["model"]["lm_head.weight"], saved["model"]["transformer.wte.weight"]
        assert head.data_ptr() == table.data_ptr() and torch.equal(head, net.lm_head.weight)
        assert len(saved["optimizer"]["state"]) == len(list(net.parameters()))


def test_files_that_contradict_each_other_are_named(optstate, tmp_path, runs):
    _, folder = runs("gpt2")
    source = folder / "checkpoint-2"

    def changed(name, **changes):
        target = tmp_path / name
        shutil.copytree(source, target)
        for file, change in changes.items():
            path = target / {"record": "trainer_state.json", "scheduler": "scheduler.pt"}[file]
            if file == "record":
                path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
            else:
                torch.save({**torch.load(path), **change}, path)
        return target

    for name, changes, word in (
        ("step", {"record": {"global_step": 1}}, "2 updates"),
        ("groups", {"scheduler": {"base_lrs": [1e-3]}}, "1 groups"),
        ("rate", {"scheduler": {"_last_lr": [0.5, 0.5]}}, "0.5"),
    ):
        path = changed(name, **changes)
        found = json.loads(optstate("doctor", path, "--json", status=1).stdout)["findings"]
        assert [one["code"] for one in found].count("contradictory_files") == 1
        assert any(word in one["evidence"] for one in found)
        assert word in optstate("inspect", path).stdout
        done = optstate("convert", path, tmp_path / f"{name}.pt", status=65)
        assert word in done.stderr and not (tmp_path / f"{name}.pt").exists()
        optstate("convert", path, tmp_path / f"{name}.safetensors", "--only", "parameters")
        # A step that is said settles it.
        optstate("set", path, tmp_path / f"{name}-set", "--step", "3")
        assert not json.loads(optstate("doctor", tmp_path / f"{name}-set", "--json").stdout)["findings"]


def test_a_directory_without_its_model(optstate, tmp_path, runs):
    _, folder = runs("gpt2")
    shutil.copytree(folder / "checkpoint-2", tmp_path / "half")
    os.remove(tmp_path / "half" / "model.safetensors")
    found = json.loads(optstate("inspect", tmp_path / "half", "--json").stdout)
    assert found["global_step"] == 2 and found["totals"]["slots"]["adam_m"] == 28
    done = optstate("convert", tmp_path / "half", tmp_path / "hf", "--to", "huggingface", status=65)
    assert "needs a model" in done.stderr and not (tmp_path / "hf").exists()
