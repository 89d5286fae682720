"""A run that goes astray twice, as torch, Keras and TensorFlow save it: the report over time names step and layer.

From step 60 the learning rate is tenfold; before step 80 the second moments of one layer are set to zero.
"""
import html
import os
import re
import shutil
import subprocess

import numpy as np
import pytest

STEPS, EVERY, FASTER, ZEROED = 100, 5, 60, 80
LAYERS, WIDTH = 5, 12
RATE = 2e-4


def data():
    random = np.random.default_rng(7)
    inputs = random.standard_normal((64, WIDTH)).astype(np.float32)
    noise = random.standard_normal((STEPS, 64, WIDTH)).astype(np.float32)
    return inputs, lambda step: np.tanh(inputs) + 0.5 * noise[step - 1]


def torch_run(folder, goes_astray=True):
    import torch

    torch.manual_seed(1)
    torch.set_num_threads(1)
    layers = [layer for _ in range(LAYERS) for layer in (torch.nn.Linear(WIDTH, WIDTH), torch.nn.Tanh())]
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    inputs, targets = data()
    for step in range(1, STEPS + 1):
        if goes_astray and step == FASTER:
            optimizer.param_groups[0]["lr"] = 10 * RATE
        if goes_astray and step == ZEROED:
            optimizer.state[model[4].weight]["exp_avg_sq"].zero_()
        optimizer.zero_grad()
        loss = ((model(torch.from_numpy(inputs)) - torch.from_numpy(targets(step))) ** 2).mean()
        loss.backward()
        optimizer.step()
        if step % EVERY == 0:
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, folder / f"step-{step}.pt")
    return "4.weight"


def keras_run(folder, goes_astray=True):
    import keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((WIDTH,))] + [keras.layers.Dense(WIDTH, "tanh", name=f"dense_{i}") for i in range(LAYERS)])
    model.compile(keras.optimizers.Adam(RATE), "mse")
    inputs, targets = data()
    for step in range(1, STEPS + 1):
        if goes_astray and step == FASTER:
            model.optimizer.learning_rate.assign(10 * RATE)
        if goes_astray and step == ZEROED:
            (moment,) = [v for v in model.optimizer.variables if v.path.endswith("dense_2_kernel_velocity")]
            moment.assign(np.zeros((WIDTH, WIDTH), np.float32))
        model.train_on_batch(inputs, targets(step))
        if step % EVERY == 0:
            model.save(folder / f"step-{step:03}.keras")
    return "dense_2/kernel"


def tensorflow_run(folder, goes_astray=True):
    import tensorflow as tf

    tf.random.set_seed(1)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        inputs, targets = data()
        wanted = tf.compat.v1.placeholder(tf.float32, (64, WIDTH))
        rate = tf.compat.v1.placeholder(tf.float32, ())
        hidden = tf.constant(inputs)
        for layer in range(LAYERS):
            with tf.compat.v1.variable_scope(f"layer_{layer}"):
                kernel = tf.compat.v1.get_variable("kernel", (WIDTH, WIDTH))
                hidden = tf.tanh(hidden @ kernel)
        step_variable = tf.compat.v1.train.get_or_create_global_step()
        optimizer = tf.compat.v1.train.AdamOptimizer(rate)
        train = optimizer.minimize(tf.reduce_mean((hidden - wanted) ** 2), global_step=step_variable)
        (moment,) = [v for v in tf.compat.v1.global_variables() if v.op.name == "layer_2/kernel/Adam_1"]
        saver = tf.compat.v1.train.Saver(max_to_keep=None)
        session.run(tf.compat.v1.global_variables_initializer())
        for step in range(1, STEPS + 1):
            if goes_astray and step == ZEROED:
                moment.load(np.zeros((WIDTH, WIDTH), np.float32), session)
            is_fast = goes_astray and step >= FASTER
            session.run(train, {wanted: targets(step), rate: 10 * RATE if is_fast else RATE})
            if step % EVERY == 0:
                saver.save(session, str(folder / "model.ckpt"), global_step=step, write_meta_graph=False)
    return "layer_2/kernel"


def report(folder, *options):
    page = folder.parent / "history.html"
    arguments = [os.environ["OPTSTATE"], "report", "--history", folder, "-o", page, "--overwrite", *options]
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return page.read_text()


def changes(page):
    """The sentences of what changed the course, each with its layers."""
    section = page.split("What changed the course</h2>")[1].split("</section>")[0]
    return [(html.unescape(a), html.unescape(b)) for a, b in re.findall(r"<h3>(.*?)</h3>\s*<p>(.*?)</p>", section, re.DOTALL)]


@pytest.mark.parametrize("run", [torch_run, keras_run, tensorflow_run], ids=["torch", "keras", "tensorflow"])
def test_history_names_step_and_layer(tmp_path, run):
    folder = tmp_path / "runs"
    folder.mkdir()
    variable = run(folder)
    found = changes(report(folder))
    first, _ = found[0]
    assert f"between steps {FASTER - EVERY} and {FASTER}" in first or f"between steps {FASTER} and {FASTER + EVERY}" in first, found
    assert re.match("Update to weight|Effective learning rate", first), found
    zeroed = [(text, layers) for text, layers in found if text.startswith("Norms of the second moments")]
    text, layers = zeroed[0]
    assert f"between steps {ZEROED - EVERY} and {ZEROED}" in text and layers.split(", ")[0].endswith(variable), found


@pytest.mark.parametrize("run", [torch_run, keras_run, tensorflow_run], ids=["torch", "keras", "tensorflow"])
def test_history_of_a_sound_run_finds_nothing(tmp_path, run):
    folder = tmp_path / "runs"
    folder.mkdir()
    run(folder, goes_astray=False)
    assert changes(report(folder)) == []


def test_what_cannot_be_read_has_its_place(tmp_path):
    import torch

    folder = tmp_path / "runs"
    folder.mkdir()
    torch_run(folder, goes_astray=False)
    cut = (folder / "step-50.pt").read_bytes()
    (folder / "step-50.pt").write_bytes(cut[: len(cut) // 2])
    shutil.copy(folder / "step-40.pt", folder / "again.pt")
    torch.save({"other<b>.weight": torch.ones(2)}, folder / "other<b>.pt")
    (folder / "events.log").write_text("no checkpoint")
    page = report(folder)
    rows = dict(re.findall(r"<tr[^>]*><td>(.*?)</td>.*?<td>([^<]*)</td></tr>", page))
    assert "again.pt" in rows and "events.log" not in rows
    assert sorted(rows[name] for name in ("again.pt", "step-40.pt")) == ["its step was there before", "–"]
    assert len(rows["step-50.pt"]) > 10 and rows["step-45.pt"] == "–"
    assert "other&lt;b&gt;.pt" in page and "<b>" not in page.split("<main>")[1]
    assert changes(page) == []


def test_directory_without_checkpoints_is_refused(tmp_path):
    (tmp_path / "readme.txt").write_text("nothing")
    done = subprocess.run([os.environ["OPTSTATE"], "report", "--history", tmp_path], capture_output=True, text=True)
    assert done.returncode == 65 and "no checkpoint" in done.stderr
    gone = subprocess.run([os.environ["OPTSTATE"], "report", "--history", tmp_path / "no"], capture_output=True, text=True)
    assert gone.returncode == 66
