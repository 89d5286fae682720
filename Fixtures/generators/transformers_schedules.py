"""Records the rates of transformers' schedules, in float64 as Python computes them.

    python transformers_schedules.py OUTPUT.json
"""
import json
import sys

import numpy as np
import torch
import transformers
from transformers import optimization

import optimizer_cases as cases

STEPS = [0, 1, 2, 5, 9, 10, 11, 13, 37, 50, 99, 100, 101, 150]
BASE = 3e-4


def rates(schedule):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([parameter], lr=BASE)
    scheduler = schedule(optimizer)
    result = []
    for step in range(STEPS[-1] + 1):
        if step in STEPS:
            result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return cases.bits(np.array(result))


warm = "num_warmup_steps=10"
both = f"{warm},num_training_steps=100"
schedules = {
    "hf_constant": optimization.get_constant_schedule,
    f"hf_constant_with_warmup:{warm}": lambda o: optimization.get_constant_schedule_with_warmup(o, 10),
    f"hf_linear:{both}": lambda o: optimization.get_linear_schedule_with_warmup(o, 10, 100),
    "hf_linear:num_training_steps=100": lambda o: optimization.get_linear_schedule_with_warmup(o, 0, 100),
    f"hf_cosine:{both}": lambda o: optimization.get_cosine_schedule_with_warmup(o, 10, 100),
    f"hf_cosine:{both},num_cycles=1.5": lambda o: optimization.get_cosine_schedule_with_warmup(o, 10, 100, 1.5),
    f"hf_cosine_with_restarts:{both},num_cycles=3":
        lambda o: optimization.get_cosine_with_hard_restarts_schedule_with_warmup(o, 10, 100, 3),
    f"hf_polynomial:{both},power=2,end_learning_rate=1e-05":
        lambda o: optimization.get_polynomial_decay_schedule_with_warmup(o, 10, 100, 1e-5, 2),
    f"hf_polynomial:{both}": lambda o: optimization.get_polynomial_decay_schedule_with_warmup(o, 10, 100),
    f"hf_inverse_sqrt:{warm}": lambda o: optimization.get_inverse_sqrt_schedule(o, 10),
    "hf_inverse_sqrt:num_warmup_steps=10,timescale=100": lambda o: optimization.get_inverse_sqrt_schedule(o, 10, timescale=100),
}
recording = {
    "producer": f"transformers {transformers.__version__}",
    "schedules": [
        {"spec": spec + (":" if ":" not in spec else ",") + f"learning_rate={BASE}", "steps": STEPS, "rates": rates(make)}
        for spec, make in schedules.items()
    ],
}
with open(sys.argv[1], "w") as file:
    json.dump(recording, file, indent=0, separators=(",", ":"))
    file.write("\n")
