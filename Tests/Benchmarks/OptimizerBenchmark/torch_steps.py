"""Times PyTorch's steps on request: one word per line on standard input, seconds on standard output.

    python torch_steps.py SHAPE...      a shape is its sizes joined by x
"""
import sys
import time

import torch

shapes = [[int(size) for size in word.split("x")] for word in sys.argv[1:]]
torch.set_num_threads(torch.get_num_threads())
parameters = [torch.nn.Parameter(torch.full(shape, 0.02)) for shape in shapes]
for parameter in parameters:
    parameter.grad = torch.full_like(parameter, 1e-3)
optimizer = None
options = None


def step(fused):
    """The optimizers take turns at the parameters; their states are as large, so only one is kept."""
    global optimizer, options
    wanted = dict(fused=True) if fused else dict(foreach=True)
    if options != wanted:
        optimizer, options = torch.optim.AdamW(parameters, lr=1e-9, **wanted), wanted
        optimizer.step()
    start = time.perf_counter()
    optimizer.step()
    return time.perf_counter() - start


def clipped_step():
    step(True)
    start = time.perf_counter()
    torch.nn.utils.clip_grad_norm_(parameters, 1e9)
    optimizer.step()
    return time.perf_counter() - start


tasks = {"fused": lambda: step(True), "foreach": lambda: step(False), "clip": clipped_step}
print(f"torch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
for line in sys.stdin:
    print(tasks[line.strip()](), flush=True)
