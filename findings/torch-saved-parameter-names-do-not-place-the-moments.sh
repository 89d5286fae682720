#!/bin/bash
# torch 2.13.0: names saved in an optimizer's state dict are carried along and not used.
#
# Seen: an optimizer made from (name, parameter) pairs saves their names as param_names. Loaded into one that was
# made from the same two parameters in the other order, the moments go by position: "bias" gets the moments of
# "scale". No warning and no error, as both have one shape; and the loading optimizer takes over the saved order
# of names, so that its next file names every moment after the wrong parameter.
# Guessed: names are saved so that the moments find their parameters by name, or a different order is refused.
# Printed: "moments now: scale -0.5, bias 0.1" / "order of parameters: bias, scale; names in the next file: scale, bias"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install torch==2.13.0 numpy==2.4.6
"$dir/venv/bin/python" -W error - <<'PY'
import torch
scale, bias = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(2))
first = torch.optim.Adam([("scale", scale), ("bias", bias)])
scale.grad, bias.grad = torch.full((2,), 1.0), torch.full((2,), -5.0)
first.step()
assert round(float(first.state[scale]["exp_avg"][0]), 4) == 0.1
assert round(float(first.state[bias]["exp_avg"][0]), 4) == -0.5

second = torch.optim.Adam([("bias", bias), ("scale", scale)])
assert second.param_groups[0]["param_names"] == ["bias", "scale"]
second.load_state_dict(first.state_dict())
s, b = (round(float(second.state[p]["exp_avg"][0]), 4) for p in (scale, bias))
print(f"moments now: scale {s}, bias {b}")
group = second.param_groups[0]
order = ["bias" if p is bias else "scale" for p in group["params"]]
print(f"order of parameters: {', '.join(order)}; names in the next file: {', '.join(group['param_names'])}")
assert (s, b) == (-0.5, 0.1)
assert order == ["bias", "scale"] and group["param_names"] == ["scale", "bias"]
PY
