"""A TensorFlow run resumed from a state that went through the native layout is the same run."""
import numpy as np
import pytest
from conftest import BERT, assert_same, files, tensors


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """A run to step 20 on this machine, saved at 10 on the way."""
    import bert_run

    prefix = tmp_path_factory.mktemp("run") / "model.ckpt"
    trainer = bert_run.Trainer()
    trainer.train(0, 10)
    trainer.save(str(prefix), 10)
    trainer.train(10, 20)
    trainer.save(str(prefix), 20)
    return prefix.parent


def resume(source, target):
    """Restores in a new session, trains on to step 20 and saves."""
    import bert_run

    trainer = bert_run.Trainer()
    trainer.restore(str(source))
    trainer.train(10, 20)
    trainer.save(str(target), 20)


@pytest.mark.parametrize("options", [[], ["--compress", "gzip:4"]], ids=["plain", "gzip"])
def test_resumed_run_equals_uninterrupted_run(optstate, uninterrupted, tmp_path, options):
    optstate("convert", uninterrupted / "model.ckpt-10", tmp_path / "s.h5", *options)
    optstate("convert", tmp_path / "s.h5", tmp_path / "back/model.ckpt-10")
    resume(tmp_path / "back/model.ckpt-10", tmp_path / "model.ckpt")
    assert_same(tensors(tmp_path / "model.ckpt-20"), tensors(uninterrupted / "model.ckpt-20"))
    assert files(tmp_path / "model.ckpt-20") == files(uninterrupted / "model.ckpt-20")


def test_run_of_the_fixture_goes_on_to_its_own_end(optstate, uninterrupted, tmp_path):
    """From the fixture's step 10 to its step 20, if this processor adds in that order too."""
    if files(uninterrupted / "model.ckpt-10") != files(BERT / "model.ckpt-10"):
        pytest.skip("this processor trains to other last bits than the one that made the fixture")
    optstate("convert", BERT / "model.ckpt-10", tmp_path / "s.h5")
    optstate("convert", tmp_path / "s.h5", tmp_path / "back/model.ckpt-10")
    resume(tmp_path / "back/model.ckpt-10", tmp_path / "model.ckpt")
    assert files(tmp_path / "model.ckpt-20") == files(BERT / "model.ckpt-20")


def test_the_moments_matter(optstate, uninterrupted, tmp_path):
    """The comparison can fail: a run from a state with one changed moment ends elsewhere."""
    import h5py
    import google_crc32c

    optstate("convert", uninterrupted / "model.ckpt-10", tmp_path / "s.h5")
    with h5py.File(tmp_path / "s.h5", "r+") as file:
        moment = file["bert/pooler/dense/kernel/adam_m"]
        values = moment[:] * np.float32(1.5)
        moment[:] = values
        moment.attrs["crc32c"] = np.uint32(google_crc32c.value(values.tobytes()))
    optstate("convert", tmp_path / "s.h5", tmp_path / "back/model.ckpt-10")
    resume(tmp_path / "back/model.ckpt-10", tmp_path / "model.ckpt")
    found, wanted = tensors(tmp_path / "model.ckpt-20"), tensors(uninterrupted / "model.ckpt-20")
    assert any((found[name] != wanted[name]).any() for name in wanted)
