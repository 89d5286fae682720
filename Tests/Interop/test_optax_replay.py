"""optax' own updates on the CPU, compiled and not, are reproduced in every bit; what is not reproduced is refused."""
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
RUNS = {
    "adam": "adam:learning_rate=0.01,beta1=0.95,beta2=0.98,epsilon=1e-6",
    "adam-late": "adam:learning_rate=0.001",
    "adamw": "adamw:learning_rate=0.001,weight_decay=0.01",
    "adamw-late": "adamw:learning_rate=0.001,weight_decay=0.1",
    "adamw-masked": "adamw:learning_rate=0.0003,beta2=0.98,weight_decay=0.1,exclude_from_weight_decay=[bias;tiny]",
    "adamw-alone": "adamw:learning_rate=0.001,weight_decay=0.01",
    "adam-number": "adam:learning_rate=0.001",
}
# What optax does otherwise, or what nobody has compared.
OTHERS = {
    "sgd:learning_rate=0.1": "has no optax",
    "adamw:learning_rate=0.1,global_clip_norm=1": "what optax does around an update",
    "adam:learning_rate=0.1,amsgrad=true": "has no such form",
    "adam:learning_rate=0.1,epsilon_placement=hat": "has no such form",
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("optax")
    subprocess.run([os.environ["OPTSTATE_JAX_PYTHON"], HERE / "optax_replay.py", folder], check=True)
    return folder


def replay(optstate, recorded, name, way, optimizer, output, *options, **expected):
    return optstate("replay", recorded / f"{name}-{way}-0.msgpack", "--gradients", recorded / f"{name}-gradients.h5", "--steps", "20",
                    "--output", output, "--arithmetic", way, "--optimizer", optimizer, *options, **expected)  # fmt: skip


@pytest.mark.parametrize("way", ["optax", "optax_eager"])
@pytest.mark.parametrize("name", RUNS)
def test_updates_are_optax_in_every_bit(optstate, recorded, tmp_path, name, way):
    replay(optstate, recorded, name, way, RUNS[name], tmp_path / "s.msgpack")
    assert (tmp_path / "s.msgpack").read_bytes() == (recorded / f"{name}-{way}-20.msgpack").read_bytes()


@pytest.mark.parametrize("way", ["optax", "optax_eager"])
def test_what_is_not_reproduced_is_refused(optstate, recorded, tmp_path, way):
    for optimizer, message in OTHERS.items():
        done = replay(optstate, recorded, "adamw", way, optimizer, tmp_path / "s.msgpack", status=[64, 65])
        assert message in done.stderr, optimizer
    schedule = ("--schedule", "cosine:learning_rate=0.1,decay_steps=100")
    done = replay(optstate, recorded, "adamw", way, "adamw", tmp_path / "s.msgpack", *schedule, status=[64, 65])
    assert "is not optax' bit for bit" in done.stderr
