"""Names of ALBERT, ELECTRA, T5 and TFRoberta become those of transformers, and back: every tensor, every moment."""
import json
import os
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from test_trainer_models import MODELS  # noqa: E402

T5 = dict(MODELS["t5"][2], num_decoder_layers=3)


def albert_name(name):
    """As google-research/albert calls it; the rules are those of transformers' own loader, read backwards."""
    name = name.replace("albert.", "bert.", 1).replace(".albert_layer_groups.", ".transformer.group_")
    name = name.replace(".albert_layers.", ".inner_group_")
    if "inner_group" in name:
        name = name.replace("full_layer_layer_norm", "LayerNorm_1").replace("attention.LayerNorm", "LayerNorm")
        name = name.replace("attention.dense", "attention_1.output.dense")
        name = re.sub(r"attention\.(query|key|value)", r"attention_1.self.\1", name)
        name = name.replace("ffn_output", "ffn_1.intermediate.output.dense")
        name = re.sub(r"\.ffn\.", ".ffn_1.intermediate.dense.", name)
    name = name.replace("bert.pooler", "bert.pooler.dense").replace("sop_classifier.classifier", "cls.seq_relationship")
    if name.startswith("predictions."):
        name = "cls." + name.replace("predictions.", "predictions.transform.", 1)
    if name == "cls.predictions.transform.bias":
        return "cls/predictions/output_bias"
    if name.startswith("cls.seq"):
        return name.replace(".weight", ".output_weights").replace(".bias", ".output_bias").replace(".", "/")
    return tensorflow_name(name)


def electra_name(name):
    name = name.replace("dense_prediction", "dense_1").replace("encoder.layer.", "encoder.layer_")
    return tensorflow_name(name)


def tensorflow_name(name):
    if name.endswith("_embeddings.weight"):
        return name.removesuffix(".weight").replace(".", "/")
    norm = "LayerNorm" in name
    name = name.replace(".weight", ".gamma" if norm else ".kernel").replace(".bias", ".beta" if norm else ".bias")
    return name.replace(".", "/")


def t5_name(name):
    name = name.replace("shared.weight", "shared.embedding").replace("lm_head.weight", "decoder.logits.kernel")
    name = re.sub(r"block\.(\d+)", lambda match: f"block_{int(match[1]):03}", name)
    name = re.sub(r"layer\.(\d+)", lambda match: f"layer_{int(match[1]):03}", name)
    name = name.replace("layer_norm.weight", "layer_norm.scale")
    if "DenseReluDense" in name:
        name = name.replace(".weight", ".kernel")
    return name.removesuffix(".weight").replace(".", "/")


def roberta_name(name):
    name = name.replace("encoder.layer.", "encoder.layer_._")
    if name.endswith("word_embeddings.weight"):
        return "tf_roberta_for_masked_lm/" + name.replace(".", "/", 2).replace(".", "/")
    if name.endswith("_embeddings.weight"):
        return "tf_roberta_for_masked_lm/" + name.replace(".weight", ".embeddings").replace(".", "/")
    norm = "LayerNorm" in name or "layer_norm" in name
    name = name.replace(".weight", ".gamma" if norm else ".kernel").replace(".bias", ".beta" if norm else ".bias")
    return "tf_roberta_for_masked_lm/" + name.replace("layer_._", "layer_!_").replace(".", "/").replace("!", ".")


FAMILIES = {
    "albert": ("AlbertForPreTraining", "AlbertConfig", MODELS["albert"][2], albert_name),
    "electra": ("ElectraForPreTraining", "ElectraConfig", MODELS["electra"][2], electra_name),
    "t5": ("T5ForConditionalGeneration", "T5Config", T5, t5_name),
    "t5-gated": (
        "T5ForConditionalGeneration", "T5Config",
        dict(T5, feed_forward_proj="gated-gelu", tie_word_embeddings=False), t5_name,
    ),
    "roberta": ("RobertaForMaskedLM", "RobertaConfig", MODELS["roberta"][2], roberta_name),
}


def turned(name, key, value):
    """A parameter as TensorFlow keeps it: matrices [in, out], tables as they are."""
    if name.startswith("t5"):
        return value if key == "shared.weight" or value.ndim < 2 else value.T
    isTable = key.endswith("_embeddings.weight") or key.startswith("sop_classifier")
    return value if isTable or value.ndim < 2 else value.T


