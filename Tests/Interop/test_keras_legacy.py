"""keras-bert and bert4keras, in an environment of their own: what they load continues bit for bit."""
import json
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
PYTHON = os.environ["OPTSTATE_LEGACY_PYTHON"]

END = "== end"


@pytest.fixture(scope="module")
def legacy():
    """Asks the other environment's process for something, and returns what it printed."""
    process = subprocess.Popen(
        [PYTHON, HERE / "keras_legacy.py", "serve"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip

    def ask(*arguments):
        process.stdin.write(json.dumps(list(map(str, arguments))) + "\n")
        process.stdin.flush()
        lines = []
        for line in process.stdout:
            if line.startswith(END):
                assert line.split()[-1] == "0", "".join(lines)[-3000:]
                return "".join(lines)
            lines.append(line)
        raise AssertionError(f"the process ended with {process.wait()}: {''.join(lines)[-3000:]}")

    yield ask
    process.stdin.close()
    process.wait()


CASES = [
    "keras-bert", "keras-bert-amsgrad", "adam", "adam-uncorrected", "weight-decay", "piecewise", "layer-adaptation",
    "accumulation", "average", "lookahead", "adafactor", "adafactor-whole",
]


def test_every_case_is_run(legacy):
    assert legacy("list").split() == CASES


@pytest.fixture(scope="module")
def trained(legacy, tmp_path_factory):
    """The folder of a case's files, made when it is first asked for. Not to be changed."""
    made = {}

    def train(case):
        if case not in made:
            made[case] = tmp_path_factory.mktemp(case)
            legacy("train", case, made[case])
        return made[case]

    return train


@pytest.mark.parametrize("case", CASES)
def test_resumes(optstate, legacy, trained, case):
    folder = trained(case)
    optstate("convert", folder / "a.h5", folder / "native.h5", "--to", "optstate")
    optstate("verify", folder / "native.h5")
    optstate("convert", folder / "native.h5", folder / "back.h5", "--to", "keras-h5")
    legacy("resume", case, folder)


def test_state_of_another_framework_fills_keras_bert(optstate, legacy, trained):
    """Names alone: what TensorFlow kept of them has neither layers nor an order."""
    folder = trained("keras-bert")
    optstate("convert", folder / "a.h5", folder / "model.ckpt-3")
    done = optstate("convert", folder / "model.ckpt-3", folder / "weights.h5", "--to", "keras-h5")
    assert "load_weights" in done.stderr
    legacy("weights", folder / "weights.h5")
