"""Recorded gradients, applied by the optimizer core, give TensorFlow's own next state."""
import pytest
from conftest import BERT, files


SCHEDULE = ["--learning_rate", "1e-3", "--num_train_steps", "100", "--num_warmup_steps", "8"]


@pytest.mark.parametrize("first, last", [(10, 20), (5, 10)], ids=["decay", "end of warmup"])
def test_replayed_state_is_the_trained_one(optstate, tmp_path, first, last):
    target = tmp_path / f"model.ckpt-{last}"
    optstate(
        *("replay", BERT / f"model.ckpt-{first}"),
        *("--gradients", BERT / f"gradients-{first}.h5"),
        *("--steps", last - first),
        *("--output", target),
        *("--arithmetic", "tensorflow"),
        *SCHEDULE,
    )
    optstate("diff", target, BERT / f"model.ckpt-{last}")
    assert files(target) == files(BERT / f"model.ckpt-{last}")


def test_replay_from_the_native_layout(optstate, tmp_path):
    optstate("convert", BERT / "model.ckpt-10", tmp_path / "s.h5")
    optstate(
        *("replay", tmp_path / "s.h5"),
        *("--gradients", BERT / "gradients-10.h5"),
        *("--steps", 10),
        *("--output", tmp_path / "out.h5"),
        *SCHEDULE,
    )
    optstate("convert", tmp_path / "out.h5", tmp_path / "back/model.ckpt-20")
    assert files(tmp_path / "back/model.ckpt-20") == files(BERT / "model.ckpt-20")
