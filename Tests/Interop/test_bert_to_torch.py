"""The original BERT goes on in PyTorch: the same function, the same moments, and the way back."""
import json

import numpy as np
import pytest
from conftest import BERT, files

FLAGS = ["--learning_rate", "1e-3", "--num_train_steps", "100", "--num_warmup_steps", "8"]


@pytest.fixture
def checkpoint(optstate, tmp_path):
    import bert_run

    config = tmp_path / "bert_config.json"
    config.write_text(bert_run.configuration().to_json_string())
    optstate("convert", BERT / "model.ckpt-20", tmp_path / "hf", "--to", "huggingface",
             "--config", config, *FLAGS)
    return tmp_path / "hf"


def tensorflow_outputs(step):
    """What the original code predicts at the masked places, and about the next sentence."""
    import bert_run

    trainer = bert_run.Trainer()
    trainer.restore(str(BERT / "model.ckpt-20"))
    names = ["cls/predictions/LogSoftmax:0", "cls/seq_relationship/LogSoftmax:0"]
    outputs = [trainer.graph.get_tensor_by_name(name) for name in names]
    return trainer.session.run(outputs, trainer.feed(step))


def test_the_model_computes_what_tensorflow_computes(checkpoint):
    import bert_run
    import torch
    from transformers import BertForPreTraining

    model, report = BertForPreTraining.from_pretrained(checkpoint, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    assert not report["mismatched_keys"]
    model.eval()
    batch = {name: torch.tensor(value).long() for name, value in bert_run.batch(7).items()}
    with torch.no_grad():
        found = model(batch["ids"], batch["mask"], batch["segments"])
    words = torch.log_softmax(found.prediction_logits, -1)
    words = torch.take_along_dim(words, batch["positions"][:, :, None], 1).flatten(0, 1)
    wanted_words, wanted_next = tensorflow_outputs(7)
    assert np.abs(words.numpy() - wanted_words).max() < 1e-5
    following = torch.log_softmax(found.seq_relationship_logits, -1)
    assert np.abs(following.numpy() - wanted_next).max() < 1e-5


def test_the_configuration_is_that_of_the_original(checkpoint):
    config = json.loads((checkpoint / "config.json").read_text())
    assert config["hidden_act"] == "gelu_new"
    assert config["num_attention_heads"] == 2
    assert config["architectures"] == ["BertForPreTraining"]


def test_a_configuration_of_another_model_is_refused(optstate, tmp_path):
    (tmp_path / "config.json").write_text('{"hidden_size": 768, "num_attention_heads": 12}')
    optstate("convert", BERT / "model.ckpt-20", tmp_path / "hf", "--to", "huggingface",
             "--config", tmp_path / "config.json", *FLAGS, status=64)
    assert not (tmp_path / "hf").exists()


def test_the_way_back_is_the_original_bundle(optstate, tmp_path, checkpoint):
    optstate("convert", checkpoint, tmp_path / "back/model.ckpt-20")
    assert files(tmp_path / "back/model.ckpt-20") == files(BERT / "model.ckpt-20")


def test_the_way_back_through_a_pickle_is_the_original_bundle(optstate, tmp_path):
    optstate("convert", BERT / "model.ckpt-20", tmp_path / "state.pt", *FLAGS)
    optstate("convert", tmp_path / "state.pt", tmp_path / "back/model.ckpt-20")
    assert files(tmp_path / "back/model.ckpt-20") == files(BERT / "model.ckpt-20")


def test_a_pickle_loads_into_the_model_with_its_tied_weights(optstate, tmp_path, checkpoint):
    import torch
    from transformers import AutoConfig, BertForPreTraining

    optstate("convert", BERT / "model.ckpt-20", tmp_path / "state.pt", *FLAGS)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    model = BertForPreTraining(AutoConfig.from_pretrained(checkpoint))
    model.load_state_dict(state["model"], strict=True)
    words = state["model"]["bert.embeddings.word_embeddings.weight"]
    decoder = state["model"]["cls.predictions.decoder.weight"]
    assert words.data_ptr() == decoder.data_ptr()


def test_names_are_the_parameters_of_the_model_in_their_order(optstate, checkpoint, tmp_path):
    from transformers import BertForPreTraining

    model = BertForPreTraining.from_pretrained(checkpoint)
    optstate("convert", BERT / "model.ckpt-20", tmp_path / "s.h5", "--naming", "huggingface")
    shown = json.loads(optstate("inspect", tmp_path / "s.h5", "--json", "--variables").stdout)
    assert [v["name"] for v in shown["variables"]] == [n for n, _ in model.named_parameters()]
