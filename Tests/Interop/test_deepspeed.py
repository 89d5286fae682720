"""DeepSpeed goes on from what optstate cut anew, and optstate reads what DeepSpeed wrote."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from safetensors.torch import load_file

PYTHON = os.environ["OPTSTATE_DEEPSPEED_PYTHON"]
RUNS = pathlib.Path(__file__).with_name("deepspeed_runs.py")
KINDS = ["turns", "half", "each"]


def runs(*jobs):
    done = subprocess.run(
        [PYTHON, RUNS, *jobs], timeout=300, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deepspeed")
    runs(*(f"make {kind} 2 {folder / kind}" for kind in KINDS))
    return folder


def tensors(optstate, state, folder):
    """Every parameter, master and slot of a state."""
    path = folder / "whole.safetensors"
    optstate("convert", state, path, "--overwrite")
    return load_file(path)


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert found[name].dtype == value.dtype and found[name].shape == value.shape, name
        assert found[name].equal(value), name


def test_deepspeed_loads_another_number_of_ranks(saved, tmp_path, optstate):
    """Saved again without a step in between, by all the numbers of ranks at once."""
    jobs = []
    for kind, ranks in [("turns", 3), ("half", 1), ("each", 3)]:
        cut = tmp_path / kind
        optstate("convert", saved / kind, cut, "--to", "deepspeed", "--ranks", ranks)
        jobs.append(f"load {kind} {ranks} {cut} {tmp_path / kind}.again 0")
    runs(*jobs)
    for kind in KINDS:
        wanted = tensors(optstate, saved / kind, tmp_path)
        assert_same(tensors(optstate, tmp_path / kind, tmp_path), wanted)
        assert_same(tensors(optstate, tmp_path / f"{kind}.again", tmp_path), wanted)


def test_training_goes_on_bit_for_bit(saved, tmp_path, optstate):
    """Two ranks, cut for three and for two again."""
    optstate("convert", saved / "half", tmp_path / "three", "--to", "deepspeed", "--ranks", 3)
    optstate("convert", tmp_path / "three", tmp_path / "two", "--to", "deepspeed", "--ranks", 2)
    runs(
        f"load half 2 {saved / 'half'} {tmp_path / 'wanted'} 2",
        f"load half 2 {tmp_path / 'two'} {tmp_path / 'found'} 2",
    )
    wanted = tensors(optstate, tmp_path / "wanted", tmp_path)
    assert_same(tensors(optstate, tmp_path / "found", tmp_path), wanted)


def test_a_state_is_poured_into_a_checkpoint_of_another_stage(saved, tmp_path, optstate):
    """ZeRO-3's into a template of ZeRO-2's, of other numbers and another step, and into one of the same."""
    runs(
        f"load turns 2 {saved / 'turns'} {tmp_path / 'turns.t'} 2",
        f"load half 2 {saved / 'half'} {tmp_path / 'half.t'} 1",
    )
    jobs = []
    for source, kind in [("each", "turns"), ("half", "half")]:
        optstate("convert", saved / source, tmp_path / f"{source}.safetensors")
        optstate("convert", tmp_path / f"{source}.safetensors", tmp_path / kind, "--like", tmp_path / f"{kind}.t")
        jobs.append(f"load {kind} 2 {tmp_path / kind} {tmp_path / kind}.again 0")
    runs(*jobs)
    for source, kind in [("each", "turns"), ("half", "half")]:
        wanted = tensors(optstate, saved / source, tmp_path)
        assert_same(tensors(optstate, tmp_path / f"{kind}.again", tmp_path), wanted)
        shown = json.loads(optstate("inspect", tmp_path / kind, "--json").stdout)
        assert shown["global_step"] == 3
    done = optstate(
        "convert", tmp_path / "each.safetensors", tmp_path / "no", "--like", tmp_path / "half.t", status=65
    )
    assert "does not hold the state's numbers" in done.stderr and not (tmp_path / "no").exists()


def test_universal_checkpoint_is_loaded_and_read(saved, tmp_path, optstate):
    jobs = []
    for kind, ranks in [("half", 3), ("each", 1)]:
        optstate("convert", saved / kind, tmp_path / kind, "--to", "deepspeed-universal")
        jobs.append(f"universal {kind} {ranks} {tmp_path / kind} {tmp_path / kind}.again")
    runs(*jobs)
    for kind in ["half", "each"]:
        wanted = tensors(optstate, saved / kind, tmp_path)
        assert_same(tensors(optstate, tmp_path / kind, tmp_path), wanted)
        assert_same(tensors(optstate, tmp_path / f"{kind}.again", tmp_path), wanted)


@pytest.mark.parametrize("kind", ["half", "each"])
def test_converter_of_deepspeed_makes_the_same(saved, tmp_path, optstate, kind):
    tag = saved / kind / "global_step3"
    subprocess.run(
        [PYTHON, "-m", "deepspeed.checkpoint.ds_to_universal", "--input_folder", tag,
         "--output_folder", tmp_path / "global_step3_universal", "--inject_missing_state"],
        env=os.environ | {"DS_ACCELERATOR": "cpu"}, check=True, timeout=120, capture_output=True,
    )  # fmt: skip
    theirs = tensors(optstate, tmp_path / "global_step3_universal", tmp_path)
    assert_same(tensors(optstate, saved / kind, tmp_path), theirs)


def test_tools_work_as_on_a_file(saved, tmp_path, optstate):
    shown = json.loads(optstate("inspect", saved / "half", "--json").stdout)
    assert shown["format"] == "deepspeed" and shown["global_step"] == 3
    assert shown["optimizer"]["kind"] == "adamw"
    optstate("verify", saved / "each")
    optstate("doctor", saved / "turns")
    optstate("reset", saved / "half", tmp_path / "reset", "--slots", "adam_m")
    wanted = tensors(optstate, saved / "half", tmp_path)
    found = tensors(optstate, tmp_path / "reset", tmp_path)
    assert all(not found[name].any() for name in found if name.endswith("/adam_m"))
    assert_same(
        {n: v for n, v in found.items() if not n.endswith("/adam_m")},
        {n: v for n, v in wanted.items() if not n.endswith("/adam_m")},
    )


def test_the_step_moves_with_what_the_engine_counts(saved, tmp_path, optstate):
    for kind, front in [("half", "mp_rank_00"), ("each", "zero_pp_rank_0_mp_rank_00")]:
        optstate("set", saved / kind, tmp_path / kind, "--step", "7")
        assert (tmp_path / kind / "latest").read_text() == "global_step7"
        shown = json.loads(optstate("inspect", tmp_path / kind, "--json").stdout)
        assert shown["global_step"] == 7
        state = counted(tmp_path / kind / "global_step7" / f"{front}_model_states.pt")
        before = counted(saved / kind / "global_step3" / f"{front}_model_states.pt")
        assert state["global_steps"] == 7 and before["global_steps"] == 3
        assert state["global_samples"] * 3 == before["global_samples"] * 7 > 0
        optstate("reset", saved / kind, tmp_path / f"{kind}.reset", "--step", "0")
        assert (tmp_path / f"{kind}.reset" / "latest").read_text() == "global_step0"
    runs(f"load half 2 {tmp_path / 'half'} {tmp_path / 'again'} 1")
    assert json.loads(optstate("inspect", tmp_path / "again", "--json").stdout)["global_step"] == 8


def counted(path):
    """The whole numbers of a model's file, which only DeepSpeed's classes can be loaded with."""
    code = "import json, sys, torch; d = torch.load(sys.argv[1], weights_only=False); "
    code += "print(json.dumps({k: v for k, v in d.items() if type(v) is int}))"
    return json.loads(subprocess.run([PYTHON, "-c", code, path], capture_output=True, text=True, check=True).stdout)


def copied(saved, kind, tmp_path):
    shutil.copytree(saved / kind, tmp_path / "copy")
    return tmp_path / "copy" / "global_step3"


def test_missing_rank_is_named(saved, tmp_path, optstate):
    for rank in [0, 1]:
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        folder = copied(saved, "turns", tmp_path)
        (folder / f"zero_pp_rank_{rank}_mp_rank_00_optim_states.pt").unlink()
        error = optstate("doctor", folder.parent, status=66).stderr
        assert f"rank {rank} holds parts of" in error and "back.weight" in error


def test_rank_of_another_save_is_named(saved, tmp_path, optstate):
    folder = copied(saved, "each", tmp_path)
    name = "zero_pp_rank_1_mp_rank_00_optim_states.pt"
    optstate("set", saved / "each", tmp_path / "later", "--step", "9")
    shutil.copy(tmp_path / "later" / "global_step9" / name, folder)
    error = optstate("inspect", folder, status=65).stderr
    assert name in error and "another moment" in error


@pytest.mark.parametrize("kind", KINDS)
def test_rank_of_another_cut_is_named(saved, tmp_path, optstate, kind):
    folder = copied(saved, kind, tmp_path)
    optstate("convert", saved / kind, tmp_path / "three", "--to", "deepspeed", "--ranks", 3)
    name = ("bf16_" if kind == "half" else "") + "zero_pp_rank_1_mp_rank_00_optim_states.pt"
    shutil.copy(tmp_path / "three" / "global_step3" / name, folder)
    error = optstate("verify", folder, status=65).stderr
    assert name in error and "rank 1 holds parts of" in error and "(expected 2 ranks, found 3)" in error


def test_parameters_alone_have_no_place_in_zero_3(saved, tmp_path, optstate):
    error = optstate("strip", saved / "each", tmp_path / "out", status=65).stderr
    assert "with the optimizer" in error and not (tmp_path / "out").exists()
    optstate("strip", saved / "each", tmp_path / "each.safetensors", "--to", "safetensors")
    found = load_file(tmp_path / "each.safetensors")
    wanted = tensors(optstate, saved / "each", tmp_path)
    assert_same(found, {name: value for name, value in wanted.items() if name in found})
    assert found["dense.weight"].shape == (7, 5)


def test_surplus_rank_is_found(saved, tmp_path, optstate):
    folder = copied(saved, "turns", tmp_path)
    first = folder / "zero_pp_rank_1_mp_rank_00_optim_states.pt"
    shutil.copy(first, folder / "zero_pp_rank_2_mp_rank_00_optim_states.pt")
    assert "rank 2" in optstate("doctor", folder, status=65).stderr


@pytest.mark.parametrize("tag", ["../turns/global_step3", "/etc", "..", ""])
def test_tag_never_leads_out(saved, tmp_path, optstate, tag):
    folder = copied(saved, "half", tmp_path).parent
    (folder / "latest").write_text(tag)
    optstate("inspect", folder, status=65)
