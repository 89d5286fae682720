"""Object-based checkpoints of TensorFlow 2: slots by their variables, and the way back into Keras."""
import json

import numpy as np
import pytest
from conftest import assert_same, files, tensors

STEPS, MORE = 3, 3


def frameworks():
    import keras
    import tf_keras

    legacy, new = tf_keras.optimizers.legacy, tf_keras.optimizers
    return {
        "keras-adam": (keras, lambda: keras.optimizers.Adam(0.01), ["adam_m", "adam_v"]),
        "keras-amsgrad": (
            keras, lambda: keras.optimizers.Adam(0.01, amsgrad=True), ["adam_m", "adam_v", "adam_vhat"]),
        "keras-adamw": (keras, lambda: keras.optimizers.AdamW(0.01), ["adam_m", "adam_v"]),
        "keras-sgd": (keras, lambda: keras.optimizers.SGD(0.01, momentum=0.9), ["momentum"]),
        "keras-rmsprop": (
            keras, lambda: keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
            ["rms", "momentum", "rms_mean_gradient"]),
        "keras-adagrad": (keras, lambda: keras.optimizers.Adagrad(0.01), ["accumulator"]),
        "keras-adadelta": (
            keras, lambda: keras.optimizers.Adadelta(0.01), ["accumulator", "accumulator_update"]),
        "keras-adamax": (keras, lambda: keras.optimizers.Adamax(0.01), ["adam_m", "adamax_u"]),
        "keras-nadam": (keras, lambda: keras.optimizers.Nadam(0.01), ["adam_m", "adam_v"]),
        "keras-ftrl": (keras, lambda: keras.optimizers.Ftrl(0.01), ["accumulator", "linear"]),
        "keras-lion": (keras, lambda: keras.optimizers.Lion(0.01), ["momentum"]),
        "keras-lamb": (keras, lambda: keras.optimizers.Lamb(0.01), ["adam_m", "adam_v"]),
        "new-adam": (tf_keras, lambda: new.Adam(0.01), ["adam_m", "adam_v"]),
        "new-adam-decaying": (
            tf_keras, lambda: new.Adam(new.schedules.ExponentialDecay(0.01, 2, 0.5)),
            ["adam_m", "adam_v"]),
        "new-adamw": (tf_keras, lambda: new.AdamW(0.01), ["adam_m", "adam_v"]),
        "new-sgd": (tf_keras, lambda: new.SGD(0.01, momentum=0.9), ["momentum"]),
        "new-rmsprop": (tf_keras, lambda: new.RMSprop(0.01), ["rms"]),
        "new-adagrad": (tf_keras, lambda: new.Adagrad(0.01), ["accumulator"]),
        "new-adafactor": (
            tf_keras, lambda: new.Adafactor(0.01), ["adam_v", "factored_row", "factored_col"]),
        "legacy-adam": (tf_keras, lambda: legacy.Adam(0.01), ["adam_m", "adam_v"]),
        "legacy-amsgrad": (
            tf_keras, lambda: legacy.Adam(0.01, amsgrad=True), ["adam_m", "adam_v", "adam_vhat"]),
        "legacy-sgd": (tf_keras, lambda: legacy.SGD(0.01, momentum=0.9), ["momentum"]),
        "legacy-rmsprop": (
            tf_keras, lambda: legacy.RMSprop(0.01, momentum=0.5, centered=True),
            ["rms", "momentum", "rms_mean_gradient"]),
        "legacy-adagrad": (tf_keras, lambda: legacy.Adagrad(0.01), ["accumulator"]),
        "legacy-adadelta": (
            tf_keras, lambda: legacy.Adadelta(0.01), ["accumulator", "accumulator_update"]),
        "legacy-adamax": (tf_keras, lambda: legacy.Adamax(0.01), ["adam_m", "adamax_u"]),
        "legacy-nadam": (tf_keras, lambda: legacy.Nadam(0.01), ["adam_m", "adam_v"]),
        "legacy-ftrl": (tf_keras, lambda: legacy.Ftrl(0.01), ["accumulator", "linear"]),
    }


