"""Surgery against the formulas in float64 NumPy, and the real BERT optimizer going on from what it made."""
import json

import numpy as np
import pytest
from conftest import BERT, OPTIMIZERS, tensors

BETA1, BETA2 = 0.9, 0.999
BETAS = ["--beta1", BETA1, "--beta2", BETA2]


def moments(found):
    return sorted(name[: -len("/adam_m")] for name in found if name.endswith("/adam_m"))


def ulps(found, wanted):
    """Distance in representable numbers; both have the same signs."""
    return np.abs(found.view(np.int32).astype(np.int64) - wanted.view(np.int32))


@pytest.mark.parametrize("step", [5, 10, 20])
def test_fold_is_the_formula(optstate, tmp_path, step):
    source = BERT / f"model.ckpt-{step}"
    optstate("debias", source, tmp_path / "model.ckpt", "--fold", *BETAS)
    before, after = tensors(source), tensors(tmp_path / "model.ckpt")
    for name in moments(before):
        for slot, beta in (("adam_m", BETA1), ("adam_v", BETA2)):
            exact = before[f"{name}/{slot}"].astype(np.float64) / (1 - beta**step)
            assert (after[f"{name}/{slot}"] == exact.astype(np.float32)).all(), f"{name}/{slot}"
        assert (after[name] == before[name]).all()
    assert after["global_step"] == step


def test_unfold_is_its_inverse_within_one_ulp(optstate, tmp_path):
    source = BERT / "model.ckpt-20"
    optstate("debias", source, tmp_path / "f.h5", "--fold", *BETAS)
    done = optstate("debias", tmp_path / "f.h5", tmp_path / "back.ckpt", "--unfold", "--json", *BETAS)
    before, after = tensors(source), tensors(tmp_path / "back.ckpt")
    worst = max(ulps(after[name], before[name]).max() for name in before if "/adam_" in name)
    assert worst <= 1
    assert json.loads(done.stdout)["loss"]["max_ulp"] <= 1


@pytest.mark.parametrize(
    "step, inflation", [(1, 3.162278), (10, 6.527881), (12, 6.568520), (100, 3.240799), (1000, 1.257584)]
)
def test_inflation_is_the_documented_one(optstate, tmp_path, step, inflation):
    arguments = ["debias", BERT / "model.ckpt-20", tmp_path / "s.h5", "--fold", "--json", *BETAS]
    report = json.loads(optstate(*arguments, "--step", step).stdout)
    assert report["factors"][0]["inflation"] == pytest.approx(inflation, rel=1e-6)
    assert inflation == pytest.approx((1 - BETA1**step) / np.sqrt(1 - BETA2**step), rel=1e-6)


def test_report_tells_the_size_of_the_update(optstate, tmp_path):
    source = BERT / "model.ckpt-20"
    arguments = ["debias", source, tmp_path / "s.h5", "--fold", "--json", "--optimizer", "bert_adamw"]
    update = json.loads(optstate(*arguments).stdout)["update"]
    state = tensors(source)
    m, v = (
        np.concatenate([state[f"{name}/{slot}"].ravel() for name in moments(state)]).astype(np.float64)
        for slot in ("adam_m", "adam_v")
    )
    before = m / (np.sqrt(v) + 1e-6)
    after = m / (1 - BETA1**20) / (np.sqrt(v / (1 - BETA2**20)) + 1e-6)
    for found, wanted in ((update["before"], before), (update["after"], after)):
        assert found["rms"] == pytest.approx(np.sqrt(np.mean(wanted**2)), rel=1e-5)
        assert found["largest"] == pytest.approx(np.abs(wanted).max(), rel=1e-5)


# The real optimizer going on.


class Steady:
    """BERT's own optimizer on one variable whose gradients are fed in."""

    def __init__(self, values, rate=1e-3):
        import bert_run

        self.tf, self.optimization = bert_run.tf, bert_run.optimization
        tf = self.tf
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.weights = tf.get_variable("w", initializer=tf.constant(values, tf.float32))
            self.step = tf.train.get_or_create_global_step()
            self.gradient = tf.placeholder(tf.float32, values.shape)
            optimizer = self.optimization.AdamWeightDecayOptimizer(
                learning_rate=rate, weight_decay_rate=0.0, epsilon=1e-6
            )
            apply = optimizer.apply_gradients([(self.gradient, self.weights)], self.step)
            # BERT counts outside of its optimizer.
            self.update = tf.group(apply, self.step.assign_add(1))
            self.saver = tf.train.Saver(save_relative_paths=True)
            start = tf.global_variables_initializer()
        self.session = tf.Session(graph=self.graph)
        self.session.run(start)

    def apply(self, gradient):
        before = self.values()
        self.session.run(self.update, {self.gradient: gradient})
        return before.astype(np.float64) - self.values()

    def values(self):
        return self.session.run(self.weights)

    def save(self, prefix):
        self.saver.save(self.session, str(prefix), write_meta_graph=False)

    def restore(self, prefix):
        self.saver.restore(self.session, str(prefix))


