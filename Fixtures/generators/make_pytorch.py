"""Small files of torch 2.13.0: optimizers after three updates, layouts, views, types, the container of before 1.6.

    python make_pytorch.py DIRECTORY

Beside each file lies `<name>.expected.tsv`: the path of each tensor in the tree as torch loads it, its type, its shape,
and the CRC-32 of its little-endian bytes in row-major order.
"""
import os
import sys
import zlib

import torch


def leaves(value, path=()):
    if isinstance(value, torch.Tensor):
        yield "/".join(map(str, path)), value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            yield from leaves(one, (*path, index))


def content(value):
    flat = value.detach().contiguous().flatten()
    return bytes(flat.view(torch.uint8).numpy()) if flat.numel() else b""


def save(directory, name, tree, **options):
    path = os.path.join(directory, name + ".pt")
    torch.save(tree, path, **options)
    with open(os.path.join(directory, name + ".expected.tsv"), "w") as table:
        table.write("path\ttype\tshape\tcrc32\n")
        for key, value in leaves(torch.load(path)):
            sizes = ",".join(map(str, value.shape))
            kind = str(value.dtype).removeprefix("torch.")
            table.write(f"{key}\t{kind}\t{sizes}\t{zlib.crc32(content(value)):08x}\n")


def train(make, **settings):
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.LayerNorm(3), torch.nn.Linear(3, 2))
    optimizer = make(model.parameters(), **settings)
    for step in range(3):
        optimizer.zero_grad()
        model(torch.full((2, 4), step / 2 + 0.25)).square().sum().backward()
        optimizer.step()
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}


def make_optimizers(directory):
    optim = torch.optim
    save(directory, "adam", train(optim.Adam, lr=0.01))
    save(directory, "adamw-fused", train(optim.AdamW, lr=0.01, fused=True))
    save(directory, "amsgrad", train(optim.Adam, lr=0.01, amsgrad=True))
    save(directory, "momentum", train(optim.SGD, lr=0.01, momentum=0.9))
    save(directory, "rmsprop", train(optim.RMSprop, lr=0.01, momentum=0.5, centered=True))
    save(directory, "adagrad", train(optim.Adagrad, lr=0.01))
    save(directory, "adadelta", train(optim.Adadelta, lr=1.0))
    save(directory, "adamax", train(optim.Adamax, lr=0.01))
    save(directory, "nadam", train(optim.NAdam, lr=0.01))
    save(directory, "radam", train(optim.RAdam, lr=0.01))
    save(directory, "adafactor", train(optim.Adafactor, lr=0.01))
    old = train(optim.Adam, lr=0.01)
    for entry in old["optimizer"]["state"].values():
        entry["step"] = int(entry["step"])
    keys = ["lr", "betas", "eps", "weight_decay", "amsgrad", "params"]
    old["optimizer"]["param_groups"] = [{key: group[key] for key in keys} for group in old["optimizer"]["param_groups"]]
    save(directory, "adam-1.8", old)
    save(directory, "bare-optimizer", train(optim.Adam, lr=0.01)["optimizer"])


def make_layouts(directory):
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    save(directory, "views", {
        "whole": base, "rows": base[1:3], "tied": base, "turned": torch.arange(12.0).reshape(3, 4).t(),
        "permuted": torch.arange(24.0).reshape(2, 3, 4).permute(1, 2, 0), "sparse": torch.arange(10.0)[::3],
        "spread": torch.ones(1).expand(5), "scalar": torch.tensor(3), "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(3)),
    })
    types = "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 complex128"
    types += " float8_e4m3fn float8_e5m2"
    save(directory, "types", {name: torch.arange(6).to(getattr(torch, name)) for name in types.split()})
    save(directory, "legacy", train(torch.optim.Adam, lr=0.01), _use_new_zipfile_serialization=False)
    # More items than one batch of the pickle holds, and one more than two.
    for count in (1000, 1001, 2001):
        save(directory, f"items-{count}", {"numbers": list(range(count)), "tensor": torch.ones(1),
                                           "table": {index: None for index in range(count)}})


if __name__ == "__main__":
    make_optimizers(sys.argv[1])
    make_layouts(sys.argv[1])
