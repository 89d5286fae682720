"""A checkpoint of BERT-base's size with Adam's moments: 1.32 GB of random numbers.

    python make_bert_base.py PREFIX [LAYERS]

Right names, shapes and order, no training: for benchmarks.
"""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

WORDS, WIDTH, WIDE, POSITIONS = 30522, 768, 3072, 512


def dense(name, rows, columns):
    return {name + "/kernel": (rows, columns), name + "/bias": (columns,)}


def norm(name):
    return {name + "/LayerNorm/beta": (WIDTH,), name + "/LayerNorm/gamma": (WIDTH,)}


def shapes(layers):
    embeddings = "bert/embeddings/"
    result = {
        embeddings + "word_embeddings": (WORDS, WIDTH),
        embeddings + "token_type_embeddings": (2, WIDTH),
        embeddings + "position_embeddings": (POSITIONS, WIDTH),
        **norm("bert/embeddings"),
    }
    for layer in range(layers):
        prefix = f"bert/encoder/layer_{layer}/"
        for part in ("self/query", "self/key", "self/value", "output/dense"):
            result.update(dense(f"{prefix}attention/{part}", WIDTH, WIDTH))
        result.update(norm(prefix + "attention/output"))
        result.update(dense(prefix + "intermediate/dense", WIDTH, WIDE))
        result.update(dense(prefix + "output/dense", WIDE, WIDTH))
        result.update(norm(prefix + "output"))
    result.update(dense("bert/pooler/dense", WIDTH, WIDTH))
    result.update(dense("cls/predictions/transform/dense", WIDTH, WIDTH))
    result.update(norm("cls/predictions/transform"))
    result["cls/predictions/output_bias"] = (WORDS,)
    result["cls/seq_relationship/output_weights"] = (2, WIDTH)
    result["cls/seq_relationship/output_bias"] = (2,)
    return result


def main(prefix, layers=12):
    random = np.random.default_rng(0)
    values = {"global_step": np.int64(100000)}
    for name, shape in shapes(layers).items():
        values[name] = random.standard_normal(shape, np.float32) * np.float32(0.02)
        # |m| stays far below its bound, 7.27 times the root of v, as in a real state.
        values[name + "/adam_m"] = random.standard_normal(shape, np.float32) * np.float32(1e-4)
        values[name + "/adam_v"] = random.uniform(1e-6, 1e-5, shape).astype(np.float32)
    names = sorted(values)
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(values[name]) for name in names],
    )
    parameters = sum(int(np.prod(shape)) for shape in shapes(layers).values())
    print(f"{prefix}: {len(names)} tensors, {parameters} parameters")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