class Trainer:
    """A tiny model whose batches are chosen by the step."""

    def __init__(self, kind):
        import tensorflow as tf

        self.library, optimizer, self.slots = frameworks()[kind]
        layers = self.library.layers
        self.library.utils.set_random_seed(1)
        self.model = self.library.Sequential(
            [layers.Input((4,)), layers.Dense(5, name="first"), layers.LayerNormalization(name="norm"),
             layers.Dense(2, name="second")])
        self.model.compile(optimizer(), "mse")
        self.checkpoint = tf.train.Checkpoint(model=self.model, optimizer=self.model.optimizer)

    def train(self, first, last):
        for step in range(first, last):
            noise = np.random.default_rng(step)
            self.model.train_on_batch(
                noise.normal(size=(8, 4)).astype("float32"),
                noise.normal(size=(8, 2)).astype("float32"))


def values(prefix):
    """Every tensor but the graph, in which a process numbers the optimizers that it has made."""
    found = tensors(prefix)
    del found["_CHECKPOINTABLE_OBJECT_GRAPH"]
    return found


@pytest.mark.parametrize("kind", list(frameworks()))
def test_run_resumed_from_the_returned_checkpoint_is_the_same_run(optstate, tmp_path, kind):
    whole = Trainer(kind)
    whole.train(0, STEPS)
    whole.checkpoint.write(str(tmp_path / "a/ckpt"))
    whole.train(STEPS, STEPS + MORE)
    whole.checkpoint.write(str(tmp_path / "b/ckpt"))

    optstate("convert", tmp_path / "a/ckpt", tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back/ckpt", "--to", "tensorflow-object")
    assert files(tmp_path / "back/ckpt") == files(tmp_path / "a/ckpt")

    resumed = Trainer(kind)
    resumed.train(0, 1)  # builds the slots, whose values the checkpoint then replaces
    resumed.checkpoint.read(str(tmp_path / "back/ckpt")).assert_consumed()
    resumed.train(STEPS, STEPS + MORE)
    resumed.checkpoint.write(str(tmp_path / "c/ckpt"))
    assert_same(values(tmp_path / "c/ckpt"), values(tmp_path / "b/ckpt"))


@pytest.mark.parametrize("kind", list(frameworks()))
def test_slots_are_shown_with_their_variables(optstate, tmp_path, kind):
    trainer = Trainer(kind)
    trainer.train(0, STEPS)
    trainer.checkpoint.write(str(tmp_path / "ckpt"))
    state = json.loads(optstate("inspect", tmp_path / "ckpt", "--json", "--variables").stdout)
    assert state["format"] == "tensorflow-object"
    assert state["global_step"] == STEPS
    assert len(state["variables"]) == 6
    kernels = [v for v in state["variables"] if v["name"].endswith("kernel")]
    assert len(kernels) == 2
    for variable in kernels:
        assert sorted(variable["slots"]) == sorted(trainer.slots)
        for name, slot in variable["slots"].items():
            if not name.startswith("factored"):
                assert slot["shape"] == variable["shape"]


def test_the_moment_is_that_of_the_variable(optstate, tmp_path):
    import h5py

    trainer = Trainer("keras-adam")
    trainer.train(0, STEPS)
    trainer.checkpoint.write(str(tmp_path / "ckpt"))
    optstate("convert", tmp_path / "ckpt", tmp_path / "s.h5")
    optimizer, variables = trainer.model.optimizer, trainer.model.trainable_variables
    with h5py.File(tmp_path / "s.h5") as store:
        for index, variable in enumerate(variables):
            group = store[variable.path]
            for slot, values in [
                ("@value", variable), ("adam_m", optimizer._momentums[index]),
                ("adam_v", optimizer._velocities[index]),
            ]:
                assert group[slot][()].tobytes() == np.asarray(values).tobytes()
