#!/bin/bash
# torch 2.15.0 on a CPU: foreach AdamW in bfloat16 decays its weights at another rate than the single-tensor form.
#
# Seen: torch._foreach_mul_ of a list and a number rounds the number to the tensors' type first; torch._foreach_mul and
# Tensor.mul_ multiply by the number as float32 and round the result. AdamW's 1 - lr*weight_decay = 0.994 becomes
# 0.9921875, a third more decay: after ten updates without gradients a weight of 1 is 0.921875, of the single-tensor form
# 0.9453125. In float32 the two forms are the same, bit for bit.
# Guessed: foreach is a faster way to the same numbers, and in place means the same as not in place.
# Printed: 0.9453125 single, 0.921875 foreach, for lr 0.006 and a decay of 1
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install torch==2.15.0 numpy==2.4.6
"$dir/venv/bin/python" - <<'PY'
import torch

found = []
for foreach in (False, True):
    p = torch.nn.Parameter(torch.ones(64, dtype=torch.bfloat16))
    optimizer = torch.optim.AdamW([p], lr=0.006, weight_decay=1.0, foreach=foreach)
    for _ in range(10):
        p.grad = torch.zeros_like(p)
        optimizer.step()
    found.append(p[0].item())
print(f"{found[0]} single, {found[1]} foreach")
assert found == [0.9453125, 0.921875]

x = torch.randn(4000, dtype=torch.bfloat16)
in_place = [x.clone()]
torch._foreach_mul_(in_place, 0.994)
factor = torch.tensor(0.994).bfloat16().float()
assert torch.equal(in_place[0], (x.float() * factor).bfloat16())
assert torch.equal(torch._foreach_mul([x], 0.994)[0], (x.float() * 0.994).bfloat16())
assert torch.equal(x.clone().mul_(0.994), (x.float() * 0.994).bfloat16())
PY
