#!/bin/bash
# torch 2.13.0: a checkpoint can turn an Adam into an AdamW, and not the other way round.
#
# Seen: whether the weight decay is decoupled is a value in the parameter group, saved and loaded like the rate.
# An Adam that loads an AdamW's state still is of class Adam, and its next update is bit for bit AdamW's. But an
# AdamW that loads an Adam's state sets the value back and stays AdamW. And an AdamW's state without that value
# (as older versions of torch wrote it) leaves the Adam an Adam: the age of the file decides what the optimizer is.
# Guessed: the class decides how the decay is done, and a state dict brings numbers only; or both ways are alike.
# Printed: "Adam after an AdamW state: acts as AdamW" / "AdamW after an Adam state: acts as AdamW" /
#          "Adam after an AdamW state without the value: acts as Adam"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install torch==2.13.0 numpy==2.4.6
"$dir/venv/bin/python" -W error - <<'PY'
import copy, torch
from torch.optim import Adam, AdamW

def make(cls, start):
    p = torch.nn.Parameter(start.clone())
    return p, cls([p], lr=0.1, weight_decay=0.5)

def update(p, optimizer):
    p.grad = torch.tensor([0.3, -0.7, 0.01])
    optimizer.step()
    return p.detach().clone()

def behaves(source, target, strip=False):
    p, optimizer = make(source, torch.tensor([1.0, 2.0, -3.0]))
    update(p, optimizer)
    state, start = copy.deepcopy(optimizer.state_dict()), p.detach()
    if strip:
        del state["param_groups"][0]["decoupled_weight_decay"]
    ends = {}
    for cls in (Adam, AdamW):                    # what each rule does from this very state
        q, reference = make(cls, start)
        reference.load_state_dict(copy.deepcopy(state))
        reference.param_groups[0]["decoupled_weight_decay"] = cls is AdamW
        ends[cls.__name__] = update(q, reference)
    assert not torch.equal(ends["Adam"], ends["AdamW"])
    q, loaded = make(target, start)
    loaded.load_state_dict(copy.deepcopy(state))
    assert type(loaded) is target
    end = update(q, loaded)
    return next(name for name, value in ends.items() if torch.equal(value, end))

for text, args, expected in (("Adam after an AdamW state", (AdamW, Adam), "AdamW"),
                             ("AdamW after an Adam state", (Adam, AdamW), "AdamW"),
                             ("Adam after an AdamW state without the value", (AdamW, Adam, True), "Adam")):
    got = behaves(*args)
    print(f"{text}: acts as {got}")
    assert got == expected
PY
