"""How the program behaves as a process: it always ends, and leaves nothing half done."""
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import BERT, HERE


def test_compression_always_ends(optstate, tmp_path):
    """A wait between two workers that is wrong one time in thirty shows in 150 runs."""
    for _ in range(150):
        optstate("convert", BERT / "model.ckpt-20", tmp_path / "s.h5", "--compress", "gzip:4", "--overwrite")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """290 MB: compressing it takes far longer than the test waits."""
    prefix = tmp_path_factory.mktemp("large") / "model.ckpt-1"
    subprocess.run([sys.executable, HERE / "make_bert_base.py", prefix, "0"], check=True)
    yield prefix
    for path in prefix.parent.iterdir():
        path.unlink()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_interrupted_conversion_leaves_nothing(large, tmp_path, number):
    target = tmp_path / "s.h5"
    command = [os.environ["OPTSTATE"], "convert", large, target, "--compress", "gzip:9"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        time.sleep(2)
        assert process.poll() is None, "it ended before it could be interrupted"
        process.send_signal(number)
        assert process.wait(timeout=10) == -number
    finally:
        process.kill()
        process.wait()
    assert list(tmp_path.iterdir()) == []
