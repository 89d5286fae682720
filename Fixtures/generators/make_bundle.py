"""Checkpoints that show every corner of the bundle format, written by TensorFlow.

    python make_bundle.py DIRECTORY

Only `snappy` and `count-0` are put together here (TensorFlow compresses nothing and saves no
empty list); TensorFlow then reads them, and the digests are its own.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import bundle_bytes
import cramjam
import expected
import ml_dtypes
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
random = np.random.RandomState(1)

SMALL_FLOATS = [
    "float8_e5m2",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e4m3b11fnuz",
    "float8_e5m2fnuz",
    "float4_e2m1fn",
]
SMALL_INTEGERS = {"int4": [-1, -8, 7], "uint4": [0, 15], "int2": [-2, 1], "uint2": [3, 0]}


def save(prefix, tensors, slices=None):
    """`tensors` are pairs of name and value, in the order of the data file."""
    names = [name for name, _ in tensors]
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=names,
        shape_and_slices=slices or [""] * len(names),
        tensors=[tf.convert_to_tensor(value) for _, value in tensors],
    )


def floats(*sizes):
    return random.standard_normal(sizes).astype(np.float32)


def every_type():
    """One tensor of each element type that a bundle can hold."""
    yield "float32", floats(3, 5)
    yield "float64", random.standard_normal(2)
    for name in ("uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        limits = np.iinfo(name)
        yield name, np.array([limits.min, 1, limits.max], name)
    yield "bool", tf.constant([True, False, True])
    yield "float16", tf.constant([1.5, -2, 65504, float("nan")], tf.float16)
    yield "bfloat16", tf.cast(tf.constant([1.5, -2, 3e38]), tf.bfloat16)
    yield "complex64", tf.constant([1 + 2j, -0.5j], tf.complex64)
    yield "complex128", tf.constant([[1 + 2j]], tf.complex128)
    for name in ("qint8", "quint8", "qint16", "quint16", "qint32"):
        raw = tf.constant([1, 2], name.lstrip("q") if name[1] != "u" else name[1:])
        yield name, tf.bitcast(raw, getattr(tf, name))
    for name in SMALL_FLOATS:
        yield name, np.array([1, -0.5, 0], getattr(ml_dtypes, name))
    for name, values in SMALL_INTEGERS.items():
        yield name, np.array(values, getattr(ml_dtypes, name))


def odd_shapes():
    yield "scalar", np.float32(-0.0)
    yield "step/int64", np.int64(123456789012)
    yield "one", floats(1)
    yield "one/rank/eight", floats(1, 1, 1, 1, 1, 1, 1, 1)
    yield "empty", floats(0)
    yield "empty/matrix", floats(0, 4)
    yield "empty/tail", floats(4, 0, 3)
    yield "nan/bits", np.array([0x7FC00001, 0xFFC00000, 0x7F800001, 0x80000000], np.uint32).view(np.float32)
    yield "name with space", floats(2)
    yield "Zcase", floats(2)
    yield "_under", floats(2)
    yield "a.after", floats(2)


def strings():
    yield "string/scalar", tf.constant(b"hello")
    yield "string/vector", tf.constant([b"", b"a", b"x" * 200, b"\x00\xff"])
    yield "string/matrix", tf.constant([[b"ab", b"c"], [b"", b"d"]])
    yield "string/empty", tf.constant([], tf.string)


def variants():
    pair = tf.raw_ops.TensorListFromTensor(tensor=tf.constant([[1.0, 2.0], [3.0, 4.0]]), element_shape=[2])
    one = tf.raw_ops.TensorListFromTensor(tensor=tf.constant([[7.0]]), element_shape=[1])
    yield "variant/list", pair
    yield "variant/vector", tf.stack([pair, one])


def make_mixed(directory):
    """All types, strings, variants and slices in one bundle."""
    whole = floats(30, 7)
    sliced = [
        ("slices/rows", whole[:10], "30 7 0,10:-"),
        ("slices/rows", whole[10:], "30 7 10,20:-"),
        ("slices/columns", whole[:, :4], "30 7 -:0,4"),
        ("slices/columns", whole[:, 4:], "30 7 -:4,3"),
        ("slices/far", floats(200, 2), "9000 2 0,200:-"),
        ("slices/far", floats(8800, 2), "9000 2 200,8800:-"),
        ("slices/all", whole, "30 7 0,30:0,7"),
    ]
    plain = [*every_type(), *odd_shapes(), *strings(), *variants()]
    save(
        directory + "/mixed",
        plain + [(name, value) for name, value, _ in sliced],
        [""] * len(plain) + [slices for _, _, slices in sliced],
    )


def make_simple(directory):
    """One theme each, so that a failure says what it is about."""
    save(directory + "/types", list(every_type()))
    save(directory + "/shapes", list(odd_shapes()))
    save(directory + "/strings", list(strings()))
    save(directory + "/variants", list(variants()))
    names = ["größe/核", "ночь", "emoji/🙂", "ascii", "é", "e\u0301"]
    save(directory + "/non-ascii", [(name, floats(2)) for name in names])
    # The data file keeps the order of saving, the index sorts.
    save(directory + "/order", [(name, floats(2)) for name in ("c", "a", "b")])


def make_many(directory):
    """Long names, so that the table needs a second block and real separators."""
    name = "bert/variable_%04d/" + "some_long_scope_name/" * 50 + "adam_%s"
    tensors = [(name % (i // 2, "mv"[i % 2]), np.float32(i)) for i in range(500)]
    save(directory + "/many", tensors)
    # A key of twice the block size ends the block before it.
    save(directory + "/big-key", [("a", floats(1)), ("z" * 530000, floats(1)), ("zz", floats(1))])


def make_counts(directory):
    """Around the table's restart interval of 16; the header is an entry too."""
    for count in (1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 64):
        tensors = [("variable_%02d" % i, np.float32(i)) for i in range(count)]
        save(directory + "/count-%d" % count, tensors)
    with open(directory + "/count-0.index", "wb") as file:
        file.write(bundle_bytes.table([(b"", bundle_bytes.header())], last=b""))
    open(directory + "/count-0.data-00000-of-00001", "wb").close()


