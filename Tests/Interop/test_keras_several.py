"""Models of Keras with several optimizers, as GANs keep them: each slot is its variable's, and Keras goes on."""
import json

import numpy as np
import pytest
import tensorflow as tf
from test_keras_objects import found, slots


def build(library, equal=False):
    """A model of a class of its own, two networks and an optimizer for each; the one that it is compiled with is idle."""
    L = library.layers

    class GAN(library.Model):
        def __init__(self):
            super().__init__()
            self.generator = library.Sequential([L.Input((4,)), L.Dense(6), L.Dense(4)])
            inner = [L.Dense(6)] if equal else [L.Dense(5), L.BatchNormalization()]
            self.critic = library.Sequential([L.Input((4,)), *inner, L.Dense(4)])

        def compile(self, g_opt, c_opt):
            super().compile()
            self.g_opt, self.c_opt = g_opt, c_opt

        def call(self, x):
            return self.critic(self.generator(x))

    library.utils.set_random_seed(5)
    model = GAN()
    model.compile(library.optimizers.Adam(1e-2), library.optimizers.RMSprop(1e-3))
    model.build((None, 4))
    return model


def train(model, first, last):
    """One update of the generator and two of the critic a step."""
    for step in range(first, last):
        x = tf.constant(np.random.default_rng(step).standard_normal((8, 4)).astype("f4"))
        for network, optimizer in ((model.generator, model.g_opt), (model.critic, model.c_opt), (model.critic, model.c_opt)):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(x) - 1) ** 2)
            optimizer.apply_gradients(zip(tape.gradient(loss, network.trainable_variables), network.trainable_variables))


def owned(model):
    """Each slot with its variable, as bytes."""
    pairs = set()
    for network, lists in ((model.generator, (model.g_opt._momentums, model.g_opt._velocities)), (model.critic, (model.c_opt._velocities,))):
        for kept in lists:
            pairs |= {(s.numpy().tobytes(), v.numpy().tobytes()) for s, v in zip(kept, network.trainable_variables, strict=True)}
    return pairs


def everything(model):
    optimizers = (model.g_opt, model.c_opt)
    variables = [v for one in optimizers for v in (one.variables() if callable(one.variables) else one.variables)]
    return [np.asarray(v).tobytes() for v in [*model.get_weights(), *variables]]


def fresh(library):
    model = build(library)
    for network, optimizer in ((model.generator, model.g_opt), (model.critic, model.c_opt)):
        optimizer.build(network.trainable_variables)
    return model


def written(model, kind, folder):
    if kind == "weights":
        model.save_weights(folder / "a.weights.h5")
        return folder / "a.weights.h5"
    if kind == "archive":
        model.save(folder / "a.keras")
        return folder / "a.keras"
    return tf.train.Checkpoint(**objects(model)).write(str(folder / "a"))


def objects(model):
    return {"generator": model.generator, "critic": model.critic, "g_opt": model.g_opt, "c_opt": model.c_opt}


def loaded(library, path, kind):
    model = fresh(library)
    if kind == "weights":
        model.load_weights(path)
    elif kind == "archive":
        import zipfile

        with zipfile.ZipFile(path) as archive:
            inner = path.with_suffix(".weights.h5")
            inner.write_bytes(archive.read("model.weights.h5"))
        model.load_weights(inner)
    else:
        tf.train.Checkpoint(**objects(model)).read(str(path)).assert_consumed()
    return model


CASES = [("keras", "weights"), ("keras", "archive"), ("tf_keras", "weights"), ("keras", "objects"), ("tf_keras", "objects")]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def saved(request, tmp_path_factory):
    name, kind = request.param
    library = pytest.importorskip(name)
    model = build(library)
    train(model, 0, 3)
    return library, kind, model, written(model, kind, tmp_path_factory.mktemp("gan"))


def is_named(saved):
    """Whether the file says what its optimizers are: those of weights of tf_keras have no names."""
    library, kind, _, _ = saved
    return library.__name__ == "keras" or kind == "objects"


def suffix(kind):
    return {"weights": ".weights.h5", "archive": ".keras", "objects": ""}[kind]


