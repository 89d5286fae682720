"""keras-bert and bert4keras, in an environment of their own: what they load continues bit for bit."""
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
PYTHON = os.environ["OPTSTATE_LEGACY_PYTHON"]

def legacy(*arguments):
    done = subprocess.run(
        [PYTHON, HERE / "keras_legacy.py", *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


CASES = [
    "keras-bert", "keras-bert-amsgrad", "adam", "adam-uncorrected", "weight-decay", "piecewise", "layer-adaptation",
    "accumulation", "average", "lookahead", "adafactor", "adafactor-whole",
]


def test_every_case_is_run():
    assert legacy("list").split() == CASES


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a case's files, made when it is first asked for. Not to be changed."""
    made = {}

    def train(case):
        if case not in made:
            made[case] = tmp_path_factory.mktemp(case)
            legacy("train", case, made[case])
        return made[case]

    return train


@pytest.mark.parametrize("case", CASES)
def test_resumes(optstate, trained, case):
    folder = trained(case)
    optstate("convert", folder / "a.h5", folder / "native.h5", "--to", "optstate")
    optstate("verify", folder / "native.h5")
    optstate("convert", folder / "native.h5", folder / "back.h5", "--to", "keras-h5")
    legacy("resume", case, folder)


def test_state_of_another_framework_fills_keras_bert(optstate, trained):
    """Names alone: what TensorFlow kept of them has neither layers nor an order."""
    folder = trained("keras-bert")
    optstate("convert", folder / "a.h5", folder / "model.ckpt-3")
    done = optstate("convert", folder / "model.ckpt-3", folder / "weights.h5", "--to", "keras-h5")
    assert "load_weights" in done.stderr
    legacy("weights", folder / "weights.h5")
