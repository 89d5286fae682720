"""flax, in an environment of its own: files come back byte for byte, and optax goes on from what is written bit for bit."""
import json
import os
import pathlib
import subprocess

import h5py
import pytest

HERE = pathlib.Path(__file__).parent
VARIABLES = ("dense/bias", "dense/kernel", "half", "wide")
MOMENTS = {"adam_m": "mu", "adam_v": "nu"}
BIASES, KERNELS = ("dense/bias", "half"), ("dense/kernel", "wide")
# What is found of optax' states where nobody says of which optimizer they are: slots with their words, and their variables where not all have
# them. A state that is none of the catalogue's gives slots by its own words.
SLOTS = {
    "adam": MOMENTS,
    "adamw": MOMENTS,
    "adamw-schedule": MOMENTS,
    "adamw-masked": MOMENTS,
    "amsgrad": {**MOMENTS, "adam_vhat": "nu_max"},
    "adamax": MOMENTS,
    "sgd": {},
    "momentum": {"momentum": "trace"},
    "chain": {"momentum": "trace"},
    "rmsprop": {"rms": "nu"},
    # What stands behind the rate adds up updates, not gradients.
    "rmsprop-momentum": {"rms": "nu", "rms_mean_gradient": "mu", "slot_trace": "trace"},
    "lars": {"slot_trace": "trace"},
    "adagrad": {"accumulator": "sum_of_squares"},
    "adadelta": {"accumulator": "e_g", "accumulator_update": "e_x"},
    "lamb": MOMENTS,
    "lion": {"momentum": "mu"},
    "novograd": {"momentum": "mu", "novograd_v": "nu"},
    "yogi": MOMENTS,
    "adabelief": MOMENTS,
    "radam": MOMENTS,
    "nadam": MOMENTS,
    "nadamw": MOMENTS,
    "adamaxw": MOMENTS,
    # The gradients' signs times their steps, where others keep the gradients.
    "rprop": {"slot_prev_updates": "prev_updates", "slot_step_sizes": "step_sizes"},
    "signum": {"slot_ema": "ema"},
    "muon": {"momentum": ("mu", KERNELS), "adam_m": ("mu", BIASES), "adam_v": ("nu", BIASES)},
    # The longest axis of `wide` is its first, which `v_row` is the mean over.
    "adafactor": {"factored_col": ("v_row", ("wide",)), "factored_row": ("v_col", ("wide",)),
                  "adam_v": ("v", ("dense/bias", "dense/kernel", "half")), "adam_m": "ema"},
    "two": MOMENTS,
    "multi": {"adam_m": ("mu", KERNELS), "adam_v": ("nu", KERNELS), "momentum": ("trace", BIASES)},
    "accumulation": {"gradient_accumulator": "acc_grads", **MOMENTS},
    "inject": MOMENTS,
    "finite": MOMENTS,
    "averaged": {**MOMENTS, "ema": "ema_params"},
    "averaged-updates": {**MOMENTS, "slot_ema": "ema"},
    "schedule-free": {"adam_v": "nu", "schedule_free_z": "z"},
    "schedule-free-sgd": {"schedule_free_z": "z"},
    "sm3": {"slot_nu": "nu"},
}  # fmt: skip
# The same where somebody does.
SAID = {
    "adamax": {"adam_m": "mu", "adamax_u": "nu"},
    "adabelief": {"adam_m": "mu", "adabelief_s": "nu"},
    "yogi": MOMENTS,
    "radam": MOMENTS,
    "novograd": {"momentum": "mu", "novograd_v": "nu"},
}
# Those that a file from elsewhere is laid out for, and the kind that says so.
NEW = {"adam": "adam", "adamw": "adamw", "amsgrad": "adam", "adamax": "adamax", "momentum": "sgd", "rmsprop": "rmsprop",
       "adagrad": "adagrad", "adadelta": "adadelta", "lamb": "lamb", "lion": "lion", "radam": "radam", "yogi": "yogi",
       "adabelief": "adabelief", "novograd": "novograd"}  # fmt: skip


def jax(action, folder, *names):
    subprocess.run([os.environ["OPTSTATE_JAX_PYTHON"], HERE / "flax_states.py", action, folder, *names], check=True)


def check_slots(store, words):
    """Holds every slot of a store to the word and the variable below which it lay in its source."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("@") and "role" not in item.attrs:
            found[name] = "/" + (item.attrs["source_name"] if "source_name" in item.attrs else name)

    with h5py.File(store) as file:
        file.visititems(visit)
    values = {f"{variable}/@value" for variable in VARIABLES}
    assert values <= set(found)
    wanted = {}
    for slot, word in words.items():
        word, own = word if isinstance(word, tuple) else (word, VARIABLES)
        wanted.update({f"{variable}/{slot}": f"/{word}/{variable}" for variable in own})
    assert set(found) - values == set(wanted)
    assert not {place: found[place] for place, end in wanted.items() if not found[place].endswith(end)}


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
    assert report["totals"]["variables"] == 4
    assert report["global_step"] == (1 if name == "accumulation" else 3)
    optstate("convert", source, tmp_path / "s.h5")
    check_slots(tmp_path / "s.h5", SLOTS[name])
    optstate("convert", tmp_path / "s.h5", tmp_path / "back.msgpack")
    assert (tmp_path / "back.msgpack").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("name", SAID)
def test_optimizer_says_what_the_states_are(optstate, states, tmp_path, name):
    optstate("convert", states / f"{name}.msgpack", tmp_path / "s.h5", "--optimizer", f"{name}:learning_rate=0.01")
    check_slots(tmp_path / "s.h5", SAID[name])


def test_optax_goes_on_bit_for_bit(optstate, states, tmp_path):
    for name, kind in NEW.items():
        optimizer = ["--optimizer", f"{kind}:learning_rate=0.01" + (",amsgrad=true" if name == "amsgrad" else "")]
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
