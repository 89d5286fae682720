"""`doctor` finds each defect seeded into a real state, at the right variable, and nothing in healthy states."""
import json

import numpy as np
import pytest
from conftest import BERT, OPTIMIZERS, REFERENCE, label

KEYS = {"code", "variable", "slot", "message", "evidence", "consequence", "remedy"}
KERNEL = "bert/encoder/layer_1/attention/self/key/kernel"
HEALTHY = [
    *(REFERENCE / version / "bert" / f"model.ckpt-{step}" for version in ("1.15.5", "2.21.0") for step in (5, 10, 20)),
    REFERENCE / "1.15.5" / "squad" / "model.ckpt-3",
    *(path.with_suffix("") for path in sorted(OPTIMIZERS.rglob("*.index"))),
]


def examine(optstate, state, *options, status=1):
    done = optstate("doctor", state, "--json", *options, status=status)
    return json.loads(done.stdout)["findings"]


def kinds(findings):
    return {(one["code"], one["variable"], one["slot"]) for one in findings}


@pytest.mark.parametrize("prefix", HEALTHY, ids=label)
def test_nothing_in_healthy_states(optstate, prefix, tmp_path):
    assert examine(optstate, prefix, status=0) == []
    optstate("convert", prefix, tmp_path / "s.h5")
    assert examine(optstate, tmp_path / "s.h5", status=0) == []


def test_nothing_in_a_release(optstate, tmp_path):
    optstate("strip", BERT / "model.ckpt-20", tmp_path / "release.ckpt")
    found = examine(optstate, tmp_path / "release.ckpt")
    assert [one["code"] for one in found] == ["nothing_to_resume"]


def test_findings_have_the_keys_of_the_contract(optstate, edited):
    path = edited(KERNEL + "/adam_m", lambda values: values.__setitem__((2, 3), np.nan))
    (found,) = examine(optstate, path)
    assert KEYS <= set(found)
    assert found["code"] == "nan" and "[2, 3]" in found["evidence"]
    assert "optstate reset" in found["remedy"] and KERNEL.rsplit("/")[-1] in found["remedy"]
    done = optstate("doctor", path, status=1)
    assert KERNEL in done.stdout and done.stderr == ""


def spoil(value):
    return lambda values: values.__setitem__((3, 4), value)


def turn(values):
    values[...] = values.T.copy()


@pytest.mark.parametrize(
    "dataset, change, code, slot",
    [
        ("adam_v", spoil(np.nan), "nan", "adam_v"),
        ("@value", spoil(np.nan), "nan", None),
        ("@value", spoil(np.inf), "infinity", None),
        ("adam_m", spoil(-np.inf), "infinity", "adam_m"),
        ("adam_v", spoil(-1e-9), "negative_second_moment", "adam_v"),
        ("adam_m", lambda values: values.fill(0), "zero_slot", "adam_m"),
        ("adam_v", lambda values: values.fill(0), "zero_slot", "adam_v"),
        ("adam_m", lambda values: values.fill(-0.0), "zero_slot", "adam_m"),
        ("adam_v", turn, "moments_disagree", None),
        ("adam_m", turn, "moments_disagree", None),
        ("adam_v", spoil(0), "moments_disagree", None),
        ("adam_v", lambda values: np.multiply(values, 1 - 0.999**20, out=values), "moments_disagree", None),
    ],
)
def test_seeded_numbers(optstate, edited, dataset, change, code, slot):
    path = edited(f"{KERNEL}/{dataset}", change)
    assert kinds(examine(optstate, path)) == {(code, KERNEL, slot)}


