"""flax, in an environment of its own: files come back byte for byte, and optax goes on from what is written bit for bit."""
import json
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
SLOTS = {
    "adam": {"adam_m": 4, "adam_v": 4},
    "adamw": {"adam_m": 4, "adam_v": 4},
    "adamw-schedule": {"adam_m": 4, "adam_v": 4},
    "adamw-masked": {"adam_m": 4, "adam_v": 4},
    "amsgrad": {"adam_m": 4, "adam_v": 4, "adam_vhat": 4},
    "adamax": {"adam_m": 4, "adam_v": 4},
    "sgd": {},
    "momentum": {"momentum": 4},
    "rmsprop": {"momentum": 4, "rms": 4, "rms_mean_gradient": 4},
    "adagrad": {"accumulator": 4},
    "adadelta": {"accumulator": 4, "accumulator_update": 4},
    "lamb": {"adam_m": 4, "adam_v": 4},
    "lion": {"momentum": 4},
    "novograd": {"slot_mu": 4, "slot_nu": 4},
    "adafactor": {"factored_row": 1, "factored_col": 1, "adam_v": 3, "adam_m": 4},
    "multi": {"adam_m": 2, "adam_v": 2, "momentum": 2},
    "accumulation": {"gradient_accumulator": 4, "adam_m": 4, "adam_v": 4},
    "inject": {"adam_m": 4, "adam_v": 4},
    "schedule-free": {"adam_v": 4, "schedule_free_z": 4},
    "sm3": {"slot_nu": 4},
}
# Those that a file from elsewhere is laid out for, and the kind that says so.
NEW = {"adam": "adam", "adamw": "adamw", "momentum": "sgd", "adagrad": "adagrad", "lamb": "lamb", "lion": "lion"}


def jax(action, folder, *names):
    subprocess.run([os.environ["OPTSTATE_JAX_PYTHON"], HERE / "flax_states.py", action, folder, *names], check=True)


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flax")
    jax("make", folder)
    return folder


@pytest.mark.parametrize("name", SLOTS)
def test_slots_are_found_and_bytes_come_back(optstate, states, tmp_path, name):
    source = states / f"{name}.msgpack"
    report = json.loads(optstate("inspect", source, "--json").stdout)
    assert report["format"] == "flax"
    assert report["totals"]["slots"] == SLOTS[name]
    assert report["totals"]["variables"] == 4
    assert report["global_step"] == (1 if name == "accumulation" else 3)
    optstate("convert", source, tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back.msgpack")
    assert (tmp_path / "back.msgpack").read_bytes() == source.read_bytes()


def test_optax_goes_on_bit_for_bit(optstate, states, tmp_path):
    for name, kind in NEW.items():
        optimizer = ["--optimizer", f"{kind}:learning_rate=0.01"]
        optstate("convert", states / f"{name}.msgpack", tmp_path / f"{name}.safetensors", *optimizer)
        optstate("convert", tmp_path / f"{name}.safetensors", tmp_path / f"{name}.back.msgpack", *optimizer)
    jax("resume", tmp_path)
    for name in NEW:
        resumed = tmp_path / f"{name}.resumed.msgpack"
        assert resumed.read_bytes() == (states / f"{name}.next.msgpack").read_bytes(), name


def test_step_moves_every_count(optstate, states, tmp_path):
    optstate("set", states / "adamw-schedule.msgpack", tmp_path / "s.msgpack", "--step", "1000")
    report = json.loads(optstate("inspect", tmp_path / "s.msgpack", "--json", "--variables").stdout)
    assert report["global_step"] == 1000
    assert {one["step"] for one in report["variables"]} == {1000}


def test_schedule_free_counts_the_update_that_comes(optstate, states, tmp_path):
    from test_orbax import stored

    for step in (10, 0):
        optstate("set", states / "schedule-free.msgpack", tmp_path / f"{step}.msgpack", "--step", step)
        optstate("convert", tmp_path / f"{step}.msgpack", tmp_path / f"{step}.h5")
        assert stored(tmp_path / f"{step}.h5")["opt_state/step_count"] == (step + 1).to_bytes(4, "little")
