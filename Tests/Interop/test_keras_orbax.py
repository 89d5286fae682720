"""What Keras' own callback saves through Orbax under its other backends is the model's, bit for bit; that of JAX is in test_orbax.py."""
import json
import os
import pathlib
import subprocess
import sys

import h5py
import numpy as np
import pytest

HERE = pathlib.Path(__file__).parent
SLOTS = {"adam_m": "momentum", "adam_v": "velocity"}


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_every_variable_is_the_models(optstate, tmp_path, backend):
    question = [os.environ["OPTSTATE_JAX_PYTHON"], "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(question, capture_output=True, text=True, check=True).stdout.strip()
    subprocess.run([sys.executable, HERE / "keras_orbax.py", tmp_path, packages], check=True, env={**os.environ, "KERAS_BACKEND": backend})
    optstate("convert", tmp_path / "saved", tmp_path / "s.h5")
    wanted = {key.replace("|", "/"): value for key, value in np.load(tmp_path / "variables.npz").items()}
    report = json.loads(optstate("inspect", tmp_path / "saved", "--json", "--variables").stdout)
    assert report["format"] == "orbax" and report["optimizer"]["kind"] == "adamw"
    assert report["global_step"] == wanted["adam_w/iteration"] == 4
    assert len(report["variables"]) == 8
    with h5py.File(tmp_path / "s.h5") as file:
        for variable in report["variables"]:
            name = variable["name"]
            assert file[f"{name}/@value"][()].tobytes() == wanted[name].tobytes(), name
            assert sorted(variable["slots"]) == ([] if "moving" in name else sorted(SLOTS)), name
            for slot in variable["slots"]:
                own = wanted[f"adam_w/{name.replace('/', '_')}_{SLOTS[slot]}"]
                assert file[f"{name}/{slot}"][()].tobytes() == own.tobytes(), (name, slot)