def edit(native, tmp_path, change):
    """A copy of the native state that h5py has changed in its structure."""
    import shutil

    import h5py

    path = tmp_path / "changed.h5"
    shutil.copy(native, path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def replace(file, name, values):
    """Puts other values into a dataset, of another shape where need be."""
    import google_crc32c

    attributes = dict(file[name].attrs)
    del file[name]
    file[name] = values
    file[name].attrs.update(attributes)
    file[name].attrs["crc32c"] = np.uint32(google_crc32c.value(np.ascontiguousarray(values).tobytes()))


def test_swapped_moments(optstate, native, tmp_path):
    def swap(file):
        m, v = file[KERNEL + "/adam_m"][()], file[KERNEL + "/adam_v"][()]
        replace(file, KERNEL + "/adam_m", v)
        replace(file, KERNEL + "/adam_v", m)

    found = examine(optstate, edit(native, tmp_path, swap))
    assert {one["variable"] for one in found} == {KERNEL}
    assert "negative_second_moment" in {one["code"] for one in found}
    assert any("as in a first moment" in one["evidence"] for one in found)


def test_transposed_moments_are_recognized(optstate, edited):
    (found,) = examine(optstate, edited(KERNEL + "/adam_v", turn))
    assert "transposed" in found["evidence"]


def test_moments_mixed_between_variables(optstate, native, tmp_path):
    other = "bert/encoder/layer_0/attention/self/value/kernel"

    def mix(file):
        one, two = file[KERNEL + "/adam_v"][()], file[other + "/adam_v"][()]
        replace(file, KERNEL + "/adam_v", two)
        replace(file, other + "/adam_v", one)

    found = examine(optstate, edit(native, tmp_path, mix))
    # One has first moments that are too large for its second ones, the other may have such as are too small.
    assert {one["code"] for one in found} == {"moments_disagree", "unlike_peers"}
    assert {one["variable"] for one in found} == {KERNEL, other}


def test_first_moment_folded_alone(optstate, tmp_path):
    """At step 5 the bound is tight enough to see it."""
    import google_crc32c
    import h5py

    optstate("convert", BERT / "model.ckpt-5", tmp_path / "s.h5")
    name = "bert/embeddings/word_embeddings"
    with h5py.File(tmp_path / "s.h5", "r+") as file:
        values = file[name + "/adam_m"][()] / np.float32(1 - 0.9**5)
        file[name + "/adam_m"][...] = values
        file[name + "/adam_m"].attrs["crc32c"] = np.uint32(google_crc32c.value(values.tobytes()))
    assert kinds(examine(optstate, tmp_path / "s.h5")) == {("moments_disagree", name, None)}


@pytest.mark.parametrize("gone", [["adam_m"], ["adam_v"], ["adam_m", "adam_v"]])
@pytest.mark.parametrize("variable", [KERNEL, "bert/embeddings/word_embeddings", "bert/pooler/dense/bias"])
def test_missing_slots(optstate, native, tmp_path, gone, variable):
    def remove(file):
        for slot in gone:
            del file[f"{variable}/{slot}"]

    found = examine(optstate, edit(native, tmp_path, remove))
    assert kinds(found) == {("missing_slot", variable, slot) for slot in gone}


def test_layers_without_gradient_are_healthy(optstate, native, tmp_path):
    def freeze(file):
        for name in list(file["bert/embeddings"]):
            for part in ("", "/beta", "/gamma"):
                for slot in ("adam_m", "adam_v"):
                    path = f"bert/embeddings/{name}{part}/{slot}"
                    if path in file:
                        del file[path]

    assert examine(optstate, edit(native, tmp_path, freeze), status=0) == []


def test_shapes_that_disagree(optstate, native, tmp_path):
    name = "bert/encoder/layer_0/intermediate/dense/kernel"

    def turned(file):
        replace(file, name + "/adam_v", np.ascontiguousarray(file[name + "/adam_v"][()].T))

    found = examine(optstate, edit(native, tmp_path, turned))
    assert kinds(found) == {("shape_mismatch", name, "adam_v")}
    assert "[12, 48]" in found[0]["evidence"] and "[48, 12]" in found[0]["evidence"]


def test_step_of_zero_beside_warm_moments(optstate, native, tmp_path):
    def rewind(file):
        replace(file, "global_step", np.int64(0))

    found = examine(optstate, edit(native, tmp_path, rewind))
    assert kinds(found) == {("step_zero", None, None)}
    assert "optstate set" in found[0]["remedy"]


def test_one_variable_counts_differently(optstate, native, tmp_path):
    def count(file):
        file[KERNEL].attrs["step"] = np.int64(7)

    assert kinds(examine(optstate, edit(native, tmp_path, count))) == {("steps_differ", KERNEL, None)}


def test_just_started_states_are_healthy(optstate, native, tmp_path):
    def start(file):
        names = []
        file.visit(lambda name: names.append(name) if name.endswith(("adam_m", "adam_v")) else None)
        for name in names:
            replace(file, name, np.zeros_like(file[name][()]))
        replace(file, "global_step", np.int64(0))

    assert examine(optstate, edit(native, tmp_path, start), status=0) == []


@pytest.mark.parametrize("steps, code", [(20, None), (10, "schedule_ended"), (21, None), (100, None)])
def test_schedule_that_has_ended(optstate, steps, code):
    flags = "--learning_rate", "1e-4", "--num_train_steps", steps, "--num_warmup_steps", 2
    found = examine(optstate, BERT / "model.ckpt-20", *flags, status=1 if code else 0)
    assert kinds(found) == ({(code, None, None)} if code else set())
    if code:
        assert "optstate set" in found[0]["remedy"] and "num_train_steps=40" in found[0]["remedy"]


def test_frozen_correction_is_named(optstate):
    spec = "bert_adamw:bias_correction=frozen,learning_rate=1e-4"
    (found,) = examine(optstate, BERT / "model.ckpt-20", "--optimizer", spec)
    assert found["code"] == "frozen_bias_correction" and "0.316" in found["evidence"]


def test_tiny_gradients_are_healthy(optstate, native, tmp_path):
    """A second moment that has vanished beside a first one that has not."""

    def tiny(file):
        replace(file, KERNEL + "/adam_m", np.full((12, 12), 1e-21, np.float32))
        replace(file, KERNEL + "/adam_v", np.zeros((12, 12), np.float32))

    assert examine(optstate, edit(native, tmp_path, tiny), status=0) == []


def steepest(count, beta1=0.9, beta2=0.999):
    """The gradients that reach the bound, averaged in float32 as BERT's optimizer does."""
    f = np.float32
    m, v = f(0), f(0)
    for gradient in (beta1 / beta2) ** np.arange(count)[::-1]:
        g = f(gradient)
        m = f(beta1) * m + f(1 - beta1) * g
        v = f(beta2) * v + f(1 - beta2) * (g * g)
    return m, v


def test_the_bound_itself_is_healthy_and_beyond_it_is_not(optstate, native, tmp_path):
    m, v = steepest(400)
    assert abs(m / np.sqrt(np.float64(v)) - 7.270292) < 1e-4

    def fill(factor):
        def change(file):
            replace(file, "global_step", np.int64(400))
            replace(file, KERNEL + "/adam_m", np.full((12, 12), m * np.float32(factor), np.float32))
            replace(file, KERNEL + "/adam_v", np.full((12, 12), v, np.float32))

        return change

    assert examine(optstate, edit(native, tmp_path, fill(1)), status=0) == []
    assert kinds(examine(optstate, edit(native, tmp_path, fill(1.001)))) == {("moments_disagree", KERNEL, None)}


def test_other_decays_move_the_bound(optstate, native, tmp_path):
    def strong(file):
        m, v = steepest(400, 0.5)
        replace(file, "global_step", np.int64(400))
        replace(file, KERNEL + "/adam_m", np.full((12, 12), m, np.float32))
        replace(file, KERNEL + "/adam_v", np.full((12, 12), v, np.float32))

    path = edit(native, tmp_path, strong)
    (found,) = examine(optstate, path)
    assert "does not record" in found["evidence"]
    examine(optstate, path, "--optimizer", "adam:beta1=0.5", status=0)


def test_rows_without_gradient_are_counted(optstate):
    report = json.loads(optstate("doctor", BERT / "model.ckpt-20", "--json").stdout)
    rows = {one["variable"]: one["untouched_rows"] for one in report["moments"]}
    assert rows["bert/embeddings/position_embeddings"] == 16
    assert all(0 < one["tightness"] <= 1 for one in report["moments"])


def test_rows_without_gradient_beside_a_broken_one(optstate, edited):
    """Row 0 loses its second moment alone; the rows without gradient are no finding."""
    name = "bert/embeddings/position_embeddings"
    path = edited(name + "/adam_v", lambda values: values[0].fill(0))
    (found,) = examine(optstate, path)
    assert (found["code"], found["variable"]) == ("moments_disagree", name)
    assert "12 of 384 elements" in found["evidence"]


def test_report_is_one_escaped_page(optstate, native, tmp_path):
    def rename(file):
        file.move("bert/pooler/dense/kernel", "<script>alert(1)<⁄script>&\"'")

    path = edit(native, tmp_path, rename)
    optstate("report", path, "-o", tmp_path / "r.html", status=0)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;" in page and "http-equiv" in page
    assert "http://" not in page and "https://" not in page and page.count("<svg") == 5
    optstate("report", path, "-o", tmp_path / "r.html", status=73)
    optstate("report", path, "-o", tmp_path / "r.html", "--overwrite")


# Peers.

DENSE = "bert/encoder/layer_0/attention/output/dense/kernel"


def change_both(kernel, change):
    def edit_file(file):
        m, v = file[kernel + "/adam_m"][()], file[kernel + "/adam_v"][()]
        for slot, values in zip(("adam_m", "adam_v"), change(m, v)):
            replace(file, f"{kernel}/{slot}", np.ascontiguousarray(values, np.float32))

    return edit_file


@pytest.mark.parametrize(
    "change, evidence",
    [
        (lambda m, v: (m, v * 100), "greatest"),
        (lambda m, v: (v, abs(m)), "without its signs"),
        (lambda m, v: (m.T, v.T), "correlation"),
    ],
    ids=["hundredfold", "exchanged", "transposed"],
)
def test_unlike_the_other_variables(optstate, native, tmp_path, change, evidence):
    (found,) = examine(optstate, edit(native, tmp_path, change_both(DENSE, change)))
    assert (found["code"], found["variable"]) == ("unlike_peers", DENSE)
    assert evidence in found["evidence"]
    assert found["remedy"].startswith("optstate reset ") and found["advice"]


def test_remedies_are_commands(optstate, edited):
    path = edited(KERNEL + "/@value", spoil(np.nan))
    (found,) = examine(optstate, path)
    assert found["remedy"] is None and "earlier checkpoint" in found["advice"]
    assert "\n  advice " in optstate("doctor", path, status=1).stdout


def torch_run(folder, steps, betas, name):
    import torch

    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 24), torch.nn.ReLU(), torch.nn.Linear(24, 24), torch.nn.ReLU(), torch.nn.Linear(24, 4)
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, betas=betas)
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(16, 8)).pow(2).mean().backward()
        optimizer.step()
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict()}


