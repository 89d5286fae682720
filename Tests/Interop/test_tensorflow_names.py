"""Checkpoints of TensorFlow 1 whose optimizers have other names than their class: what is a slot is no parameter."""
import json

import numpy as np
import pytest
import tensorflow as tf

v1 = tf.compat.v1


def weight(name="layer/w"):
    return v1.get_variable(name, [4, 3])


def loss(*variables):
    return sum(v1.reduce_sum(v1.square(one)) for one in variables)


def counter():
    return v1.train.get_or_create_global_step()


def trained(optimizer):
    variable = weight()
    return [optimizer.minimize(loss(variable), global_step=counter())]


def estimator():
    """A Keras optimizer in a graph, as estimators take one."""
    import tf_keras

    optimizer = tf_keras.optimizers.legacy.Adam(1e-2)
    variable = weight()
    optimizer.iterations = counter()
    return optimizer.get_updates(loss(variable), [variable])


def dual():
    step = counter()
    return [v1.train.AdagradDAOptimizer(0.1, step).minimize(loss(weight()), global_step=step)]


def averaged():
    """A moving average whose bias is taken out, which keeps two helpers."""
    from tensorflow.python.training import moving_averages

    variable = weight()
    mean = v1.get_variable("norm/moving_mean", [3], trainable=False, initializer=v1.zeros_initializer())
    return [
        moving_averages.assign_moving_average(mean, v1.reduce_mean(variable, 0), 0.9, zero_debias=True),
        v1.train.AdamOptimizer(0.01).minimize(loss(variable), global_step=counter()),
    ]


def scaled():
    O = v1.train.experimental.enable_mixed_precision_graph_rewrite(v1.train.AdamOptimizer(0.01))
    # It holds for the whole process, in which other tests set a policy.
    v1.train.experimental.disable_mixed_precision_graph_rewrite()
    return trained(O)


def numbers(**arrays):
    """Variables by name, as the training code of a model family makes them."""

    def build():
        for name, shape in arrays.items():
            value = np.asarray(np.random.default_rng(1).random(shape) + 1)
            kind = "i8" if name in ("global_step", "good_steps") else "f4"
            v1.get_variable(name.replace("__", "/"), initializer=value.astype(kind))
        return []

    return build


MOMENTS = {"layer/w": ["adam_m", "adam_v"]}
CASES = {
    "named": (lambda: trained(v1.train.AdamOptimizer(1e-2, name="AdamW")), MOMENTS),
    "another": (lambda: trained(v1.train.AdamOptimizer(1e-2, name="generator")), {"layer/w": ["slot_generator", "slot_generator_1"]}),
    "momentum": (lambda: trained(v1.train.RMSPropOptimizer(1e-2, momentum=0.9, name="AdamLike")), {"layer/w": ["slot_AdamLike", "slot_AdamLike_1"]}),
    "proximal": (lambda: trained(v1.train.ProximalAdagradOptimizer(1e-2)), {"layer/w": ["accumulator"]}),
    "dual": (dual, {"layer/w": ["accumulator", "linear"]}),
    "estimator": (estimator, MOMENTS),
    "averaged": (averaged, MOMENTS | {"norm/moving_mean": []}),
    "scaled": (scaled, MOMENTS),
    "t5": (
        numbers(w=(4, 3), w_slot_vr=(3,), w_slot_vc=(4,), b=(3,), b_slot_v=(3,), global_step=()),
        {"w": ["factored_col", "factored_row"], "b": ["adam_v"]},
    ),
    "lamb": (numbers(w=(4, 3), w__lamb_m=(4, 3), w__lamb_v=(4, 3), global_step=()), {"w": ["adam_m", "adam_v"]}),
    "scales": (numbers(w=(4, 3), loss_scale=(), good_steps=(), global_step=()), {"w": []}),
}  # fmt: skip

# What a moving average without its bias is made of belongs to it, not to an optimizer.
HELPERS = {"norm/moving_mean/biased", "norm/moving_mean/local_step"}


@pytest.mark.parametrize("name", CASES)
def test_no_slot_or_helper_is_a_parameter(optstate, tmp_path, name):
    make, wanted = CASES[name]
    prefix = tmp_path / "model.ckpt-3"
    with tf.Graph().as_default(), v1.Session() as session:
        updates = make()
        session.run(v1.global_variables_initializer())
        for _ in range(3):
            session.run(updates)
        v1.train.Saver().save(session, str(prefix))
    found = json.loads(optstate("inspect", prefix, "--json", "--variables").stdout)
    assert {one["name"]: sorted(one["slots"]) for one in found["variables"]} == wanted
    assert found["global_step"] is not None
    optstate("convert", prefix, tmp_path / "back", "--to", "tensorflow")
    before, after = tf.train.load_checkpoint(str(prefix)), tf.train.load_checkpoint(str(tmp_path / "back"))
    assert before.get_variable_to_shape_map() == after.get_variable_to_shape_map()
    optstate("strip", prefix, tmp_path / "stripped")
    left = {key for key, _ in tf.train.list_variables(str(tmp_path / "stripped"))}
    assert left - HELPERS == wanted.keys()
    assert (left & HELPERS == HELPERS) == (name == "averaged")