def make_merged(directory):
    """Three writers, one index: the data files keep their numbers."""
    parts = [directory + "/parts/part-%d" % i for i in range(3)]
    for i, part in enumerate(parts):
        own, shared = ("own_%d" % i, floats(i + 1)), ("shared", floats(3, 2))
        save(part, [own, shared], ["", "9 2 %d,3:-" % (3 * i)])
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=parts, destination_prefix=directory + "/merged", delete_old_dirs=True
    )


def saver(**options):
    return v1.train.Saver(save_relative_paths=True, **options)


def make_saver_files(directory):
    """What `tf.train.Saver` writes: sharded, partitioned with Adam's slots, and version 1."""
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("a", initializer=floats(2))
        v1.get_variable("b", initializer=floats(3))
        session.run(v1.global_variables_initializer())
        os.makedirs(directory + "/sharded")
        saver(sharded=True).save(session, directory + "/sharded/ck", write_meta_graph=False)

    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("part", partitioner=v1.fixed_size_partitioner(3)):
            weights = v1.get_variable("weights", shape=[7, 3], initializer=v1.ones_initializer())
        step = v1.train.get_or_create_global_step()
        loss = tf.reduce_sum(tf.square(tf.convert_to_tensor(weights)) * floats(7, 3))
        update = v1.train.AdamOptimizer(0.1).minimize(loss, global_step=step)
        session.run(v1.global_variables_initializer())
        for _ in range(2):
            session.run(update)
        os.makedirs(directory + "/partitioned")
        saver().save(session, directory + "/partitioned/ck", global_step=2, write_meta_graph=False)

    with tf.Graph().as_default(), v1.Session() as session:
        own = dict(use_resource=False)
        v1.get_variable("alpha", initializer=floats(2, 3), **own)
        v1.get_variable("alpha/adam_m", initializer=floats(2, 3), **own)
        v1.get_variable("alpha/adam_v", initializer=np.abs(floats(2, 3)), **own)
        v1.get_variable("global_step", initializer=np.int64(7), **own)
        v1.get_variable("half", initializer=np.array([1.5, 2], np.float16), **own)
        v1.get_variable("bool", initializer=np.array([True, False]), **own)
        v1.get_variable("double", initializer=random.standard_normal(2), **own)
        v1.get_variable("int32", initializer=np.array([-1, 1], np.int32), **own)
        session.run(v1.global_variables_initializer())
        os.makedirs(directory + "/version-1")
        first = saver(write_version=v1.train.SaverDef.V1)
        first.save(session, directory + "/version-1/v1.ckpt", global_step=7, write_meta_graph=False)

    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("part", partitioner=v1.fixed_size_partitioner(2)):
            v1.get_variable("beta", shape=[4, 3], initializer=v1.random_normal_initializer(seed=3), **own)
        session.run(v1.global_variables_initializer())
        first = saver(write_version=v1.train.SaverDef.V1)
        first.save(session, directory + "/version-1/sliced.ckpt", write_meta_graph=False, write_state=False)


