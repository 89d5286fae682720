#!/bin/bash
# torch 2.13.0 on a 64-bit x86 CPU: under fused Adam equal elements with equal gradients get unequal moments.
#
# Seen: a tensor of n equal elements, every element given the same gradient for 20 updates. With fused=True the
# last n mod 8 elements of exp_avg_sq end one unit in the last place away from the others: the body of a tensor goes
# through vector code, its tail through scalar code that multiplies and adds in another order. So the place of an
# element in its tensor is part of the arithmetic, and cutting or joining tensors changes bits. The plain and the
# foreach forms give all elements one value. (The 8 is that of the vector code of the machine.)
# Guessed: an element-wise rule is a function of the element; fused may differ from plain, but not from itself.
# Printed: fused 9: 1 differ, 16: 0, 17: 1, 23: 7; plain and foreach: 0 for each
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install torch==2.13.0 numpy==2.4.6
"$dir/venv/bin/python" - <<'PY'
import torch
for form in ({"fused": True}, {"foreach": True}, {"foreach": False}):
    for n in (9, 16, 17, 23):
        p = torch.nn.Parameter(torch.ones(n))
        optimizer = torch.optim.Adam([p], lr=0.01, **form)
        for i in range(20):
            p.grad = torch.full((n,), 0.1 + 0.0137 * i)
            optimizer.step()
        bits = optimizer.state[p]["exp_avg_sq"].view(torch.int32)
        differ = (bits != bits[0]).nonzero().flatten().tolist()
        print(form, f"n {n}: {len(differ)} differ, at {differ}")
        tail = list(range(n - n % 8, n)) if "fused" in form else []
        assert differ == tail
PY