def state(name):
    """A model with moments that are no other's, and what TensorFlow would have of both."""
    cls, configuration, settings, rename = FAMILIES[name]
    torch.manual_seed(2)
    net = getattr(transformers, cls)(getattr(transformers, configuration)(**settings))
    rng = np.random.default_rng(3)
    slots, there = {}, {}
    for key, value in net.named_parameters():
        moments = [np.abs(rng.normal(0, 1e-3, value.shape)).astype("f4") for _ in range(2)]
        slots[key] = moments
        own = rename(key)
        there[own] = turned(name, key, value.detach().numpy())
        for word, moment in zip(("adam_m", "adam_v"), moments):
            there[f"{own}/{word}"] = turned(name, key, moment)
    return net, slots, there


def save_tensorflow(path, tensors):
    import tensorflow as tf

    v1 = tf.compat.v1
    path.parent.mkdir()
    with tf.Graph().as_default(), v1.Session() as session:
        for name, value in tensors.items():
            v1.get_variable(name, initializer=np.ascontiguousarray(value))
        v1.get_variable("global_step", initializer=np.int64(7))
        session.run(v1.global_variables_initializer())
        v1.train.Saver(v1.global_variables()).save(session, str(path))
    return path


RATES = ("--optimizer", "adamw:learning_rate=1e-3,weight_decay=0.01")


@pytest.mark.parametrize("name", FAMILIES)
def test_tensorflow_names_become_those_of_transformers(optstate, tmp_path, name):
    net, slots, there = state(name)
    source = save_tensorflow(tmp_path / "tf" / "model.ckpt-7", there)
    target = tmp_path / "checkpoint-7"
    optstate("convert", source, target, "--to", "huggingface", *RATES)
    net.config.save_pretrained(target)
    again, report = type(net).from_pretrained(target, output_loading_info=True)
    assert not any(report.values())
    assert [key for key, value in net.state_dict().items() if not torch.equal(again.state_dict()[key], value)] == []
    # Moments, in the order in which the Trainer's optimizer asks for them.
    optimizer = torch.load(target / "optimizer.pt", weights_only=True)
    trainer = transformers.Trainer(
        again, transformers.TrainingArguments(str(tmp_path / "o"), use_cpu=True, report_to=[], weight_decay=0.01)
    )
    fresh = trainer.create_optimizer()
    names = {id(value): key for key, value in again.named_parameters()}
    order = [names[id(value)] for group in fresh.param_groups for value in group["params"]]
    assert [len(group["params"]) for group in optimizer["param_groups"]] == [
        len(group["params"]) for group in fresh.param_groups
    ]
    for number, key in enumerate(order):
        entry = optimizer["state"][number]
        assert entry["exp_avg"].numpy().tobytes() == slots[key][0].tobytes(), key
        assert entry["exp_avg_sq"].numpy().tobytes() == slots[key][1].tobytes(), key
        assert entry["step"] == 7


@pytest.mark.parametrize("name", FAMILIES)
def test_and_back_again(optstate, tmp_path, name):
    _, _, there = state(name)
    source = save_tensorflow(tmp_path / "tf" / "model.ckpt-7", there)
    optstate("convert", source, tmp_path / "there.pt", *RATES)
    back = tmp_path / "back" / "model.ckpt-7"
    back.parent.mkdir()
    optstate("convert", tmp_path / "there.pt", back, "--to", "tensorflow")
    from conftest import tensors

    found = tensors(back)
    for key, value in there.items():
        assert found[key].tobytes() == np.ascontiguousarray(value).tobytes(), key


def test_half_known_names_are_refused(optstate, tmp_path):
    _, _, there = state("electra")
    there["electra/embeddings/swizzle"] = np.zeros((3, 4), "f4")
    source = save_tensorflow(tmp_path / "tf" / "model.ckpt-7", there)
    done = optstate("convert", source, tmp_path / "hf", "--to", "huggingface", *RATES, status=65)
    assert "swizzle" in done.stderr and "--naming" in done.stderr and not (tmp_path / "hf").exists()
    done = optstate("convert", source, tmp_path / "hf", "--to", "huggingface", *RATES, "--naming", "keep")
    assert (tmp_path / "hf" / "model.safetensors").exists()


def test_unknown_names_are_refused(optstate, tmp_path):
    torch.save({"fc.weight": torch.ones(2, 2), "fc.bias": torch.ones(2)}, tmp_path / "own.pt")
    done = optstate("convert", tmp_path / "own.pt", tmp_path / "hf", "--to", "huggingface", status=65)
    assert "start from nothing" in done.stderr and not (tmp_path / "hf").exists()
    optstate("convert", tmp_path / "own.pt", tmp_path / "hf", "--to", "huggingface", "--naming", "keep")


