"""Optimizers that somebody wrote for Keras: in no entry, their slots with the variables to which structure proves them to belong."""
import json

import keras
import numpy as np
import pytest
import tf_keras

FORMATS = ["keras", "h5", "weights.h5"]
# Words for the slots, whether they are added variable by variable, whether a number stands before them, and the class.
OWN = {
    "one": (["speed"], False, False, "Gale"),
    "slot by slot": (["speed", "drag"], False, False, "Gale"),
    "variable by variable": (["speed", "drag", "lift"], True, False, "Gale"),
    "with a number": (["speed", "drag"], True, True, "Gale"),
    "called like another framework's": (["speed", "drag"], False, False, "Prodigy"),
}


def own(words, is_by_variable, has_number, name):
    class Gale(keras.optimizers.Optimizer):
        def __init__(self, learning_rate=0.01, name="gale", **others):
            super().__init__(learning_rate=learning_rate, name=name, **others)

        def build(self, variables):
            if self.built:
                return
            super().build(variables)
            if has_number:
                self.number = self.add_variable((), name="number")
            pairs = [(v, w) for v in variables for w in words]
            pairs = pairs if is_by_variable else [(v, w) for w in words for v in variables]
            self.kept = {(self._get_variable_index(v), w): self.add_variable_from_reference(v, w) for v, w in pairs}

        def update_step(self, gradient, variable, learning_rate):
            for power, word in enumerate(words, 1):
                slot = self.kept[self._get_variable_index(variable), word]
                self.assign(slot, 0.9 * slot + gradient**power)
            self.assign_sub(variable, learning_rate * gradient)

    Gale.__name__ = name
    return Gale()


@pytest.fixture(scope="module", params=OWN)
def trained(request, tmp_path_factory):
    """A model, its files, and its slots by variable and word."""
    words, *rest = OWN[request.param]
    folder = tmp_path_factory.mktemp("own")
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [keras.Input((7,)), keras.layers.Dense(5, name="a"), keras.layers.Dense(5, name="b"), keras.layers.Dense(3, name="c")],
        name="m",
    )
    model.compile(own(words, *rest), "mse")
    random = np.random.default_rng(5)
    model.fit(random.random((32, 7)), random.random((32, 3)), epochs=2, verbose=0)
    for suffix in FORMATS:
        save = model.save_weights if suffix == "weights.h5" else model.save
        save(str(folder / f"m.{suffix}"))
    slots = {key: np.asarray(value) for key, value in model.optimizer.kept.items()}
    return folder, words, model, slots, OWN[request.param]


@pytest.mark.parametrize("suffix", FORMATS)
def test_slots_are_those_of_their_variables(optstate, trained, tmp_path, suffix):
    folder, words, model, slots, shape = trained
    optstate("convert", folder / f"m.{suffix}", tmp_path / "out.npz")
    numbered = [f"slot_{number}" for number in range(1, len(words) + 1)]
    with np.load(tmp_path / "out.npz") as out:
        for place, variable in enumerate(model.trainable_variables):
            for word, number in zip(words, numbered):
                name = f"slot_{word}" if suffix == "h5" else number
                # The legacy format alone names a variable with the model in front.
                owner = variable.path if suffix == "h5" else variable.path.removeprefix("m/")
                found = out[f"{owner}/{name}"]
                assert np.array_equal(found, slots[place, word]), (variable.path, word)


@pytest.mark.parametrize("suffix", FORMATS)
def test_nobody_vouches_for_them(optstate, trained, suffix):
    folder, words, model, slots, shape = trained
    path = folder / f"m.{suffix}"
    found = json.loads(optstate("inspect", path, "--json").stdout)
    assert found["account"]["unrecognized"]["count"] == len(slots)
    kinds = {one["kind"] for one in json.loads(optstate("kinds", "--json").stdout)["optimizers"]}
    assert (found.get("optimizer") or {}).get("kind") not in kinds
    codes = [one["code"] for one in json.loads(optstate("doctor", path, "--json", status=1).stdout)["findings"]]
    assert codes == ["unrecognized_state"]


@pytest.mark.parametrize("suffix", ["keras", "weights.h5"])
def test_an_edited_file_goes_on_in_keras(optstate, trained, tmp_path, suffix):
    folder, words, model, slots, shape = trained
    path = tmp_path / f"m.{suffix}"
    optstate("set", "--step", "9", folder / f"m.{suffix}", path)
    fresh = keras.models.clone_model(model)
    fresh.compile(own(*shape), "mse")
    fresh.optimizer.build(fresh.trainable_variables)
    if suffix == "keras":
        optstate("convert", path, tmp_path / "m.weights.h5")
    fresh.load_weights(tmp_path / "m.weights.h5")
    assert int(fresh.optimizer.iterations) == 9
    for place in range(len(fresh.trainable_variables)):
        for word in words:
            assert np.array_equal(np.asarray(fresh.optimizer.kept[place, word]), slots[place, word])


def test_tf_keras_names_them(optstate, tmp_path):
    class Gale(tf_keras.optimizers.Optimizer):
        def __init__(self, name="Gale", **others):
            super().__init__(name=name, **others)
            self._learning_rate = self._build_learning_rate(0.01)

        def build(self, variables):
            super().build(variables)
            if not hasattr(self, "kept"):
                self.kept = [self.add_variable_from_reference(v, "speed") for v in variables]

        def update_step(self, gradient, variable):
            slot = self.kept[self._index_dict[self._var_key(variable)]]
            slot.assign(0.9 * slot + gradient)
            variable.assign_sub(0.01 * slot)

        def get_config(self):
            return {**super().get_config(), "learning_rate": 0.01}

    model = tf_keras.Sequential([tf_keras.layers.Dense(5, name="a", input_shape=(7,)), tf_keras.layers.Dense(5, name="b")])
    model.compile(Gale(), "mse")
    random = np.random.default_rng(5)
    model.fit(random.random((32, 7)), random.random((32, 5)), epochs=2, verbose=0)
    model.save(tmp_path / "m.h5")
    optstate("convert", tmp_path / "m.h5", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as out:
        for variable, slot in zip(model.trainable_variables, model.optimizer.kept):
            assert np.array_equal(out[f"{variable.name.removesuffix(':0')}/slot_speed"], slot.numpy())
