"""What bitsandbytes keeps of AdamW in eight bits and in 32, after three updates of small layers.

    python make_bitsandbytes.py DIRECTORY

`bare.pt` has the state as versions before 0.45 saved it, without the dictionary that wraps all but the step. Beside each
file lies `<name>.numbers.tsv`: parameter, slot, shape, and the CRC-32 of the little-endian `float32` numbers that the
library itself makes of the slot.
"""
import os
import sys
import zlib

os.environ["CUDA_VISIBLE_DEVICES"] = ""
import bitsandbytes
import torch
from bitsandbytes.functional import dequantize_blockwise

WRAPPER = "__bnb_optimizer_quant_state__"


def train(make):
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(64, 65), torch.nn.Linear(65, 2))
    optimizer = make(model.parameters(), lr=1e-3)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.randn(8, 64)).square().sum().backward()
        optimizer.step()
    return model, optimizer


def save(directory, name, model, state):
    torch.save({"model": model.state_dict(), "optimizer": state}, os.path.join(directory, name + ".pt"))
    with open(os.path.join(directory, name + ".numbers.tsv"), "w") as table:
        table.write("parameter\tslot\tshape\tcrc32\n")
        for (parameter, _), kept in zip(model.named_parameters(), state["state"].values()):
            kept = kept.get(WRAPPER, kept)
            for slot, number in (("adam_m", "1"), ("adam_v", "2")):
                numbers = kept["state" + number]
                if numbers.dtype == torch.uint8:
                    numbers = dequantize_blockwise(
                        numbers, absmax=kept["absmax" + number], code=kept["qmap" + number], blocksize=256
                    )
                sizes = ",".join(map(str, numbers.shape))
                table.write(f"{parameter}\t{slot}\t{sizes}\t{zlib.crc32(numbers.numpy().tobytes()):08x}\n")


directory = sys.argv[1]
for name, make in (("adamw8bit", bitsandbytes.optim.AdamW8bit), ("adamw", bitsandbytes.optim.AdamW)):
    model, optimizer = train(make)
    save(directory, name, model, optimizer.state_dict())
model, optimizer = train(bitsandbytes.optim.AdamW8bit)
save(directory, "bare", model, torch.optim.Optimizer.state_dict(optimizer))
