"""Trains a small model with DeepSpeed's ZeRO on several processes over the loopback.

    deepspeed_runs.py JOB [JOB …]     each of them `make KIND RANKS FOLDER`, `load KIND RANKS IN FOLDER STEPS` or
                                      `universal KIND RANKS IN FOLDER`

`load` goes on from a checkpoint for some steps and saves; `universal` reads a universal one and saves. The ranks are
forked, so that DeepSpeed is imported once.
"""
import logging
import os
import shlex
import sys

os.environ.update(DS_ACCELERATOR="cpu", OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES="")
# DeepSpeed looks for a compiler's helper beside the interpreter.
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]

import torch  # noqa: E402

torch.set_num_threads(1)
import deepspeed  # noqa: E402

from ranks import ranks  # noqa: E402

# It would compile an extension for shared memory, which gloo does without.
sys.modules["deepspeed.comm.torch"].build_shm_op = lambda: None
logging.disable(logging.WARNING)

KINDS = {
    "turns": {"stage": 2, "round_robin_gradients": True},
    "half": {"stage": 1},
    "each": {"stage": 3, "stage3_param_persistence_threshold": 0, "sub_group_size": 60},
}


class Model(torch.nn.Module):
    """Sizes that no number of ranks divides, one below the ranks, tied and frozen parameters, a buffer."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = torch.nn.Embedding(11, 5)
        self.dense = torch.nn.Linear(5, 7)
        self.norm = torch.nn.LayerNorm(7)
        self.back = torch.nn.Linear(7, 5)
        self.head = torch.nn.Linear(5, 11, bias=False)
        self.head.weight = self.embedding.weight
        self.scale = torch.nn.Parameter(torch.ones(1))
        self.frozen = torch.nn.Parameter(torch.randn(5), requires_grad=False)
        self.register_buffer("seen", torch.arange(3.0))

    def forward(self, x):
        hidden = self.back(self.norm(self.dense(self.embedding(x)))) + self.frozen
        return self.head(hidden) * self.scale


def engine(kind, world, universal=False):
    model = Model()
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0, "lr": 3e-3},
    ]
    config = {
        "train_batch_size": 4 * world, "train_micro_batch_size_per_gpu": 4,
        "zero_optimization": KINDS[kind], "zero_allow_untested_optimizer": True,
    }
    if kind == "half":
        config["bf16"] = {"enabled": True}
    if universal:
        config["checkpoint"] = {"load_universal": True}
    optimizer = torch.optim.AdamW(groups, lr=1e-2)
    return deepspeed.initialize(model=model, optimizer=optimizer, config=config)[0]


def train(model, first, count):
    for step in range(first, first + count):
        x = (torch.arange(8).view(2, 4) + step) % 11
        model.backward(model(x).float().square().sum() / 64)
        model.step()


def make(kind, world, folder):
    model = engine(kind, world)
    train(model, 0, 3)
    model.save_checkpoint(folder, tag="global_step3")


def load(kind, world, source, folder, steps=0, universal=False):
    model = engine(kind, world, universal)
    path, _ = model.load_checkpoint(source)
    assert path, "nothing was loaded"
    train(model, 3, steps)
    model.save_checkpoint(folder, tag=f"global_step{3 + steps}")


if __name__ == "__main__":
    for job in sys.argv[1:]:
        verb, kind, world, *rest = shlex.split(job)
        world = int(world)
        if verb == "make":
            ranks(world, lambda: make(kind, world, rest[0]))
        elif verb == "load":
            ranks(world, lambda: load(kind, world, rest[0], rest[1], int(rest[2])))
        else:
            ranks(world, lambda: load(kind, world, rest[0], rest[1], universal=True))