@pytest.mark.parametrize("steps", [1, 5, 20, 200])
def test_next_update_from_a_folded_state_is_the_corrected_one(optstate, tmp_path, steps):
    """For a steady gradient; weights at zero, so that the difference has all its digits."""
    gradient = np.array([0.3, -0.02, 5.0, -1e-3, 0.7], np.float32)
    zero = np.zeros(5, np.float32)
    trainer = Steady(zero)
    for _ in range(steps):
        trainer.apply(gradient)
    trainer.save(tmp_path / "before.ckpt")
    trainer.session.run(trainer.weights.assign(zero))
    uncorrected = trainer.apply(gradient)

    optstate("debias", tmp_path / "before.ckpt", tmp_path / "folded.ckpt", "--fold", *BETAS)
    trainer.restore(tmp_path / "folded.ckpt")
    trainer.session.run(trainer.weights.assign(zero))
    update = trainer.apply(gradient)
    g = gradient.astype(np.float64)
    # From the moments that TensorFlow reached: its own rounding, 3e-6 after 200 updates, is in both.
    reached = tensors(tmp_path / "before.ckpt")
    m, v = reached["w/adam_m"].astype(np.float64), reached["w/adam_v"].astype(np.float64)
    assert m == pytest.approx((1 - BETA1**steps) * g, rel=1e-5)
    assert v == pytest.approx((1 - BETA2**steps) * g * g, rel=1e-5)
    m, v = BETA1 * m + (1 - BETA1) * g, BETA2 * v + (1 - BETA2) * g * g
    assert uncorrected == pytest.approx(1e-3 * m / (np.sqrt(v) + 1e-6), rel=1e-5)
    m, v = m / (1 - BETA1 ** (steps + 1)), v / (1 - BETA2 ** (steps + 1))
    assert update == pytest.approx(1e-3 * m / (np.sqrt(v) + 1e-6), rel=1e-6)


def test_folded_moments_stay_unbiased_for_varying_gradients(optstate, tmp_path):
    """A stationary run: the means are right from the start, though the sequence is not Adam's own."""
    random = np.random.RandomState(3)
    width, steps = 4096, 12
    mean, spread = 0.5, 1.0
    gradients = random.normal(mean, spread, (steps + 6, width)).astype(np.float32)
    trainer = Steady(np.zeros(width, np.float32))
    for gradient in gradients[:steps]:
        trainer.apply(gradient)
    trainer.save(tmp_path / "before.ckpt")
    optstate("debias", tmp_path / "before.ckpt", tmp_path / "folded.ckpt", "--fold", *BETAS)
    trainer.restore(tmp_path / "folded.ckpt")
    for gradient in gradients[steps:]:
        trainer.apply(gradient)
    trainer.save(tmp_path / "after.ckpt")
    state = tensors(tmp_path / "after.ckpt")
    m, v = state["w/adam_m"].astype(np.float64), state["w/adam_v"].astype(np.float64)
    # Expectations of the gradient and its square, within five standard errors.
    assert abs(m.mean() - mean) < 5 * m.std() / np.sqrt(width)
    square = mean**2 + spread**2
    assert abs(v.mean() - square) < 5 * v.std() / np.sqrt(width)
    # Adam corrects the same averages otherwise: other weights on the same gradients.
    adam_m, adam_v = np.zeros(width), np.zeros(width)
    for g in gradients.astype(np.float64):
        adam_m, adam_v = BETA1 * adam_m + (1 - BETA1) * g, BETA2 * adam_v + (1 - BETA2) * g * g
    total = steps + 6
    adam_m, adam_v = adam_m / (1 - BETA1**total), adam_v / (1 - BETA2**total)
    assert abs(adam_m.mean() - mean) < 5 * adam_m.std() / np.sqrt(width)
    assert np.abs(m - adam_m).max() > 1e-3
    assert np.abs(v - adam_v).max() > 1e-3
    # Without the fold the second moment is far off.
    raw = np.zeros(width)
    for g in gradients.astype(np.float64):
        raw = BETA2 * raw + (1 - BETA2) * g * g
    assert raw.mean() < 0.05 * square