def test_each_has_its_name_its_step_and_its_variables(optstate, tmp_path, saved):
    library, kind, model, path = saved
    state = found(optstate, path)
    one = {each["name"]: each for each in state["optimizers"]}
    assert {name: each["step"] for name, each in one.items()} == {"g_opt": 3, "c_opt": 6}
    assert [one["g_opt"]["variables"], one["c_opt"]["variables"]] == [4, 6]
    if is_named(saved):
        assert [one["g_opt"]["kind"], one["c_opt"]["kind"]] == ["adam", "rmsprop"]
    assert state["global_step"] is None and state["optimizer"] is None
    assert len(state["variables"]) == len(model.get_weights())
    assert slots(optstate, path, tmp_path) == owned(model)
    if is_named(saved):
        assert optstate("doctor", path).stdout.startswith("healthy")
        assert "suspicious" not in optstate("inspect", path).stdout
    else:
        # Which optimizers they are nothing in the file says.
        codes = json.loads(optstate("doctor", path, "--json", status=1).stdout)["findings"]
        assert {one["code"] for one in codes} == {"unrecognized_state"}
    optstate("verify", path)


def test_the_way_back_and_over_a_store_goes_on_bit_for_bit(optstate, tmp_path, saved):
    library, kind, model, path = saved
    optstate("convert", path, tmp_path / "s.h5")
    target = {"weights": "keras-weights", "archive": "keras", "objects": "tensorflow-object"}[kind]
    twin = loaded(library, path, kind)
    train(twin, 3, 5)
    for number, source in enumerate((path, tmp_path / "s.h5")):
        back = tmp_path / f"b{number}{suffix(kind)}"
        optstate("convert", source, back, "--to", target)
        again = loaded(library, back, kind)
        assert everything(again) == everything(model)
        train(again, 3, 5)
        assert everything(again) == everything(twin)


def test_the_named_one_is_changed_and_the_other_is_not(optstate, tmp_path, saved):
    library, kind, model, path = saved
    edited, reset = tmp_path / f"e{suffix(kind)}", tmp_path / f"r{suffix(kind)}"
    optstate("set", path, edited, "--step", "40", status=65)
    optstate("set", path, edited, "--optimizer-name", "c_opt", "--step", "40")
    again = loaded(library, edited, kind)
    assert [int(again.g_opt.iterations), int(again.c_opt.iterations)] == [3, 40]
    again.c_opt.iterations.assign(6)
    assert everything(again) == everything(model)
    if not is_named(saved):
        optstate("reset", path, reset, "--optimizer-name", "g_opt", "--step", "0", status=65)
        return
    optstate("reset", path, reset, "--optimizer-name", "g_opt", "--step", "0")
    again = loaded(library, reset, kind)
    assert [int(again.g_opt.iterations), int(again.c_opt.iterations)] == [0, 6]
    assert not any(v.numpy().any() for v in again.g_opt._momentums)
    assert all((a.numpy() == b.numpy()).all() for a, b in zip(again.c_opt._velocities, model.c_opt._velocities))


def test_one_of_them_goes_alone_and_parameters_always(optstate, tmp_path, saved):
    _, kind, model, path = saved
    optstate("convert", path, tmp_path / "a.npz", status=65)
    if is_named(saved):
        optstate("convert", path, tmp_path / "a.npz", "--optimizer-name", "g_opt")
        with np.load(tmp_path / "a.npz") as arrays:
            moments = {key for key in arrays.files if key.endswith("adam_m")}
            assert len(moments) == 4
    same = {"weights": "keras-weights", "archive": "keras", "objects": "tensorflow-object"}[kind]
    message = optstate("convert", path, tmp_path / f"x{suffix(kind)}", "--to", same, "--optimizer-name", "g_opt", status=65)
    assert "one alone does not fill it" in message.stderr
    optstate("strip", path, tmp_path / f"p{suffix(kind)}")
    state = found(optstate, tmp_path / f"p{suffix(kind)}")
    assert len(state["variables"]) == len(model.get_weights()) and not any(one["slots"] for one in state["variables"])