class Layer(tf.Module):
    def __init__(self, name):
        super().__init__(name=name)
        self.kernel = tf.Variable(floats(3, 2), name="kernel")
        self.bias = tf.Variable(floats(2), name="bias")
        self.table = {"x/y": tf.Variable(1.0), "a.b": tf.Variable(2.0), "p.S": tf.Variable(3.0)}


def make_objects(directory):
    """Object-based checkpoints: a graph beside the tensors, slots among them."""
    layer, optimizer = Layer("layer"), v1.train.AdamOptimizer(0.01)
    for _ in range(2):
        optimizer.apply_gradients([(floats(3, 2), layer.kernel), (floats(2), layer.bias)])
    checkpoint = tf.train.Checkpoint(layer=layer, optimizer=optimizer, label=tf.Variable("text"))
    manager = tf.train.CheckpointManager(checkpoint, directory + "/objects", max_to_keep=2)
    for _ in range(2):
        manager.save()
    fix_the_clock(directory + "/objects/checkpoint")

    table = tf.Variable(np.arange(40, dtype=np.float32).reshape(10, 4))
    limit = tf.train.experimental.MaxShardSizePolicy(64)
    options = tf.train.CheckpointOptions(experimental_sharding_callback=limit)
    os.makedirs(directory + "/max-shard-size")
    tf.train.Checkpoint(table=table, small=tf.Variable([1.0, 2.0])).write(
        directory + "/max-shard-size/ck", options=options
    )


def fix_the_clock(path):
    """The state file notes when each checkpoint was saved: the one thing that varies."""
    with open(path) as file:
        lines = file.read().splitlines()
    clock = 1700000000.25
    for number, line in enumerate(lines):
        if "timestamp" in line:
            lines[number] = "%s: %r" % (line.split(":")[0], clock)
            clock += 1
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")


def make_snappy(directory):
    """`count-33` with compressed table blocks, as other writers of such tables make them."""
    with open(directory + "/count-33.index", "rb") as file:
        plain = file.read()
    with open(directory + "/snappy.index", "wb") as file:
        squeeze = lambda contents: bytes(cramjam.snappy.compress_raw(contents))
        file.write(bundle_bytes.table(bundle_bytes.table_items(plain), compress=squeeze))
    with open(directory + "/count-33.data-00000-of-00001", "rb") as source:
        with open(directory + "/snappy.data-00000-of-00001", "wb") as file:
            file.write(source.read())


def main(directory):
    make_mixed(directory)
    make_simple(directory)
    make_many(directory)
    make_counts(directory)
    make_merged(directory)
    make_saver_files(directory)
    make_objects(directory)
    make_snappy(directory)
    for folder, _, files in os.walk(directory):
        for name in sorted(files):
            if name.endswith(".index") and name != "big-key.index":  # its name is half a megabyte
                expected.write_for_checkpoint(os.path.join(folder, name[: -len(".index")]))
    expected.write_for_checkpoint(directory + "/version-1/v1.ckpt-7")
    expected.write_for_checkpoint(directory + "/version-1/sliced.ckpt")


if __name__ == "__main__":
    main(sys.argv[1])
