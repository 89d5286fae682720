"""`diff` counts what differs and by how much."""
import json

import numpy as np
import pytest
from conftest import BERT

KEYS = {"kind", "variable", "slot", "elements", "max_ulp", "max_relative", "index"}
VARIABLE = "bert/pooler/dense/kernel"


def differences(optstate, *arguments, status=1):
    return json.loads(optstate("diff", *arguments, "--json", status=status).stdout)["differences"]


def test_a_state_equals_its_conversion(optstate, native):
    assert differences(optstate, BERT / "model.ckpt-20", native, status=0) == []
    optstate("diff", native, BERT / "model.ckpt-20")


def test_two_steps_differ(optstate):
    found = differences(optstate, BERT / "model.ckpt-10", BERT / "model.ckpt-20")
    assert found and all(KEYS <= set(one) for one in found)
    slots = {(one["variable"], one["slot"]) for one in found}
    assert (VARIABLE, None) in slots and (VARIABLE, "adam_m") in slots and (VARIABLE, "adam_v") in slots
    text = optstate("diff", BERT / "model.ckpt-10", BERT / "model.ckpt-20", status=1).stdout
    assert VARIABLE in text


@pytest.fixture
def one_ulp(edited):
    def nudge(values):
        values[3, 4] = np.nextafter(values[3, 4], np.float32(np.inf))

    return edited(VARIABLE + "/adam_v", nudge)


def test_one_ulp_is_seen_and_placed(optstate, native, one_ulp):
    (found,) = differences(optstate, native, one_ulp)
    assert (found["variable"], found["slot"]) == (VARIABLE, "adam_v")
    assert (found["elements"], found["max_ulp"]) == (1, 1)
    assert 0 < found["max_relative"] < 2e-7
    assert found["index"] in ([3, 4], 3 * 12 + 4)


@pytest.mark.parametrize("tolerance, status", [("0", 1), ("1", 0), ("1e-6", 0), ("1e-9", 1), ("0.5", 0)])
def test_tolerance_is_in_ulp_or_relative(optstate, native, one_ulp, tolerance, status):
    optstate("diff", native, one_ulp, "--tolerance", tolerance, status=status)


def test_nan_differs_from_a_number_at_any_tolerance(optstate, native, edited):
    path = edited(VARIABLE + "/adam_m", lambda values: values.__setitem__((0, 0), np.nan))
    optstate("diff", native, path, "--tolerance", "1e30", status=1)
    optstate("diff", path, path)


def test_missing_slots_differ(optstate, native, tmp_path):
    optstate("strip", BERT / "model.ckpt-20", tmp_path / "release.ckpt")
    found = differences(optstate, native, tmp_path / "release.ckpt")
    assert {one["slot"] for one in found if one["variable"] == VARIABLE} == {"adam_m", "adam_v"}
