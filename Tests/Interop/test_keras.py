"""States of Keras through the native layout and back: what the framework loads continues bit for bit."""
import functools
import json

import keras_models as models
import pytest

tf_keras = pytest.importorskip("tf_keras")


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
