"""Trains a small model on several processes over the loopback and saves it with torch.distributed.checkpoint.

    distributed_runs.py make FOLDER          many checkpoints, one for each way of saving
    distributed_runs.py resume IN RANKS OUT  loads one, trains on, saves what came of it

The ranks are forked, so that torch is imported once.
"""
import os
import pathlib
import sys

os.environ.update(OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES="")

import torch  # noqa: E402

torch.set_num_threads(1)
import torch.distributed as dist  # noqa: E402
import torch.distributed.checkpoint as dcp  # noqa: E402
import torch.distributed.checkpoint.state_dict as states  # noqa: E402
from torch.distributed.device_mesh import init_device_mesh  # noqa: E402
from torch.distributed.fsdp import FullyShardedDataParallel, StateDictType, fully_shard  # noqa: E402
from torch.distributed.tensor import Replicate, Shard, distribute_tensor  # noqa: E402

from ranks import ranks  # noqa: E402


class Model(torch.nn.Module):
    """Sizes that no number of ranks divides, a buffer, a frozen parameter."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = torch.nn.Embedding(11, 5)
        self.dense = torch.nn.Linear(5, 7)
        self.norm = torch.nn.LayerNorm(7)
        self.head = torch.nn.Linear(7, 3)
        self.frozen = torch.nn.Parameter(torch.randn(3), requires_grad=False)
        self.register_buffer("seen", torch.arange(3.0))

    def forward(self, x):
        return self.head(self.norm(self.dense(self.embedding(x)))) + self.frozen


def build(world):
    """Model and optimizer with two groups."""
    model = Model()
    if world:
        fully_shard(model, mesh=init_device_mesh("cpu", (world,)))
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0, "lr": 3e-3},
    ]
    return model, torch.optim.AdamW(groups, lr=1e-2)


def train(model, optimizer, first, count):
    for step in range(first, first + count):
        # Every rank has other examples, in whole numbers: sums of gradients are exact in any order.
        x = (torch.arange(8).view(2, 4) + step) % 11
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()


def state(model, optimizer, flat=False):
    options = states.StateDictOptions(flatten_optimizer_state_dict=flat)
    parameters, slots = states.get_state_dict(model, optimizer, options=options)
    return {"model": parameters, "optim": slots}


def save(kind, folder, world):
    if kind == "mesh":
        mesh = init_device_mesh("cpu", (2, 2))
        t = torch.arange(35.0).view(5, 7)
        cuts = {
            "both": [Shard(0), Shard(1)], "columns": [Replicate(), Shard(1)],
            "twice": [Shard(0), Shard(0)], "turned": [Shard(0), Replicate()],
        }
        tensors = {name: distribute_tensor(t, mesh, cut) for name, cut in cuts.items()}
        tensors["turned"] = distribute_tensor(t.t().contiguous().t(), mesh, cuts["turned"])
        few = torch.arange(6.0).view(3, 2)
        tensors["few"] = distribute_tensor(few, init_device_mesh("cpu", (4,)), [Shard(0)])
        tensors.update(half=torch.ones(3, dtype=torch.bfloat16), scalar=torch.tensor(3.0))
        return dcp.save({**tensors, "none": torch.zeros(0, 4)}, checkpoint_id=folder)
    if kind == "fsdp1":
        return save_flat_parameters(folder)
    model, optimizer = build(world if kind != "plain" else 0)
    train(model, optimizer, 0, 3)
    saved = state(model, optimizer, flat=kind == "flat")
    if kind == "trainer":
        dcp.save({"model": saved["model"]}, checkpoint_id=f"{folder}/pytorch_model_fsdp_0")
        return dcp.save({"optimizer": saved["optim"]}, checkpoint_id=f"{folder}/optimizer_0")
    saved["extra"] = {
        "step": 3, "name": "x", "rate": 0.5, "list": [1, 2], "tensors": [torch.ones(2), 3],
        "tuple": (torch.zeros(1), 2), "path": pathlib.PurePosixPath("a/b"),
    }
    dcp.save(saved, checkpoint_id=folder)


def save_flat_parameters(folder):
    """FSDP of before `fully_shard`, whose ranks hold pieces of one flat parameter, as Lightning saves it."""
    whole = Model()
    whole.frozen.requires_grad = True
    model = FullyShardedDataParallel(whole, device_id=torch.device("cpu"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    train(model, optimizer, 0, 3)
    with FullyShardedDataParallel.state_dict_type(model, StateDictType.SHARDED_STATE_DICT):
        slots = FullyShardedDataParallel.optim_state_dict(model, optimizer)
        dcp.save({"model": model.state_dict(), "optimizer_0": slots}, checkpoint_id=folder)


def resume(source, folder, world):
    model, optimizer = build(world)
    saved = state(model, optimizer)
    dcp.load(saved, checkpoint_id=source)
    states.set_state_dict(
        model, optimizer, model_state_dict=saved["model"], optim_state_dict=saved["optim"]
    )
    train(model, optimizer, 3, 3)
    dcp.save(state(model, optimizer), checkpoint_id=folder)


def grouped(world, work):
    def begin():
        dist.init_process_group("gloo")
        work()

    ranks(world, begin)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        for kind, world in [("plain", 1), ("sharded", 2), ("flat", 4), ("trainer", 2), ("mesh", 4), ("fsdp1", 2)]:
            grouped(world, lambda: save(kind, f"{sys.argv[2]}/{kind}", world))
    else:
        source, world, folder = sys.argv[2], int(sys.argv[3]), sys.argv[4]
        grouped(world, lambda: resume(source, folder, world))
