"""Slots made for checkpoints without any: the code that trains restores them, and finds what it would have made itself."""
import numpy as np
import pytest
from conftest import assert_same, tensors

BERT_SPEC = ["--create", "--optimizer", "bert_adamw", "--step", 0]


def names_of(family):
    """Names and shapes of a model of one layer, as the family's own code has them."""
    width = 6
    kernel, bias = (width, width), (width,)
    if family == "electra":
        layer = "electra/encoder/layer_0/attention/self"
        return {
            "electra/embeddings/word_embeddings": (9, width),
            f"{layer}/query/kernel": kernel,
            f"{layer}/query/bias": bias,
            "generator_predictions/LayerNorm/gamma": bias,
            "generator_lm_bias": (9,),
            "discriminator_predictions/dense_1/kernel": (width, 1),
        }
    layer = "bert/encoder/transformer/group_0/inner_group_0/attention_1/self"
    return {
        "bert/embeddings/word_embeddings": (9, 4),
        "bert/encoder/embedding_hidden_mapping_in/kernel": (4, width),
        f"{layer}/query/kernel": kernel,
        f"{layer}/query/bias": bias,
        "cls/predictions/output_bias": (9,),
        "cls/seq_relationship/output_weights": (2, width),
    }


def test_released_bert_is_what_its_training_code_starts_from(optstate, tmp_path):
    import bert_run

    trainer = bert_run.Trainer()
    trainer.save(str(tmp_path / "start.ckpt"), 0)
    optstate("strip", tmp_path / "start.ckpt-0", tmp_path / "release.ckpt")
    assert not any("adam" in name for name in tensors(tmp_path / "release.ckpt"))
    done = optstate("reset", tmp_path / "release.ckpt", tmp_path / "made.ckpt", *BERT_SPEC)
    assert "made adam_m 46, adam_v 46 in 46 of 46 variables; step 0 made" in done.stdout
    assert_same(tensors(tmp_path / "made.ckpt"), tensors(tmp_path / "start.ckpt-0"))
    other = bert_run.Trainer()
    other.train(0, 3)
    other.restore(str(tmp_path / "made.ckpt"))
    trainer.train(0, 3)
    other.train(0, 3)
    trainer.save(str(tmp_path / "one.ckpt"), 3)
    other.save(str(tmp_path / "two.ckpt"), 3)
    assert_same(tensors(tmp_path / "two.ckpt-3"), tensors(tmp_path / "one.ckpt-3"))


@pytest.mark.parametrize("family", ["electra", "albert"])
def test_its_relatives_restore(optstate, tmp_path, family):
    """Their optimizers are BERT's, and keep what it keeps under the same names."""
    import bert_run

    tf = bert_run.tf
    with tf.Graph().as_default(), tf.Session() as session:
        weights = [
            tf.get_variable(name, shape, initializer=tf.random_normal_initializer(seed=3))
            for name, shape in names_of(family).items()
        ]
        release = tf.train.Saver(weights, save_relative_paths=True)
        step = tf.train.get_or_create_global_step()
        optimizer = bert_run.optimization.AdamWeightDecayOptimizer(learning_rate=1e-3)
        update = optimizer.apply_gradients([(weight * 2, weight) for weight in weights], step)
        saver = tf.train.Saver(save_relative_paths=True)
        session.run(tf.global_variables_initializer())
        release.save(session, str(tmp_path / "release.ckpt"), write_meta_graph=False)
        saver.save(session, str(tmp_path / "start.ckpt"), write_meta_graph=False)
        session.run(update)
        optstate("reset", tmp_path / "release.ckpt", tmp_path / "made.ckpt", *BERT_SPEC)
        saver.restore(session, str(tmp_path / "made.ckpt"))
    assert_same(tensors(tmp_path / "made.ckpt"), tensors(tmp_path / "start.ckpt"))
    assert optstate("doctor", tmp_path / "made.ckpt", status=(0, 1)).stdout


