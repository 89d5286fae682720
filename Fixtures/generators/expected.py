"""Digests of what TensorFlow itself reads, for tests that run without TensorFlow."""
import hashlib

import numpy as np

POLYNOMIAL = 0x82F63B78


def crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


TABLE = crc32c_table()


def crc32c(data, crc=0):
    """Castagnoli's CRC-32, unmasked."""
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def row(name, dtype, array):
    """One line: name, element type, shape, SHA-256 and CRC-32C of the little-endian bytes."""
    shape = ",".join(map(str, array.shape))
    if dtype in ("string", "variant"):
        return "\t".join([name, dtype, shape, "-", "-"])
    data = np.ascontiguousarray(array).tobytes()
    return "\t".join([name, dtype, shape, hashlib.sha256(data).hexdigest(), "%08x" % crc32c(data)])


def write(path, rows):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("name\tdtype\tshape\tsha256\tcrc32c\n")
        for line in sorted(rows):
            file.write(line + "\n")


def write_for_checkpoint(prefix):
    """`<prefix>.expected.tsv`, from TensorFlow's own reader."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(prefix)
    types = reader.get_variable_to_dtype_map()
    rows = []
    for name, shape in reader.get_variable_to_shape_map().items():
        if types[name].name == "variant":  # NumPy has no such thing: only the shape is known
            rows.append("\t".join([name, "variant", ",".join(map(str, shape)), "-", "-"]))
        else:
            array = np.asarray(read(reader, prefix, name, types[name]))
            rows.append(row(name, types[name].name, array))
    write(prefix + ".expected.tsv", rows)


def read(reader, prefix, name, dtype):
    import tensorflow as tf

    try:
        return reader.get_tensor(name)
    except tf.errors.UnimplementedError:  # slices of a version 1 file, which only this one joins
        restored = tf.raw_ops.RestoreV2(
            prefix=prefix, tensor_names=[name], shape_and_slices=[""], dtypes=[dtype]
        )
        return restored[0].numpy()
