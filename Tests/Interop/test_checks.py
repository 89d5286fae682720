"""The checks themselves: a program that does one thing wrong (careless.py) must be found out by them."""
import os

import pytest
import test_calls
import test_errors
import tracing
from outputs import OUTPUTS
from test_calls import pytestmark

SAFETENSORS = next(output for output in OUTPUTS if output.name == "safetensors")
FOUND_BY = [
    ("in-place", test_calls.test_killed_at_every_call, "neither old nor new"),
    ("unlabelled", test_calls.test_killed_at_every_call, "neither old nor new"),
    ("leaves", test_calls.test_killed_at_every_call, "the next run left"),
    ("dies", test_calls.test_interrupted_at_every_call, "it left"),
    ("unflushed", test_calls.test_everything_is_flushed_in_order, "was not flushed before"),
    ("in-place", test_calls.test_everything_is_flushed_in_order, "is no temporary file"),
    ("silent", test_errors.test_error_at_every_call, "neither old nor new"),
]


@pytest.mark.parametrize(
    "fault, check, words", FOUND_BY, ids=lambda one: getattr(one, "__name__", str(one).replace(" ", "-"))
)
def test_carelessness_is_found(monkeypatch, material, tmp_path, fault, check, words):
    # What is right comes from the real program.
    material(SAFETENSORS)
    monkeypatch.setenv("OPTSTATE_REAL", os.environ["OPTSTATE"])
    monkeypatch.setenv("OPTSTATE", os.path.join(os.path.dirname(__file__), "careless.py"))
    monkeypatch.setenv("CARELESS", fault)
    with tracing.workers(1) as pool, pytest.raises(AssertionError, match=words):
        check(pool, material, tmp_path, SAFETENSORS, True)