def test_old_spellings_become_todays(optstate, tmp_path):
    """pytorch-pretrained-bert calls a normalization's numbers gamma and beta."""
    from test_huggingface import bert

    net = bert()
    old = {
        key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for key, value in net.state_dict().items()
    }
    (tmp_path / "old").mkdir()
    torch.save(old, tmp_path / "old" / "pytorch_model.bin")
    net.config.save_pretrained(tmp_path / "old")
    optstate("convert", tmp_path / "old" / "pytorch_model.bin", tmp_path / "hf", "--to", "huggingface")
    net.config.save_pretrained(tmp_path / "hf")
    again, report = type(net).from_pretrained(tmp_path / "hf", output_loading_info=True)
    assert not any(report.values())
    assert all(torch.equal(again.state_dict()[key], value) for key, value in net.state_dict().items())
    assert json.loads(optstate("inspect", tmp_path / "old", "--json").stdout)["naming"] == "huggingface"


CONVOLUTIONS = {
    "naming_map": 1, "from": "keras", "to": "torch",
    "variables": [
        {"from": "conv/kernel", "to": "0.weight", "permute": [3, 2, 0, 1]}, {"from": "conv/bias", "to": "0.bias"},
        {"from": "head/kernel", "to": "3.weight", "transpose": True}, {"from": "head/bias", "to": "3.bias"},
    ],
}


class TestConvolutions:
    """A network of Keras' goes on in torch under a map of the user's own: the same numbers after each step."""

    def networks(self, folder):
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        import keras

        keras.utils.set_random_seed(4)
        net = keras.Sequential([
            keras.layers.Input((6, 6, 2)), keras.layers.Conv2D(3, (2, 3), activation="relu", name="conv"),
            keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4, name="head"),
        ])
        net.compile(keras.optimizers.Adam(1e-2, epsilon=1e-8), "mse")
        x, y = self.data()
        net.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
        net.save(folder / "net.keras")

        class Mean(torch.nn.Module):
            def forward(self, x):
                return x.mean((2, 3))

        other = torch.nn.Sequential(torch.nn.Conv2d(2, 3, (2, 3)), torch.nn.ReLU(), Mean(), torch.nn.Linear(3, 4))
        return net, other

    def data(self):
        rng = np.random.default_rng(5)
        return rng.normal(size=(8, 6, 6, 2)).astype("f4"), rng.normal(size=(8, 4)).astype("f4")

    def test_keras_goes_on_in_torch(self, optstate, tmp_path):
        net, other = self.networks(tmp_path)
        (tmp_path / "map.json").write_text(json.dumps(CONVOLUTIONS))
        optstate("convert", tmp_path / "net.keras", tmp_path / "net.pt", "--naming", tmp_path / "map.json")
        saved = torch.load(tmp_path / "net.pt", weights_only=True)
        other.load_state_dict(saved["model"])
        optimizer = torch.optim.Adam(other.parameters(), lr=1e-2)
        optimizer.load_state_dict(saved["optimizer"])
        x, y = self.data()
        images = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous()
        np.testing.assert_allclose(net.predict(x, verbose=0), other(images).detach().numpy(), rtol=1e-5, atol=1e-6)
        assert optimizer.state[other[0].weight]["step"] == 3
        for _ in range(3):
            net.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
            optimizer.zero_grad()
            ((other(images) - torch.from_numpy(y)) ** 2).mean().backward()
            optimizer.step()
            kernel = net.get_layer("conv").get_weights()[0].transpose(3, 2, 0, 1)
            np.testing.assert_allclose(kernel, other[0].weight.detach().numpy(), rtol=2e-5, atol=2e-6)
        # Moments turned with their kernel: what they are now, both frameworks agree on.
        moment = next(v for v in net.optimizer.variables if v.path.endswith("conv_kernel_momentum"))
        np.testing.assert_allclose(
            np.asarray(moment).transpose(3, 2, 0, 1), optimizer.state[other[0].weight]["exp_avg"].numpy(),
            rtol=1e-3, atol=1e-6,
        )

    def test_and_its_numbers_come_back(self, optstate, tmp_path):
        self.networks(tmp_path)
        (tmp_path / "map.json").write_text(json.dumps(CONVOLUTIONS))
        optstate("convert", tmp_path / "net.keras", tmp_path / "net.pt", "--naming", tmp_path / "map.json")
        optstate("convert", tmp_path / "net.keras", tmp_path / "own.npz", "--naming", "keep")
        optstate("convert", tmp_path / "net.pt", tmp_path / "back.npz", "--naming", tmp_path / "map.json")
        own, back = dict(np.load(tmp_path / "own.npz")), dict(np.load(tmp_path / "back.npz"))
        kernels = [key for key in back if key.startswith("conv/kernel") and back[key].ndim == 4]
        assert len(kernels) == 3 and own["conv/kernel"].shape == (2, 3, 2, 3)
        assert not [key for key in kernels if back[key].tobytes() != own[key].tobytes()]
