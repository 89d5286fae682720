#!/bin/bash
# torch 2.13.0: asking for the state of an optimizer that never stepped makes it step.
#
# Seen: get_optimizer_state_dict(model, optimizer) on a new Adam returns a state whose step is 1, and leaves that
# state in the live optimizer: it was empty before the call. The weights do not move, as the call sets the rate to
# zero for its own empty update, but the bias correction of the first real update then counts as the second. With
# Adam's usual betas that update is 0.744 of the rate where an untouched optimizer moves by the whole rate.
# Guessed: a function with "get" in its name only reads, so a checkpoint of update 0 has no state or steps of 0, and
# taking it changes nothing in the training that follows.
# Printed: "entries before 0, after 2, step 1.0" / "first move: asked 0.0744, not asked 0.1000"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install torch==2.13.0 numpy==2.4.6
"$dir/venv/bin/python" - <<'PY'
import torch
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

def first_move(ask):
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    if ask:
        before = len(optimizer.state)
        state = get_optimizer_state_dict(model, optimizer)["state"]
        step = float(state["weight"]["step"])
        print(f"entries before {before}, after {len(optimizer.state)}, step {step}")
        assert (before, len(optimizer.state), step) == (0, 2, 1.0)
        assert not state["weight"]["exp_avg"].any() and not state["weight"]["exp_avg_sq"].any()
    old = model.weight.detach().clone()
    model(torch.ones(4, 3)).pow(2).sum().backward()
    optimizer.step()
    return float((model.weight.detach() - old).abs().max())

asked, untouched = first_move(True), first_move(False)
print(f"first move: asked {asked:.4f}, not asked {untouched:.4f}")
assert abs(untouched - 0.1) < 1e-4
second = 0.1 * (0.1 / (1 - 0.9**2)) / (0.001 / (1 - 0.999**2)) ** 0.5   # one gradient, corrected as if it were two
assert abs(asked - second) < 1e-4, second
PY
