"""What DistributedDataParallel and torch.compile put in front of names, judged by transformers and TensorFlow."""
import json

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

PREFIXES = ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A BERT after three updates, its optimizer, and the folder of its configuration."""
    folder = tmp_path_factory.mktemp("config")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=60, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=32,
    )
    config.save_pretrained(folder)
    model = transformers.BertForSequenceClassification(config)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    for _ in range(3):
        optimizer.zero_grad()
        model(input_ids=torch.randint(0, 60, (4, 12)), labels=torch.randint(0, 2, (4,))).loss.backward()
        optimizer.step()
    return model, optimizer, folder / "config.json"


def save(path, trained, prefix):
    model, optimizer, _ = trained
    state = {prefix + key: value for key, value in model.state_dict().items()}
    torch.save({"model": state, "optimizer": optimizer.state_dict()}, path)


@pytest.mark.parametrize("prefix", ["", *PREFIXES])
def test_a_format_gets_its_own_names(optstate, tmp_path, trained, prefix):
    model, _, config = trained
    save(tmp_path / "c.pt", trained, prefix)
    done = optstate("convert", tmp_path / "c.pt", tmp_path / "hf", "--to", "huggingface", "--config", config)
    assert (f"left out '{prefix}'" in done.stderr) == bool(prefix)
    found, info = transformers.BertForSequenceClassification.from_pretrained(tmp_path / "hf", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    assert all(torch.equal(value, found.state_dict()[key]) for key, value in model.state_dict().items())
    optstate("convert", tmp_path / "c.pt", tmp_path / "model.ckpt")
    described = json.loads(optstate("inspect", tmp_path / "model.ckpt", "--json", "--variables").stdout)
    assert described["naming"] == "google-bert"
    names = {one["name"] for one in described["variables"]}
    assert "bert/embeddings/word_embeddings" in names and not [name for name in names if name.startswith(("module", "_orig"))]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_file_of_pytorchs_keeps_them(optstate, tmp_path, trained, prefix):
    save(tmp_path / "c.pt", trained, prefix)
    optstate("convert", tmp_path / "c.pt", tmp_path / "c.h5")
    optstate("convert", tmp_path / "c.h5", tmp_path / "back" / "c.pt")
    assert (tmp_path / "back" / "c.pt").read_bytes() == (tmp_path / "c.pt").read_bytes()
    optstate("convert", tmp_path / "c.pt", tmp_path / "made", "--to", "accelerate")
    described = json.loads(optstate("inspect", tmp_path / "made", "--json", "--variables").stdout)
    assert all(one["name"].startswith(prefix) for one in described["variables"])


def test_what_is_not_in_front_of_all_names_is_the_models(optstate, tmp_path, trained):
    model, optimizer, config = trained
    state = {f"module.{key}": value for key, value in model.state_dict().items()}
    torch.save({"model": {**state, "temperature": torch.ones(1)}}, tmp_path / "c.pt")
    done = optstate("convert", tmp_path / "c.pt", tmp_path / "c.ckpt", "--to", "tensorflow")
    assert "in front of all names" not in done.stderr
    names = {one["name"] for one in json.loads(optstate("inspect", tmp_path / "c.ckpt", "--json", "--variables").stdout)["variables"]}
    assert "module.classifier.weight" in names
