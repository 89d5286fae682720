"""`inspect --json` agrees with what TensorFlow and NumPy see."""
import json

import numpy as np
import pytest
from conftest import BERT, OPTIMIZERS, REFERENCE, tensors

SLOTS = ("adam_m", "adam_v")


def inspect(optstate, state, *options):
    return json.loads(optstate("inspect", state, "--json", *options).stdout)


@pytest.fixture(scope="module", params=["tensorflow", "optstate"])
def state(request, native):
    return request.param, BERT / "model.ckpt-20" if request.param == "tensorflow" else native


def by_variable():
    variables = {}
    for name, values in tensors(BERT / "model.ckpt-20").items():
        owner, _, slot = name.rpartition("/")
        if name != "global_step":
            key = (owner, slot) if slot in SLOTS else (name, None)
            variables.setdefault(key[0], {})[key[1]] = values
    return variables


def test_totals(optstate, state):
    form, path = state
    found, wanted = inspect(optstate, path), by_variable()
    assert found["format"] == form
    assert found["naming"] == "google-bert"
    assert found["global_step"] == 20
    assert "optimizer" in found and "schedule" in found
    totals = found["totals"]
    assert totals["variables"] == len(wanted) == 46
    assert totals["parameters"] == sum(parts[None].size for parts in wanted.values())
    assert totals["slots"] == {"adam_m": 46, "adam_v": 46}
    assert totals["bytes"] == sum(values.nbytes for values in tensors(BERT / "model.ckpt-20").values())


def test_variables(optstate, state):
    wanted = by_variable()
    found = {one["name"]: one for one in inspect(optstate, state[1], "--variables")["variables"]}
    assert found.keys() == wanted.keys()
    for name, parts in wanted.items():
        assert (found[name]["shape"], found[name]["dtype"]) == (list(parts[None].shape), "float32")
        assert found[name]["slots"].keys() == set(SLOTS)
        for slot in SLOTS:
            one = found[name]["slots"][slot]
            assert (one["shape"], one["dtype"]) == (list(parts[slot].shape), "float32")


def assert_stats(found, values):
    wide = values.astype(np.float64).ravel()
    assert (found["min"], found["max"]) == (wide.min(), wide.max())
    assert found["mean"] == pytest.approx(wide.mean(), rel=1e-9, abs=1e-15)
    assert found["rms"] == pytest.approx(np.sqrt(np.mean(wide**2)), rel=1e-12)
    assert found["norm"] == pytest.approx(np.sqrt(np.sum(wide**2)), rel=1e-12)
    assert found["zeros"] == np.count_nonzero(wide == 0)
    assert (found["nan"], found["inf"]) == (0, 0)


def test_statistics(optstate, state):
    wanted = by_variable()
    found = inspect(optstate, state[1], "--variables", "--stats")["variables"]
    for one in found:
        assert_stats(one["stats"], wanted[one["name"]][None])
        for slot in SLOTS:
            assert_stats(one["slots"][slot]["stats"], wanted[one["name"]][slot])


def test_nan_and_infinity_are_counted(optstate, edited):
    def spoil(values):
        values.ravel()[:3] = np.nan, np.inf, -np.inf

    path = edited("bert/pooler/dense/bias/@value", spoil)
    found = inspect(optstate, path, "--variables", "--stats", "--match", "pooler/dense/bias")
    (one,) = found["variables"]
    assert (one["stats"]["nan"], one["stats"]["inf"]) == (1, 2)


def test_match_selects_by_name(optstate, state):
    found = inspect(optstate, state[1], "--variables", "--match", "layer_1/.*/kernel$")["variables"]
    assert {one["name"] for one in found} == {
        name for name in by_variable() if "layer_1/" in name and name.endswith("kernel")
    }
    optstate("inspect", state[1], "--match", "no such variable", status=65)
    optstate("inspect", state[1], "--match", "(", status=64)


@pytest.mark.parametrize(
    "name, slots",
    [
        ("adam", {"adam_m": 4, "adam_v": 4}),
        ("momentum", {"momentum": 4}),
        ("adagrad", {"accumulator": 4}),
        ("rmsprop", {"rms": 4, "momentum": 4}),
        ("sgd", {}),
    ],
)
def test_slots_of_tensorflow_optimizers(optstate, name, slots):
    found = inspect(optstate, OPTIMIZERS / name / "model.ckpt-5")
    assert found["global_step"] == 5
    assert found["totals"]["variables"] == 4
    assert found["totals"]["slots"] == slots


def test_variables_without_slots(optstate):
    """The pooler of a SQuAD run has no gradient, hence no moments."""
    prefix = REFERENCE / "1.15.5/squad/model.ckpt-3"
    found = {one["name"]: one for one in inspect(optstate, prefix, "--variables")["variables"]}
    assert {name for name, one in found.items() if not one["slots"]} == {
        "bert/pooler/dense/kernel",
        "bert/pooler/dense/bias",
    }


def test_plain_output_fits_a_screen(optstate, state):
    done = optstate("inspect", state[1])
    assert 5 <= len(done.stdout.splitlines()) <= 40
    assert done.stderr == ""


def test_absent_input(optstate, tmp_path):
    optstate("inspect", tmp_path / "absent", status=66)