def test_another_step_explains_everything(optstate, tmp_path):
    import torch

    state = torch_run(tmp_path, 12, (0.9, 0.999), "a")
    for entry in state["optimizer"]["state"].values():
        entry["step"] = torch.tensor(1.0)
    torch.save(state, tmp_path / "s.pt")
    for found in examine(optstate, tmp_path / "s.pt"):
        assert found["code"] == "moments_disagree"
        assert found["remedy"].startswith("optstate set ") and "--step" in found["remedy"]
        assert "throw sound moments away" in found["advice"]


def test_other_decays_explain_everything(optstate, tmp_path):
    """A TensorFlow checkpoint does not say them."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        for place in range(6):
            g = np.random.default_rng(place).normal(size=(7, 5)).astype("f")
            for name, values in (("", g), ("/adam_m", g * 0.1), ("/adam_v", g * g * 1e-4)):
                v1.get_variable(f"w{place}/kernel{name}", initializer=values)
        v1.get_variable("global_step", initializer=np.int64(1))
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "s.ckpt"), write_meta_graph=False)
    found = examine(optstate, tmp_path / "s.ckpt")
    assert len(found) == 6
    for one in found:
        assert one["remedy"].startswith("optstate doctor ") and "beta2=0.9999" in one["remedy"]
    assert examine(optstate, tmp_path / "s.ckpt", "--optimizer", "adam:beta2=0.9999", status=0) == []


def test_half_precision_is_told(optstate, tmp_path):
    import torch

    state = torch_run(tmp_path, 12, (0.9, 0.999), "a")
    entries = list(state["optimizer"]["state"].values())
    for slot, change in (("exp_avg_sq", 1e-3), ("exp_avg", 1.0)):
        entries[0][slot] = (entries[0][slot] * change).to(torch.float16)
    entries[2]["exp_avg"] = (entries[2]["exp_avg"] * 1e9).to(torch.float16)
    torch.save(state, tmp_path / "s.pt")
    found = {one["code"]: one for one in examine(optstate, tmp_path / "s.pt")}
    assert "6e-8" in found["underflow"]["evidence"]
    assert "65504" in found["infinity"]["evidence"]


@pytest.mark.parametrize("steps", [1, 10, 100])
def test_embeddings_of_keras_3_are_healthy(optstate, tmp_path, steps):
    """Ids that repeat within a batch: Keras squares each slice of the gradient by itself."""
    import keras

    keras.utils.set_random_seed(0)
    share = 1 / np.arange(1, 51)
    ids = np.random.default_rng(1).choice(50, p=share / share.sum(), size=(32 * steps, 20))
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((20,)), layers.Embedding(50, 16), layers.GlobalAveragePooling1D(), layers.Dense(1)]
    )
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    model.fit(ids, (ids[:, :1] % 2).astype("f"), batch_size=32, verbose=0)
    model.save(tmp_path / "m.keras")
    assert examine(optstate, tmp_path / "m.keras", status=0) == []


def test_inspection_suspects_nothing_that_is_never_trained(optstate, tmp_path):
    import keras_models
    import tensorflow as tf
    import tf_keras

    model = keras_models.model(tf_keras, tf_keras.optimizers.legacy.Adam(1e-2))
    keras_models.train(model, 2)
    path = tf.train.Checkpoint(model=model, optimizer=model.optimizer).write(str(tmp_path / "c"))
    assert json.loads(optstate("inspect", path, "--json").stdout)["suspicions"] == []
