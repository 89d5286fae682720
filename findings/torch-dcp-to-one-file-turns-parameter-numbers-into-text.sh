#!/bin/bash
# torch 2.13.0: an optimizer's state that went through a distributed checkpoint and torch's own converter to one
# file loads without a complaint, and nothing of it is used.
#
# Seen: optimizer.state_dict() keys its entries by the numbers 0, 1, ... A distributed checkpoint makes each key
# a part of a dotted text, and dcp_to_torch_save() gives the texts "0", "1", ... back. load_state_dict() matches
# numbers only; it keeps the entries it cannot match under their texts, beside the parameters. The optimizer begins
# anew at step 1, while its next state_dict() holds the lost entries and the new ones side by side. Loading the same
# folder into a template with dcp.load() is right.
# Guessed: the converter writes what torch.save would have written, or load_state_dict() refuses unknown keys.
# Printed: "keys in the file: ['0', '1']" / "through one file: 1.0, into a template: 4.0" /
#          "keys saved next: [0, 1, '0', '1']"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install torch==2.13.0 numpy==2.4.6
"$dir/venv/bin/python" -W ignore - "$dir" <<'PY'
import sys, torch
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

def make():
    params = [torch.nn.Parameter(torch.ones(2)) for _ in range(2)]
    return params, torch.optim.Adam(params, lr=0.1)

def update(params, optimizer):
    for p in params:
        p.grad = torch.ones(2)
    optimizer.step()

params, optimizer = make()
for _ in range(3):
    update(params, optimizer)
folder, file = sys.argv[1] + "/dcp", sys.argv[1] + "/one.pt"
dcp.save({"optim": optimizer.state_dict()}, checkpoint_id=folder)
dcp_to_torch_save(folder, file)
saved = torch.load(file)["optim"]
print("keys in the file:", list(saved["state"]))
assert list(saved["state"]) == ["0", "1"] and float(saved["state"]["0"]["step"]) == 3

one_params, one = make()
one.load_state_dict(saved)
update(one_params, one)
template = {"optim": optimizer.state_dict()}
dcp.load(template, checkpoint_id=folder)
two_params, two = make()
two.load_state_dict(template["optim"])
update(two_params, two)
steps = float(one.state[one_params[0]]["step"]), float(two.state[two_params[0]]["step"])
print(f"through one file: {steps[0]}, into a template: {steps[1]}")
keys = sorted(one.state_dict()["state"], key=lambda k: (isinstance(k, str), k))
print("keys saved next:", keys)
assert steps == (1.0, 4.0) and keys == [0, 1, "0", "1"]
PY