def test_bert_goes_on_from_a_folded_state(optstate, tmp_path):
    """The whole model: moments that TensorFlow reaches are those that the recurrence gives."""
    import bert_run

    trainer = bert_run.Trainer()
    trainer.train(0, 10)
    trainer.save(str(tmp_path / "model.ckpt"), 10)
    optstate("debias", tmp_path / "model.ckpt-10", tmp_path / "folded/model.ckpt-10", "--fold", *BETAS)
    trainer.restore(str(tmp_path / "folded/model.ckpt-10"))
    before = tensors(tmp_path / "folded/model.ckpt-10")
    record = trainer.train_and_record(10)
    trainer.save(str(tmp_path / "next.ckpt"), 11)
    after = tensors(tmp_path / "next.ckpt-11")
    for name in moments(before):
        g = record["clipped"][name]
        if not isinstance(g, np.ndarray):
            dense = np.zeros(before[name].shape)
            np.add.at(dense, g.indices, g.values.astype(np.float64))
            g = dense
        g = g.astype(np.float64)
        m = BETA1 * before[f"{name}/adam_m"].astype(np.float64) + (1 - BETA1) * g
        v = BETA2 * before[f"{name}/adam_v"].astype(np.float64) + (1 - BETA2) * g * g
        scale = np.abs(m).max() + 1e-30
        assert after[f"{name}/adam_m"] == pytest.approx(m, rel=1e-5, abs=1e-6 * scale)
        assert after[f"{name}/adam_v"] == pytest.approx(v, rel=1e-5, abs=1e-12)


# Resets.


def test_reset_restarts_tensorflows_adam(optstate, tmp_path):
    source = OPTIMIZERS / "adam" / "model.ckpt-5"
    optstate("reset", source, tmp_path / "model.ckpt-0", "--step", 0)
    state, old = tensors(tmp_path / "model.ckpt-0"), tensors(source)
    assert state["beta1_power"] == np.float32(0.9)
    assert state["beta2_power"] == np.float32(0.999)
    assert state["global_step"] == 0
    for name in old:
        if name.endswith(("/Adam", "/Adam_1")):
            assert not state[name].any()
        elif name not in ("beta1_power", "beta2_power", "global_step"):
            assert (state[name] == old[name]).all()


def test_reset_begins_as_tensorflow_does(optstate, tmp_path):
    """The slots that TensorFlow's own initializers make."""
    import tensorflow as tf

    v1 = tf.compat.v1
    makers = {
        "rmsprop": (lambda: v1.train.RMSPropOptimizer(0.01, momentum=0.5), []),
        "momentum": (lambda: v1.train.MomentumOptimizer(0.01, 0.9), []),
        "adadelta": (lambda: v1.train.AdadeltaOptimizer(0.01), []),
        "adagrad": (
            lambda: v1.train.AdagradOptimizer(0.01, initial_accumulator_value=0.25),
            ["--initial", 0.25],
        ),
        "ftrl": (
            lambda: v1.train.FtrlOptimizer(0.01, initial_accumulator_value=0.5),
            ["--initial", 0.5],
        ),
    }
    for name, (make, options) in makers.items():
        with tf.Graph().as_default():
            weights = v1.get_variable("w", [3], initializer=v1.ones_initializer(), use_resource=True)
            update = make().minimize(tf.reduce_sum(weights**3))
            saver = v1.train.Saver()
            with v1.Session() as session:
                session.run(v1.global_variables_initializer())
                saver.save(session, str(tmp_path / name / "start.ckpt"), write_meta_graph=False)
                session.run([update, update])
                saver.save(session, str(tmp_path / name / "later.ckpt"), write_meta_graph=False)
        target = tmp_path / name / "reset.ckpt"
        optstate("reset", tmp_path / name / "later.ckpt", target, *options)
        start, reset = tensors(tmp_path / name / "start.ckpt"), tensors(target)
        assert start.keys() == reset.keys()
        for key in start:
            if key != "w":
                assert (start[key] == reset[key]).all(), f"{name}: {key}"


