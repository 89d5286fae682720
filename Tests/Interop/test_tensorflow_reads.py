"""TensorFlow reads what the program wrote after something had changed."""
import numpy as np
from conftest import BERT, assert_same, tensors

KERNEL = "bert/encoder/layer_1/output/dense/kernel"


def is_parameter(name):
    return not name.endswith(("/adam_m", "/adam_v")) and name != "global_step"


def test_values_changed_in_h5py(optstate, edited, tmp_path):
    def double(values):
        values *= 2

    path = edited(KERNEL + "/adam_m", double)
    optstate("verify", path)
    optstate("convert", path, tmp_path / "model.ckpt-20")
    wanted = tensors(BERT / "model.ckpt-20")
    wanted[KERNEL + "/adam_m"] = wanted[KERNEL + "/adam_m"] * np.float32(2)
    assert_same(tensors(tmp_path / "model.ckpt-20"), wanted)


def test_step_changed_in_h5py(optstate, edited, tmp_path):
    path = edited("global_step", lambda step: step.__iadd__(22))
    optstate("convert", path, tmp_path / "model.ckpt-42")
    assert tensors(tmp_path / "model.ckpt-42")["global_step"] == 42


def test_stripped_state_is_the_parameters(optstate, tmp_path):
    optstate("strip", BERT / "model.ckpt-20", tmp_path / "release.ckpt")
    wanted = tensors(BERT / "model.ckpt-20")
    assert_same(
        tensors(tmp_path / "release.ckpt"), {n: v for n, v in wanted.items() if is_parameter(n)}
    )


def test_only_parameters_and_only_slots(optstate, tmp_path):
    wanted = tensors(BERT / "model.ckpt-20")
    for which, chosen in (
        ("parameters", {n for n in wanted if is_parameter(n)}),
        ("slots", {n for n in wanted if n.endswith(("/adam_m", "/adam_v"))}),
    ):
        target = tmp_path / f"{which}.ckpt"
        optstate("convert", BERT / "model.ckpt-20", target, "--only", which)
        found = tensors(target)
        found.pop("global_step", None)
        assert_same(found, {name: wanted[name] for name in chosen})
