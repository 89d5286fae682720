"""States of Keras through the native layout and back: what the framework loads continues bit for bit."""
import functools
import json

import h5py
import keras_models as models
import numpy as np
import pytest
import tf_keras


def there_and_back(optstate, path, tmp_path, target):
    """A Keras file taken to the native layout and back to its own format."""
    native, back = tmp_path / "native.h5", tmp_path / ("back" + target)
    optstate("convert", path, native, "--to", "optstate")
    optstate("verify", native)
    optstate("convert", native, back, "--to", {".h5": "keras-h5", ".keras": "keras", ".weights.h5": "keras-weights"}[target])
    return back


@functools.cache
def tf_keras_optimizers():
    return {
        **{f"legacy-{name}": make for name, make in models.legacy(tf_keras).items()},
        **{f"new-{name}": make for name, make in models.current(tf_keras).items()},
    }


@pytest.mark.parametrize("name", tf_keras_optimizers())
def test_tf_keras_resumes_from_whole_model(optstate, tmp_path, name):
    model = models.model(tf_keras, tf_keras_optimizers()[name]())
    models.train(model, 3)
    model.save(tmp_path / "a.h5")
    saved = models.everything(model)
    models.train(model, 3)
    wanted = models.everything(model)
    if name == "new-Nadam":
        # Its running product is in no file of tf_keras': what its own file continues with is the measure.
        own = tf_keras.models.load_model(tmp_path / "a.h5")
        models.train(own, 3)
        wanted = models.everything(own)

    back = there_and_back(optstate, tmp_path / "a.h5", tmp_path, ".h5")
    resumed = tf_keras.models.load_model(back)
    models.assert_equal(models.everything(resumed), saved)
    models.train(resumed, 3)
    models.assert_equal(models.everything(resumed), wanted)


@functools.cache
def keras_optimizers():
    import keras

    return models.keras3(keras)


@pytest.mark.parametrize("name", keras_optimizers())
def test_keras_3_resumes_from_archive(optstate, tmp_path, name):
    import keras

    model = models.model(keras, keras_optimizers()[name]())
    models.train(model, 3)
    model.save(tmp_path / "a.keras")
    saved = models.everything(model)
    models.train(model, 3)
    wanted = models.everything(model)

    back = there_and_back(optstate, tmp_path / "a.keras", tmp_path, ".keras")
    resumed = keras.models.load_model(back)
    models.assert_equal(models.everything(resumed), saved)
    models.train(resumed, 3)
    models.assert_equal(models.everything(resumed), wanted)


@pytest.mark.parametrize("name", keras_optimizers())
def test_keras_3_resumes_from_weights(optstate, tmp_path, name):
    import keras

    model = models.model(keras, keras_optimizers()[name]())
    models.train(model, 3)
    model.save_weights(tmp_path / "a.weights.h5")
    models.train(model, 3)
    wanted = models.everything(model)

    back = there_and_back(optstate, tmp_path / "a.weights.h5", tmp_path, ".weights.h5")
    resumed = models.model(keras, keras_optimizers()[name]())
    resumed.optimizer.build(resumed.trainable_variables)
    resumed.load_weights(back)
    models.train(resumed, 3)
    models.assert_equal(models.everything(resumed), wanted)


@pytest.mark.parametrize("name", [one for one in tf_keras_optimizers() if one.startswith("new-")])
def test_tf_keras_resumes_from_archive(optstate, tmp_path, name):
    model = models.model(tf_keras, tf_keras_optimizers()[name]())
    models.train(model, 3)
    model.save(tmp_path / "a.keras")
    own = tf_keras.models.load_model(tmp_path / "a.keras")
    saved = models.everything(own)
    models.train(own, 3)

    back = there_and_back(optstate, tmp_path / "a.keras", tmp_path, ".keras")
    resumed = tf_keras.models.load_model(back)
    models.assert_equal(models.everything(resumed), saved)
    models.train(resumed, 3)
    models.assert_equal(models.everything(resumed), models.everything(own))