@pytest.mark.parametrize("name", ["keras", "tf_keras"])
def test_networks_of_equal_shapes_are_left_to_names(optstate, tmp_path, name):
    library = pytest.importorskip(name)
    model = build(library, equal=True)
    train(model, 0, 3)
    model.save_weights(tmp_path / "a.weights.h5")
    path = tmp_path / "a.weights.h5"
    state = found(optstate, path)
    assert {one["name"]: one["step"] for one in state["optimizers"]} == {"g_opt": 3, "c_opt": 6}
    assert not any(one["slots"] for one in state["variables"])
    codes = json.loads(optstate("doctor", path, "--json", status=1).stdout)["findings"]
    assert {one["code"] for one in codes} == {"unrecognized_state"}
    optstate("convert", path, tmp_path / "p.npz", "--only", "parameters")
    # Optimizers are named in the order in which `inspect` lists them.
    networks = {"g_opt": "generator", "c_opt": "critic"}
    with np.load(tmp_path / "p.npz") as arrays:
        values = {arrays[key].tobytes(): key for key in arrays.files}
    order = [
        values[variable.numpy().tobytes()]
        for one in state["optimizers"]
        for variable in getattr(model, networks[one["name"]]).trainable_variables
    ]
    (tmp_path / "names").write_text("\n".join(order))
    optstate("convert", path, tmp_path / "n.h5", "--names", tmp_path / "names")
    assert slots(optstate, tmp_path / "n.h5", tmp_path) == owned(model)
    (tmp_path / "names").write_text("\n".join(reversed(order)))
    optstate("inspect", path, "--names", tmp_path / "names", status=64)


def test_names_decide_for_two_models_of_one_builder(optstate, tmp_path):
    import tf_keras

    from test_keras_objects import build as network, train as trained

    models = [network(tf_keras), network(tf_keras)]
    optimizers = [tf_keras.optimizers.Adam(1e-2), tf_keras.optimizers.Adam(1e-3)]
    for step, (model, optimizer) in enumerate(zip(models, optimizers)):
        optimizer.build(model.trainable_variables)
        for _ in range(step + 1):
            trained(model, optimizer)
    prefix = tf.train.Checkpoint(a=models[0], b=models[1], one=optimizers[0], two=optimizers[1]).write(str(tmp_path / "c"))
    state = found(optstate, prefix)
    assert not any(one["slots"] for one in state["variables"])
    finding = json.loads(optstate("doctor", prefix, "--json", status=1).stdout)["findings"][0]
    assert "hidden/kernel" in finding["evidence"] or "hidden/bias" in finding["evidence"]
    names = [one["name"] for one in state["variables"]]
    own = [[one for one in names if one.startswith(prefix)] for prefix in ("a/", "b/")]
    (tmp_path / "names").write_text("\n".join(own[0] + own[1]))
    optstate("convert", prefix, tmp_path / "n.h5", "--names", tmp_path / "names")
    wanted = set()
    for model, optimizer in zip(models, optimizers):
        for kept in (optimizer._momentums, optimizer._velocities):
            wanted |= {(s.numpy().tobytes(), v.numpy().tobytes()) for s, v in zip(kept, model.trainable_variables)}
    assert slots(optstate, tmp_path / "n.h5", tmp_path) == wanted
    for wrong in (own[0], own[0][::-1] + own[1], [*own[0], "nobody"]):
        (tmp_path / "names").write_text("\n".join(wrong))
        optstate("inspect", prefix, "--names", tmp_path / "names", status=64)


def test_loss_scaling_of_tf_keras_is_read_and_restored(optstate, tmp_path):
    import tf_keras

    tf_keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = tf_keras.Sequential([tf_keras.layers.Dense(5, input_shape=(6,)), tf_keras.layers.Dense(2)])
        model.compile(tf_keras.optimizers.Adam(1e-2), "mse")
        model.fit(np.ones((16, 6)), np.zeros((16, 2)), batch_size=4, verbose=0)
        model.save(tmp_path / "a.keras")
        state = found(optstate, tmp_path / "a.keras")
        assert state["global_step"] == 4 and all(sorted(one["slots"]) == ["adam_m", "adam_v"] for one in state["variables"])
        optstate("set", tmp_path / "a.keras", tmp_path / "b.keras", "--step", "9")
        again = tf_keras.models.load_model(tmp_path / "b.keras")
        assert int(again.optimizer.inner_optimizer.iterations) == 9
        inner = [one.optimizer.inner_optimizer.variables[1:] for one in (model, again)]
        assert all((a.numpy() == b.numpy()).all() for a, b in zip(*inner, strict=True))
    finally:
        tf_keras.mixed_precision.set_global_policy("float32")
