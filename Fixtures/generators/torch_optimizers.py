"""Records PyTorch's optimizers update by update.

    python torch_optimizers.py OUTPUT.json

Single-tensor and foreach recordings also hold `root`, PyTorch's own square root of what is divided by:
on x86 it comes from Intel's library and is not correctly rounded.
"""
import sys

import numpy as np
import torch

import optimizer_cases as cases

torch.set_num_threads(1)

SLOTS = {
    "exp_avg": "adam_m",
    "exp_avg_sq": "adam_v",
    "max_exp_avg_sq": "adam_vhat",
    "momentum_buffer": "momentum",
    "square_avg": "rms",
    "grad_avg": "rms_mean_gradient",
    "sum": "accumulator",
    "row_var": "factored_row",
    "col_var": "factored_col",
    "variance": "adam_v",
}
RATES = [1e-3, 2e-3, 7e-4, 1e-3 / 3, 0.0, 5e-5]


def run(name, kind, hyperparameters, make, rates=None, dtype=np.float32, root=None):
    parameters = {n: torch.nn.Parameter(torch.tensor(v.astype(dtype))) for n, v in cases.start().items()}
    optimizer = make(list(parameters.values()))
    after = []
    for update, gradients in enumerate(cases.gradients()):
        if rates:
            optimizer.param_groups[0]["lr"] = rates[update]
        for n, parameter in parameters.items():
            parameter.grad = torch.tensor(gradients[n].astype(dtype))
        optimizer.step()
        record = {}
        for n, parameter in parameters.items():
            state = optimizer.state[parameter]
            values = {"value": cases.bits(parameter.detach().numpy())}
            for key, value in state.items():
                if key in SLOTS and value is not None:
                    values[SLOTS[key]] = cases.bits(value.numpy())
            if root:
                values["root"] = cases.bits(root(state).sqrt().numpy())
            record[n] = values
        after.append(record)
    case = {"name": name, "kind": kind, "hyperparameters": hyperparameters, "after": after}
    if rates:
        case["rates"] = rates
    if dtype == np.float64:
        case["type"] = "float64"
    return case


def squares(state):
    return state.get("max_exp_avg_sq", state["exp_avg_sq"])


def centered(state):
    return state["square_avg"].addcmul(state["grad_avg"], state["grad_avg"], value=-1)


def updates():
    optim = torch.optim
    paths = {
        "single": (dict(foreach=False, fused=False), "pytorch"),
        "foreach": (dict(foreach=True), "pytorch"),
        "fused": (dict(fused=True), "pytorch_fused"),
    }
    result = []
    for path, (options, arithmetic) in paths.items():
        common = {"arithmetic": arithmetic}
        root = None if path == "fused" else squares

        def adam(name, kind, extra, make, **more):
            result.append(run(f"{name} {path}", kind, {**common, **extra}, make, root=root, **more))

        adam("adamw", "adamw", {"weight_decay": 0.01}, lambda p: optim.AdamW(p, lr=1e-3, **options))
        adam("adamw rates", "adamw", {"weight_decay": 0.1, "epsilon": 1e-6},
             lambda p: optim.AdamW(p, lr=1e-3, weight_decay=0.1, eps=1e-6, **options), rates=RATES)
        adam("adam l2", "adam", {"l2": 0.01}, lambda p: optim.Adam(p, lr=1e-3, weight_decay=0.01, **options))
        adam("adamw amsgrad", "adamw", {"amsgrad": True}, lambda p: optim.AdamW(p, lr=1e-3, amsgrad=True, **options))
        adam("adamw small betas", "adamw", {"beta1": 0.3, "beta2": 0.45},
             lambda p: optim.AdamW(p, lr=1e-3, betas=(0.3, 0.45), **options))
        if path != "foreach":
            adam("adam", "adam", {}, lambda p: optim.Adam(p, lr=1e-3, **options))
            adam("adamw float64", "adamw", {}, lambda p: optim.AdamW(p, lr=1e-3, **options), dtype=np.float64)

        def sgd(name, extra, **more):
            result.append(run(f"{name} {path}", "sgd", {**common, "learning_rate": 0.1, **extra},
                              lambda p: optim.SGD(p, lr=0.1, **more, **options)))

        sgd("sgd", {})
        sgd("sgd momentum", {"momentum": 0.9}, momentum=0.9)
        sgd("sgd nesterov l2", {"momentum": 0.9, "nesterov": True, "l2": 0.01},
            momentum=0.9, nesterov=True, weight_decay=0.01)
        sgd("sgd dampening", {"momentum": 0.9, "dampening": 0.3}, momentum=0.9, dampening=0.3)

    for path in ("single", "foreach"):
        foreach = path == "foreach"
        common = {"arithmetic": "pytorch"}
        result.append(run(f"rmsprop {path}", "rmsprop", common, lambda p: optim.RMSprop(p, foreach=foreach),
                          root=lambda state: state["square_avg"]))
        result.append(run(f"rmsprop centered {path}", "rmsprop", {**common, "centered": True, "momentum": 0.5},
                          lambda p: optim.RMSprop(p, centered=True, momentum=0.5, foreach=foreach), root=centered))
        result.append(run(f"adagrad {path}", "adagrad", {**common, "learning_rate_decay": 0.1},
                          lambda p: optim.Adagrad(p, lr_decay=0.1, foreach=foreach), root=lambda state: state["sum"]))
    result.append(run("adafactor single", "adafactor", {"arithmetic": "pytorch", "weight_decay": 0.01},
                      lambda p: optim.Adafactor(p, weight_decay=0.01, foreach=False)))
    result.append(run("adagrad fused", "adagrad", {"arithmetic": "pytorch_fused", "learning_rate_decay": 0.1},
                      lambda p: optim.Adagrad(p, lr_decay=0.1, fused=True)))
    return result


def clipped():
    """Norms and clipped gradients of `clip_grad_norm_`, per bound and update."""
    result = []
    for bound in (0.5, 2.5, 1e6):
        for gradients in cases.gradients()[:3]:
            parameters = [torch.nn.Parameter(torch.zeros(shape)) for shape in cases.SHAPES.values()]
            for parameter, value in zip(parameters, gradients.values()):
                parameter.grad = torch.tensor(value)
            norm = torch.nn.utils.clip_grad_norm_(parameters, bound)
            result.append({
                "bound": bound,
                "norm": cases.bits(norm.numpy()[None]),
                "gradients": {n: cases.bits(p.grad.numpy()) for n, p in zip(cases.SHAPES, parameters)},
            })
    return result


cases.write(sys.argv[1], f"torch {torch.__version__}", updates=updates(), clipped=clipped())
