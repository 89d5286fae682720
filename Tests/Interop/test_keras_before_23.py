"""Whole models as Keras 1.2 to 2.2 wrote them: moments sorted by name, counters of their own kinds, or none.

The layouts are those of `keras/models.py` (`save_model`) and `keras/optimizers.py` of the releases named; the releases
themselves run on no Python that is left.
"""
import json

import h5py
import numpy as np
import pytest

DENSE = {"dense_1": {"kernel": (4, 3), "bias": (3,)}, "dense_2": {"kernel": (3, 2), "bias": (2,)}}
NORM = {"a_norm": {"gamma": (3,), "beta": (3,), "moving_mean": (3,), "moving_variance": (3,)}}
MANY = {f"dense_{number}": {"kernel": (3, 3)} for number in range(1, 12)}

ADAM = {"lr": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "decay": 0.0}
DECAYED = {"lr": 1e-3, "rho": 0.9, "epsilon": 1e-7, "decay": 0.0}

# Version, class, settings, layers, rounds of slots, counter with its type, whether sorted by name, scalars, placeholders.
CASES = {
    "2.0.5": ("2.0.5", "Adam", ADAM, DENSE, 2, ("iterations:0", "f4"), True, {}, False),
    "2.0.5-norm": ("2.0.5", "Adam", ADAM, NORM, 2, ("iterations_1:0", "f4"), True, {}, False),
    "2.0.5-many": ("2.0.5", "Adam", ADAM, MANY, 2, ("iterations:0", "f4"), True, {}, False),
    "1.2.2": ("1.2.2", "RMSprop", DECAYED, MANY, 1, None, True, {}, False),
    "2.0.8": ("2.0.8", "Adam", ADAM, DENSE, 2, ("Adam/iterations:0", "i8"), False, {}, False),
    "2.1.6-second": ("2.1.6", "Adam", dict(ADAM, amsgrad=False), DENSE, 2, ("Adam_1/iterations:0", "i8"), False, {}, True),
    "2.1.6-rmsprop": ("2.1.6", "RMSprop", DECAYED, DENSE, 1, None, False, {}, False),
    "2.2.5-adagrad": ("2.2.5", "Adagrad", {"lr": 0.01, "epsilon": 1e-7, "decay": 0.0}, DENSE, 1, None, False, {}, False),
    "2.2.5-adadelta": ("2.2.5", "Adadelta", DECAYED, DENSE, 2, None, False, {}, False),
    "2.2.5-nadam": ("2.2.5", "Nadam", dict(ADAM, schedule_decay=0.004), DENSE, 2, ("Nadam/iterations:0", "i8"), False, {}, False),
    "2.3.1-nadam": ("2.3.1", "Nadam", dict(ADAM, schedule_decay=0.004), DENSE, 2, ("Nadam/iterations:0", "i8"), False, {"Nadam/m_schedule:0": 0.4}, False),
}  # fmt: skip


def listed(file):
    """The names of the optimizer's variables; h5py gives them as bytes or as texts."""
    names = file["optimizer_weights"].attrs["weight_names"]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def text(values):
    return [value.encode() for value in values]


def write(path, version, kind, settings, layers, rounds, counter, is_sorted, scalars, has_placeholders):
    """The file, and the bytes of every slot by the name of its variable, in rounds."""
    numbers = np.random.default_rng(3)
    with h5py.File(path, "w") as file:
        for key, value in {
            "keras_version": version,
            "backend": "tensorflow",
            "model_config": json.dumps(
                {"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": layer}} for layer in layers]}
            ),
            "training_config": json.dumps({"optimizer_config": {"class_name": kind, "config": settings}, "loss": "mse"}),
        }.items():
            file.attrs[key] = np.bytes_(value)
        base = file.create_group("model_weights")
        base.attrs["layer_names"] = text(layers)
        base.attrs["keras_version"], base.attrs["backend"] = np.bytes_(version), np.bytes_("tensorflow")
        trained = []
        for layer, weights in layers.items():
            group = base.create_group(layer)
            own = [f"{layer}/{weight}:0" for weight in weights]
            group.attrs["weight_names"] = text(own)
            for name, (weight, shape) in zip(own, weights.items()):
                group[name] = numbers.random(shape, "f4")
                if not weight.startswith("moving"):
                    trained.append((name, shape))
        if is_sorted:
            trained.sort()
        group, names = file.create_group("optimizer_weights"), []

        def add(name, value):
            names.append(name)
            group[name] = value

        if counter:
            add(counter[0], np.array(7, counter[1]))
        for name, value in scalars.items():
            add(name, np.float32(value))
        wanted = {}
        for number in range(rounds):
            for name, shape in trained:
                value = numbers.random(shape, "f4")
                add(f"training/{kind}/Variable_{len(names)}:0", value)
                wanted.setdefault(name.removesuffix(":0"), []).append(value.tobytes())
        for _ in trained if has_placeholders else ():
            add(f"training/{kind}/Variable_{len(names)}:0", np.zeros(1, "f4"))
        group.attrs["weight_names"] = text(names)
    return wanted


@pytest.mark.parametrize("name", CASES)
def test_each_slot_is_its_variables(optstate, tmp_path, name):
    source, store = tmp_path / "a.h5", tmp_path / "s.h5"
    wanted = write(source, *CASES[name])
    state = json.loads(optstate("inspect", source, "--json").stdout)
    assert state["global_step"] == (7 if CASES[name][5] else None)
    optstate("convert", source, store)
    with h5py.File(store) as file:
        for variable, values in wanted.items():
            kept = [file[variable][slot] for slot in file[variable] if slot != "@value"]
            assert {slot[()].tobytes() for slot in kept} == set(values)
    optstate("convert", store, tmp_path / "back.h5", "--to", "keras-h5")
    with h5py.File(source) as one, h5py.File(tmp_path / "back.h5") as other:
        names = listed(one)
        assert names == listed(other)
        for name in names:
            before, after = (file["optimizer_weights"][name][()] for file in (one, other))
            assert (before.dtype, before.tobytes()) == (after.dtype, after.tobytes())


def test_a_float_counter_of_a_later_release_is_refused(optstate, tmp_path):
    case = list(CASES["2.0.8"])
    case[5] = ("Adam/iterations:0", "f4")
    write(tmp_path / "a.h5", *case)
    assert "found float32[]" in optstate("inspect", tmp_path / "a.h5").stdout
    assert "float32[]" in optstate("doctor", tmp_path / "a.h5", status=65).stderr
