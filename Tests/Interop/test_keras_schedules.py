"""Keras' records edited: what `set` writes Keras loads, and the rate that it prints is Keras' own."""
import re

import numpy as np
import pytest

EDITS = {
    "rate": ["--learning_rate", "0.5"],
    "constant": ["--schedule", "constant:learning_rate=1e-4"],
    "step": ["--step", "50"],
    "polynomial": ["--schedule", "polynomial:learning_rate=0.25,decay_steps=90"],
    "inverse": ["--schedule", "inverse_time:learning_rate=0.25,decay_steps=9,decay_rate=2,staircase=true"],
    "warmed": ["--schedule", "cosine:learning_rate=0.25,decay_steps=90,warmup_steps=10,warmup_learning_rate=0.125"],
}

# What no class of Keras has a place for.
REFUSED = {
    ("piecewise", "rate"): "has no place for a learning rate",
}


def schedules(K):
    S = K.optimizers.schedules
    return {
        "none": 1e-2,
        "cosine": S.CosineDecay(1e-2, 100),
        "cosine-warm": S.CosineDecay(1e-3, 100, warmup_target=2e-2, warmup_steps=10),
        "cosine-cold": S.CosineDecay(0.0, 100, alpha=0.1, warmup_target=2e-2, warmup_steps=10),
        "restarts": S.CosineDecayRestarts(1e-2, 100),
        "polynomial": S.PolynomialDecay(1e-2, 100, 1e-4, power=2.0),
        "exponential": S.ExponentialDecay(1e-2, 100, 0.9, staircase=True),
        "inverse": S.InverseTimeDecay(1e-2, 10, 0.5),
        "piecewise": S.PiecewiseConstantDecay([2, 8], [1e-2, 1e-3, 1e-4]),
    }


def saved(library, schedule, path):
    model = library.Sequential([library.layers.Input((6,)), library.layers.Dense(2)])
    model.compile(library.optimizers.Adam(schedule), "mse")
    model.fit(np.ones((16, 6)), np.zeros((16, 2)), batch_size=4, verbose=0)
    model.save(path)


@pytest.mark.parametrize("name", ["keras", "tf_keras"])
def test_what_set_writes_loads_with_the_rate_that_it_prints(optstate, tmp_path, name):
    library = pytest.importorskip(name)
    suffix = ".keras" if name == "keras" else ".h5"
    for kind, schedule in schedules(library).items():
        source = tmp_path / (kind + suffix)
        saved(library, schedule, source)
        for edit, arguments in EDITS.items():
            target = tmp_path / (f"{kind}-{edit}" + suffix)
            if (kind, edit) in REFUSED:
                assert REFUSED[kind, edit] in optstate("set", source, target, *arguments, status=65).stderr
                continue
            printed = optstate("set", source, target, *arguments).stdout
            rate = float(re.search(r"^learning rate .*?(\S+)$", printed, re.M).group(1))
            loaded = library.models.load_model(target).optimizer
            # `learning_rate` of tf_keras is that of the last update, and there was none since.
            own = loaded._learning_rate
            own = own(loaded.iterations) if isinstance(own, library.optimizers.schedules.LearningRateSchedule) else own
            assert np.isclose(float(own), rate, rtol=1e-6), (kind, edit)
            assert int(loaded.iterations) == (50 if edit == "step" else 4)


def test_what_keras_has_no_word_for_is_refused(optstate, tmp_path):
    import keras

    saved(keras, 1e-2, tmp_path / "a.keras")
    for arguments in (
        ["--schedule", "polynomial:learning_rate=0.25,decay_steps=90,warmup_steps=3"],
        ["--schedule", "bert:learning_rate=1e-4,num_train_steps=90"],
        ["--optimizer", "adam:learning_rate=0.1,l2=0.5"],
        ["--optimizer", "sgd:learning_rate=0.1"],
    ):
        optstate("set", tmp_path / "a.keras", tmp_path / "b.keras", *arguments, status=65)
    assert not (tmp_path / "b.keras").exists()