def test_store_records_the_reset(optstate, tmp_path):
    import h5py

    optstate("reset", BERT / "model.ckpt-20", tmp_path / "s.h5", "--match", "pooler/dense/bias$")
    with h5py.File(tmp_path / "s.h5") as file:
        assert list(file["bert/pooler/dense/bias/adam_m"].attrs["since"]) == [0, 20]
        assert "since" not in file["bert/pooler/dense/kernel/adam_m"].attrs
    arguments = ["debias", tmp_path / "s.h5", tmp_path / "f.h5", "--fold", "--json", *BETAS]
    report = json.loads(optstate(*arguments).stdout)
    assert report["without_updates"] == 1
    with h5py.File(tmp_path / "f.h5") as file:
        assert list(file["bert/pooler/dense/kernel/adam_m"].attrs["folded"]) == [0]
        assert "folded" not in file["bert/pooler/dense/bias/adam_m"].attrs


def test_average_is_the_mean_in_double(optstate, tmp_path):
    sources = [BERT / f"model.ckpt-{step}" for step in (5, 10, 20)]
    optstate("average", *sources, tmp_path / "model.ckpt")
    found, all_of_them = tensors(tmp_path / "model.ckpt"), [tensors(source) for source in sources]
    assert not any("/adam_" in name or name == "global_step" for name in found)
    for name in found:
        exact = sum(state[name].astype(np.float64) for state in all_of_them) / 3
        assert (found[name] == exact.astype(np.float32)).all(), name


def test_resized_model_has_the_mean_in_new_rows(optstate, tmp_path):
    source, name = BERT / "model.ckpt-20", "bert/embeddings/word_embeddings"
    arguments = ["resize", source, tmp_path / "model.ckpt", "--variable", name, "--rows", 57]
    optstate(*arguments, "--fill", "mean")
    found, old = tensors(tmp_path / "model.ckpt"), tensors(source)
    mean = old[name].astype(np.float64).mean(axis=0).astype(np.float32)
    assert (found[name][:50] == old[name]).all()
    assert found[name][50:] == pytest.approx(np.tile(mean, (7, 1)), rel=1e-6)
    for slot in ("adam_m", "adam_v"):
        assert (found[f"{name}/{slot}"][:50] == old[f"{name}/{slot}"]).all()
        assert not found[f"{name}/{slot}"][50:].any()


def test_frozen_variant_is_a_smaller_rate(optstate, tmp_path):
    """The published variant, and its translation, in float64."""
    frozen = ["--optimizer", "bert_adamw:bias_correction=frozen,weight_decay=0.01"]
    schedule = ["--schedule", "bert:learning_rate=1e-3,num_train_steps=100"]
    source = BERT / "model.ckpt-20"
    optstate("debias", source, tmp_path / "s.h5", "--translate-frozen", *frozen, *schedule)
    record = json.loads(optstate("inspect", tmp_path / "s.h5", "--json").stdout)
    factor = np.sqrt(1 - BETA2) / (1 - BETA1)
    assert factor == pytest.approx(0.3162278, rel=1e-6)
    assert record["schedule"]["parameters"]["learning_rate"] == pytest.approx(1e-3 * factor, rel=1e-12)
    assert record["optimizer"]["hyperparameters"]["bias_correction"] == "none"
    # Both forms of the update, decay included.
    random = np.random.RandomState(0)
    p, m, v = random.normal(size=(3, 100))
    u = m / (np.sqrt(v * v) + 1e-6) + 0.01 * p
    assert p - (1e-3 * u) * factor == pytest.approx(p - (1e-3 * factor) * u, rel=1e-14)


@pytest.mark.parametrize("kind", ["bert", "hf"])
def test_schedule_is_the_formula(optstate, kind):
    if kind == "bert":
        spec = "bert:learning_rate=1e-3,num_train_steps=1000,num_warmup_steps=100"
        rate = lambda s: 1e-3 * s / 100 if s < 100 else 1e-3 * (1 - min(s, 1000) / 1000)
    else:
        spec = "hf_linear:learning_rate=1e-3,num_training_steps=1000,num_warmup_steps=100"
        rate = lambda s: 1e-3 * s / 100 if s < 100 else 1e-3 * max(0, (1000 - s) / 900)
    report = json.loads(optstate("schedule", spec, "--json", "--to", 1200).stdout)
    assert len(report["points"]) == 101
    for point in report["points"]:
        assert point["learning_rate"] == pytest.approx(rate(point["step"]), rel=1e-12, abs=1e-18)
