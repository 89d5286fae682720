"""Sharded checkpoints of a BERT-base under AdamW (1.3 GB) beside the frameworks' own converters and `cp`, in one run.

    PYTHON sharded_checkpoints.py PROGRAM [--deepspeed PYTHON] [--repetitions N] [--layers N] [--directory DIR]

PYTHON has torch, the other one DeepSpeed; PROGRAM is a release build of optstate. Whole commands as a user runs them, with the
imports of Python's, everything in the page cache before it is measured, and whatever was written before flushed first.
Needs about 10 GB of disk, which are given back.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

WORDS, WIDTH, INNER, PLACES = 30522, 768, 3072, 512


def shapes(layers):
    dense = lambda name, wide, narrow: {f"{name}.weight": (narrow, wide), f"{name}.bias": (narrow,)}
    norm = lambda name: {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}
    table = lambda name, rows: {f"bert.embeddings.{name}_embeddings.weight": (rows, WIDTH)}
    all = {**table("word", WORDS), **table("position", PLACES), **table("token_type", 2), **norm("bert.embeddings.LayerNorm")}
    for number in range(layers):
        layer = f"bert.encoder.layer.{number}"
        for part in ("query", "key", "value"):
            all |= dense(f"{layer}.attention.self.{part}", WIDTH, WIDTH)
        all |= dense(f"{layer}.attention.output.dense", WIDTH, WIDTH) | norm(f"{layer}.attention.output.LayerNorm")
        all |= dense(f"{layer}.intermediate.dense", WIDTH, INNER) | dense(f"{layer}.output.dense", INNER, WIDTH)
        all |= norm(f"{layer}.output.LayerNorm")
    return all | dense("bert.pooler.dense", WIDTH, WIDTH)


def make(path, layers):
    import torch

    torch.manual_seed(0)
    model = {name: torch.randn(shape) for name, shape in shapes(layers).items()}
    entry = lambda value: {"step": torch.tensor(20.0), "exp_avg": torch.randn(value.shape), "exp_avg_sq": torch.rand(value.shape) + 0.5}
    state = {place: entry(value) for place, value in enumerate(model.values())}
    group = torch.optim.AdamW([torch.zeros(1)], lr=1e-4).state_dict()["param_groups"][0]
    torch.save({"model": model, "optimizer": {"state": state, "param_groups": [group | {"params": list(state)}]}}, path)


def run(*command, **more):
    """Runs to the end; returns seconds and the most memory that was resident, in megabytes."""
    begin = time.monotonic()
    process = subprocess.Popen([str(one) for one in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    if status:
        sys.exit(f"{' '.join(map(str, command))}\n{errors.decode()[-2000:]}")
    return seconds, usage.ru_maxrss / 1000


def removed(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--deepspeed", help="a Python with DeepSpeed, as the peer of universal checkpoints")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--layers", type=int, default=12, help="146 make ten times as many bytes")
    parser.add_argument("--directory", help="where a directory of its own is made")
    parser.add_argument("--make", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        return make(options.make, options.layers)
    peers = os.environ | {"DS_ACCELERATOR": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        measure(pathlib.Path(name), options, peers)


def measure(place, options, peers):
    program = options.program
    # In a process of its own: a child's peak counts what its parent held.
    run(sys.executable, __file__, program, "--make", place / "state.pt", "--layers", options.layers)
    for to, ranks in [("deepspeed", 4), ("deepspeed", 64), ("dcp", 4), ("dcp", 64)]:
        run(program, "convert", place / "state.pt", place / f"{to}-{ranks}", "--to", to, "--ranks", ranks)
    size = (place / "state.pt").stat().st_size
    removed(place / "state.pt")
    print(f"{size} bytes, {options.repetitions} repetitions, medians (least to most)")
    times, peaks = {}, {}

    def timed(label, *command, target=None, **more):
        os.sync()
        seconds, peak = run(*command, **more)
        times.setdefault(label, []).append(seconds)
        peaks[label] = max(peak, peaks.get(label, 0))
        if target:
            removed(target)

    out, zero, torch = place / "out", place / "deepspeed-4", place / "dcp-4"
    convert = lambda source, to, *more: [program, "convert", source, out, "--to", to, *more]
    copy = lambda source: ["sh", "-c", 'cp -r "$0" "$1" && find "$1" -type f -exec sync {} +', source, out]
    steps = [
        ("cp and sync of ZeRO", copy(zero), {}),
        ("ZeRO-2 of 4 to universal", convert(zero, "deepspeed-universal"), {}),
        ("ZeRO-2 of 4 to 6", convert(zero, "deepspeed", "--ranks", 6), {}),
        ("ZeRO-2 of 64 to 6", convert(place / "deepspeed-64", "deepspeed", "--ranks", 6), {}),
        ("cp and sync of DCP", copy(torch), {}),
        ("DCP of 4 to .pt", convert(torch, "pytorch"), {}),
        ("DCP of 64 to .pt", convert(place / "dcp-64", "pytorch"), {}),
        ("dcp_to_torch_save", [sys.executable, "-m", "torch.distributed.checkpoint.format_utils", "dcp_to_torch", torch, out], {}),
    ]
    if options.deepspeed:
        theirs = [options.deepspeed, "-m", "deepspeed.checkpoint.ds_to_universal", "--inject_missing_state",
                  "--input_folder", zero / "global_step20", "--output_folder", out / "universal"]  # fmt: skip
        steps.append(("ds_to_universal", theirs, {"env": peers, "cwd": place}))
    for repetition in range(options.repetitions):
        # Each begins as often as the others: a disk may be slower after much has been written.
        for offset in range(len(steps)):
            label, command, more = steps[(repetition + offset) % len(steps)]
            timed(label, *command, target=out, **more)
        for folder in ("deepspeed-64", "dcp-64"):
            timed(f"inspect {folder}", program, "inspect", place / folder)
    for label, all in times.items():
        print(f"{label:32}{statistics.median(all):8.3f} s   ({min(all):.3f} to {max(all):.3f})   peak {peaks[label]:.0f} MB")
    median = lambda label: statistics.median(times[label])

    def figure(label, value, target):
        print(f"{label:56}{value:8.2f}   target {target}")

    if options.deepspeed:
        figure("ds_to_universal / ZeRO-2 of 4 to universal", median("ds_to_universal") / median("ZeRO-2 of 4 to universal"), ">= 20")
    figure("ZeRO-2 of 4 to universal / cp and sync", median("ZeRO-2 of 4 to universal") / median("cp and sync of ZeRO"), "<= 1.5")
    figure("dcp_to_torch_save / DCP of 4 to .pt", median("dcp_to_torch_save") / median("DCP of 4 to .pt"), ">= 8")
    figure("ZeRO-2 of 4 to 6 / cp and sync", median("ZeRO-2 of 4 to 6") / median("cp and sync of ZeRO"), "<= 2")
    figure("inspect of 64 shards, s", max(median("inspect deepspeed-64"), median("inspect dcp-64")), "<= 0.15")
    own = [peak for label, peak in peaks.items() if " to " in label]
    figure("peak memory, MB", max(own), "<= 128")


if __name__ == "__main__":
    main()
