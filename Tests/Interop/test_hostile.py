"""Forged files get the answer they deserve: no crash, no hang, no output."""
import pytest
from conftest import FIXTURES


def attacks(folder):
    lines = (FIXTURES / "hostile" / folder / "attacks.tsv").read_text("utf-8").splitlines()
    for line in lines[1:]:
        name, status, attack = line.split("\t")
        allowed = {int(one) for one in status.split(",")}
        yield pytest.param(FIXTURES / "hostile" / folder / name, allowed, attack, id=f"{folder}/{name}")


FAMILIES = ["tensorflow", "native", "safetensors", "numpy", "pytorch", "keras"]
ALL = [one for family in FAMILIES for one in attacks(family)]


@pytest.mark.parametrize("path, allowed, attack", ALL)
def test_verify_answers(optstate, path, allowed, attack):
    done = optstate("verify", path, status=allowed)
    if done.returncode != 0:
        assert (done.stdout + done.stderr).strip(), f"no word about {attack}"


@pytest.mark.parametrize("path, allowed, attack", ALL)
def test_convert_leaves_nothing_behind(optstate, tmp_path, path, allowed, attack):
    (tmp_path / "out").mkdir()
    done = optstate("convert", path, tmp_path / "out/s.h5", "--to", "optstate", status={0, 1, 65, 66})
    if allowed == {0}:
        assert done.returncode == 0
    if allowed.isdisjoint({0}):
        assert done.returncode != 0
    left = {one.name for one in (tmp_path / "out").iterdir()}
    assert left == ({"s.h5"} if done.returncode == 0 else set())
    assert {one.name for one in tmp_path.iterdir()} == {"out"}, "a name escaped"


@pytest.mark.parametrize("path, allowed, attack", ALL)
def test_inspect_survives(optstate, path, allowed, attack):
    optstate("inspect", path, "--variables", "--json", status={0, 65, 66} if 0 not in allowed else {0, 65})