@pytest.mark.parametrize("name", ["tf_keras-Adam", "tf_keras-legacy-Adam", "keras-Adam"])
def test_changes_reach_the_framework(optstate, tmp_path, name):
    """A step and a rate that `set` has changed are what the loaded optimizer has."""
    if name.startswith("keras"):
        import keras

        library, path = keras, tmp_path / "a.keras"
        optimizer = keras.optimizers.Adam(1e-2)
    else:
        library, path = tf_keras, tmp_path / "a.h5"
        optimizer = (tf_keras.optimizers.legacy if "legacy" in name else tf_keras.optimizers).Adam(1e-2)
    model = models.model(library, optimizer)
    models.train(model, 2)
    model.save(path)
    native, back = tmp_path / "n.h5", tmp_path / ("b" + path.suffix)
    optstate("convert", path, native, "--to", "optstate")
    change_native(native, step=77, learning_rate=0.125)
    optstate("convert", native, back, "--to", "keras" if path.suffix == ".keras" else "keras-h5")
    loaded = library.models.load_model(back)
    assert int(loaded.optimizer.iterations) == 77
    assert float(loaded.optimizer.learning_rate) == 0.125
    assert len(models.optimizer_variables(loaded)) == len(models.optimizer_variables(model))


def change_native(path, step, learning_rate):
    import h5py
    import numpy as np

    with h5py.File(path, "r+") as file:
        file["@optimizer"].attrs["learning_rate"] = learning_rate
        names = []
        file.visititems(lambda name, item: names.append(name) if item.attrs.get("role") == "step" else None)
        (name,) = names or ["global_step"]
        file[name][...] = np.int64(step)
        del file[name].attrs["crc32c"]


def test_inspect_names_the_slots_of_every_variable(optstate, tmp_path):
    """What Keras calls `adam/first_kernel_momentum` is what the variable has as its first moment."""
    import h5py
    import keras

    model = models.model(keras, keras.optimizers.Adam(1e-2))
    models.train(model, 2)
    for name in ("a.keras", "a.h5", "a.weights.h5"):
        model.save_weights(tmp_path / name) if "weights" in name else model.save(tmp_path / name)
        found = json.loads(optstate("inspect", tmp_path / name, "--json", "--variables").stdout)
        slots = {variable["name"]: sorted(variable["slots"]) for variable in found["variables"]}
        trained = {variable.path for variable in model.trainable_variables}
        assert slots == {
            variable.path: ["adam_m", "adam_v"] if variable.path in trained else [] for variable in model.variables
            if variable.path in slots
        }
        assert trained <= slots.keys()
        optstate("convert", tmp_path / name, tmp_path / "n.h5", "--to", "optstate", "--overwrite")
        with h5py.File(tmp_path / "n.h5") as file:
            for variable in model.optimizer.variables:
                flat = variable.path.split("/")[-1]
                for owner in model.trainable_variables:
                    for word, slot in (("momentum", "adam_m"), ("velocity", "adam_v")):
                        if flat == owner.path.replace("/", "_") + "_" + word:
                            assert file[f"{owner.path}/{slot}"][()].tobytes() == variable.numpy().tobytes()


def test_strip_leaves_a_model_that_loads(optstate, tmp_path):
    import keras

    for library, name in ((tf_keras, "a.h5"), (keras, "a.keras")):
        model = models.model(library, "adam")
        models.train(model, 2)
        model.save(tmp_path / name)
        optstate("strip", tmp_path / name, tmp_path / ("s" + name))
        loaded = library.models.load_model(tmp_path / ("s" + name))
        wanted = [w.tobytes() for w in model.get_weights()]
        assert [w.tobytes() for w in loaded.get_weights()] == wanted


@pytest.mark.parametrize("version", ["earliest", "latest"])
@pytest.mark.parametrize("limits", [None, (None, 64), (None, None)], ids=["fixed", "one", "both"])
@pytest.mark.parametrize("count", [1, 2500])
def test_datasets_in_pieces_are_read_through_every_index(optstate, tmp_path, version, limits, count):
    """HDF5 has an index of chunks for each: single, fixed and extensible arrays, trees of two kinds."""
    values = np.arange(64 * count, dtype="f4").reshape(count, 64)
    with h5py.File(tmp_path / "a.h5", "w", libver=version) as file:
        file.attrs.update(layer_names=[np.bytes_("d")], keras_version=np.bytes_("2.3.1"), backend=np.bytes_("tensorflow"))
        group = file.create_group("d")
        group.attrs["weight_names"] = [np.bytes_("d/kernel:0")]
        group.create_dataset("d/kernel:0", data=values, chunks=(1, 64), maxshape=limits)
    optstate("convert", tmp_path / "a.h5", tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as found:
        assert np.array_equal(found["d/kernel"], values)
