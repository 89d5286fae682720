#!/bin/bash
# torch 2.13.0: load_state_dict() of an optimizer takes the dictionary's tensors themselves; a module's copies them.
#
# Seen: one saved state of 3 updates is loaded into two optimizers, as one does to compare two continuations. They
# then share exp_avg, exp_avg_sq and step: after one update of each, both say step 5, and the dictionary says 5 too,
# so that it no longer is a state to go back to. The second optimizer's update differs from what it does alone.
# When the parameters are of another type (float64) the moments are converted and so not shared, but step, which is
# never converted, still is. The weights of two modules loaded from one dictionary are not shared.
# Guessed: loading copies, in optimizers as in modules.
# Printed: "float32: steps 5 5, in the dictionary 5, moments shared True, second update as if alone False" /
#          "float64: steps 5 5, in the dictionary 5, moments shared False, ..." / "modules share weights: False"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install torch==2.13.0 numpy==2.4.6
"$dir/venv/bin/python" -W error - <<'PY'
import copy, torch

def make(dtype):
    p = torch.nn.Parameter(torch.tensor([1.0, 2.0], dtype=dtype))
    return p, torch.optim.Adam([p], lr=0.1)

def update(p, optimizer, g):
    p.grad = torch.full_like(p, g)
    optimizer.step()
    return p.detach().clone()

for dtype in (torch.float32, torch.float64):
    p, optimizer = make(torch.float32)
    for _ in range(3):
        update(p, optimizer, 1.0)
    saved = copy.deepcopy(optimizer.state_dict())
    q, lone = make(dtype)
    lone.load_state_dict(copy.deepcopy(saved))
    alone = update(q, lone, -2.0)
    (a, one), (b, two) = make(dtype), make(dtype)
    one.load_state_dict(saved)
    two.load_state_dict(saved)
    update(a, one, 5.0)
    same = torch.equal(update(b, two, -2.0), alone)
    steps = [int(s["step"]) for s in (one.state[a], two.state[b], saved["state"][0])]
    shared = one.state[a]["exp_avg"].data_ptr() == two.state[b]["exp_avg"].data_ptr()
    print(f"{str(dtype)[6:]}: steps {steps[0]} {steps[1]}, in the dictionary {steps[2]}, moments shared {shared}, "
          f"second update as if alone {same}")
    assert steps == [5, 5, 5] and shared == (dtype == torch.float32) and not same

m, n, weights = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2), torch.nn.Linear(2, 2).state_dict()
m.load_state_dict(weights)
n.load_state_dict(weights)
shared = m.weight.data_ptr() in (n.weight.data_ptr(), weights["weight"].data_ptr())
print("modules share weights:", shared)
assert not shared
PY