OPTIMIZERS = {
    "adam": ("AdamOptimizer(0.01)", "adam"),
    "momentum": ("MomentumOptimizer(0.01, 0.9)", "sgd:momentum=0.9"),
    "rmsprop": ("RMSPropOptimizer(0.01, momentum=0.5)", "rmsprop:momentum=0.5"),
    "centered": (
        "RMSPropOptimizer(0.01, momentum=0.5, centered=True)",
        "rmsprop:momentum=0.5,centered=true",
    ),
    "adagrad": ("AdagradOptimizer(0.01, 0.25)", "adagrad:initial_accumulator_value=0.25"),
    "ftrl": ("FtrlOptimizer(0.01, initial_accumulator_value=0.5)", "ftrl:initial_accumulator_value=0.5"),
    "adadelta": ("AdadeltaOptimizer(0.01)", "adadelta"),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_tensorflows_own_names_and_beginnings(optstate, tmp_path, name):
    import tensorflow as tf

    v1 = tf.compat.v1
    maker, spec = OPTIMIZERS[name]
    with tf.Graph().as_default(), v1.Session() as session:
        weights = v1.get_variable("w", [3, 2], initializer=v1.ones_initializer(), use_resource=True)
        v1.train.get_or_create_global_step()
        release = v1.train.Saver([weights])
        eval(f"v1.train.{maker}").minimize(tf.reduce_sum(weights**3))
        saver = v1.train.Saver()
        session.run(v1.global_variables_initializer())
        saver.save(session, str(tmp_path / "start.ckpt"), write_meta_graph=False)
        release.save(session, str(tmp_path / "release.ckpt"), write_meta_graph=False)
    optstate("reset", tmp_path / "release.ckpt", tmp_path / "made.ckpt", "--create", "--optimizer", spec)
    assert_same(tensors(tmp_path / "made.ckpt"), tensors(tmp_path / "start.ckpt"))


def test_torch_goes_on_from_a_bare_model(optstate, tmp_path):
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    torch.save(model.state_dict(), tmp_path / "model.pt")
    spec = "adamw:learning_rate=0.01,weight_decay=0.1,beta1=0.9,beta2=0.999,epsilon=1e-8"
    optstate("reset", tmp_path / "model.pt", tmp_path / "made.pt", "--create", "--optimizer", spec)
    made = torch.load(tmp_path / "made.pt", weights_only=True)
    assert len(made["optimizer"]["state"]) == 6
    for entry in made["optimizer"]["state"].values():
        assert entry["step"] == 0 and not entry["exp_avg"].any() and not entry["exp_avg_sq"].any()
    other = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    other.load_state_dict(made["model"])
    pairs = [
        (model, torch.optim.AdamW(model.parameters(), 0.01, weight_decay=0.1, fused=True)),
        (other, torch.optim.AdamW(other.parameters(), 0.5)),
    ]
    pairs[1][1].load_state_dict(made["optimizer"])
    for each, optimizer in pairs:
        torch.manual_seed(1)
        for _ in range(5):
            optimizer.zero_grad()
            each(torch.randn(8, 3)).pow(2).mean().backward()
            optimizer.step()
    for one, two in zip(*(pair[0].parameters() for pair in pairs)):
        assert torch.equal(one, two)


def test_what_is_there_stays(optstate, tmp_path):
    import h5py

    from conftest import BERT

    optstate("convert", BERT / "model.ckpt-20", tmp_path / "s.h5")
    with h5py.File(tmp_path / "s.h5", "r+") as file:
        for slot in ("adam_m", "adam_v"):
            del file[f"bert/pooler/dense/kernel/{slot}"]
    spec = ["--create", "--optimizer", "bert_adamw"]
    done = optstate("reset", tmp_path / "s.h5", tmp_path / "made.h5", *spec)
    assert "made adam_m 1, adam_v 1 in 1 of 46 variables; step 20 kept" in done.stdout
    optstate("convert", tmp_path / "made.h5", tmp_path / "made.ckpt")
    wanted = tensors(BERT / "model.ckpt-20")
    for slot in ("adam_m", "adam_v"):
        wanted[f"bert/pooler/dense/kernel/{slot}"][...] = 0
    assert_same(tensors(tmp_path / "made.ckpt"), wanted)
    with h5py.File(tmp_path / "made.h5") as file:
        assert file["bert/pooler/dense/kernel/adam_m"].attrs["since"].tolist() == [0, 20]
    again = optstate("reset", tmp_path / "made.h5", tmp_path / "no.h5", *spec, status=65)
    assert "no selected variable lacks a slot of the optimizer" in again.stderr
    other = ["--create", "--optimizer", "sgd:momentum=0.9"]
    assert "'sgd' does not keep" in optstate("reset", tmp_path / "s.h5", tmp_path / "no.h5", *other, status=65).stderr
    assert not (tmp_path / "no.h5").exists()


def test_it_must_be_told_for_whom(optstate, tmp_path):
    from conftest import BERT

    optstate("strip", BERT / "model.ckpt-20", tmp_path / "release.ckpt")
    done = optstate("reset", tmp_path / "release.ckpt", tmp_path / "no.ckpt", "--create", status=65)
    assert "--optimizer" in done.stderr
    assert not np.array(list(tmp_path.glob("no*"))).size
