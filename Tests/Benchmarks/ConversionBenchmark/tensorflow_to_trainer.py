"""The peer of `optstate convert --to huggingface`: TensorFlow reads, torch writes.

    python tensorflow_to_trainer.py PREFIX FOLDER

Makes the model and the optimizer of a Trainer's checkpoint out of a checkpoint of google-research/bert, moments
transposed with their kernels, as one would write it with both frameworks at hand.
"""
import os
import re
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
import torch
from safetensors.torch import save_file


def renamed(name):
    name = re.sub(r"/layer_(\d+)/", r"/layer/\1/", name)
    name = re.sub(r"_embeddings$", "_embeddings/weight", name)
    name = re.sub(r"(kernel|gamma|output_weights)$", "weight", name)
    return re.sub(r"(beta|output_bias)$", "bias", name).replace("/", ".")


def tensor(reader, key):
    values = torch.from_numpy(reader.get_tensor(key))
    return values.T.contiguous() if "/kernel" in key else values


def main(prefix, folder):
    os.makedirs(folder)
    reader = tf.train.load_checkpoint(prefix)
    keys = sorted(reader.get_variable_to_shape_map())
    names = [key for key in keys if not key.endswith(("/adam_m", "/adam_v")) and key != "global_step"]
    step = torch.tensor(float(reader.get_tensor("global_step")))
    spared = [name for name in names if re.search("LayerNorm|bias", name)]
    decayed = [name for name in names if name not in set(spared)]
    save_file({renamed(name): tensor(reader, name) for name in names},
              os.path.join(folder, "model.safetensors"), {"format": "pt"})
    state = {
        index: {
            "step": step.clone(), "exp_avg": tensor(reader, name + "/adam_m"),
            "exp_avg_sq": tensor(reader, name + "/adam_v"),
        }
        for index, name in enumerate(decayed + spared)
    }
    common = {"lr": 1e-4, "betas": (0.9, 0.999), "eps": 1e-6}
    count = len(decayed)
    groups = [
        {"weight_decay": 0.01, **common, "params": list(range(count))},
        {"weight_decay": 0.0, **common, "params": list(range(count, len(names)))},
    ]
    torch.save({"state": state, "param_groups": groups}, os.path.join(folder, "optimizer.pt"))


if __name__ == "__main__":
    main(*sys.argv[1:])
