"""Forged checkpoints of Orbax, each wrong in one place: the tree, the database, the arrays, the compressed chunks.

    python make_hostile_orbax.py DIRECTORY

`attacks.tsv` names the directory, the exit status that a reading command owes it, and the attack.
"""
import json
import os
import struct
import sys

attacks = []
directory = sys.argv[1]
MANIFEST, NODE = 0x0CDB3A2A, 0x0CDB20DE
FLOATS = struct.pack("<6f", *range(6))


def crc32c(content):
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def varints(values):
    return b"".join(map(varint, values))


def block(content, kind=0, last=True, size=None):
    """A block of a frame of Zstandard: as it is, or one byte over and over."""
    size = len(content) if size is None else size
    return (last | kind << 1 | size << 3).to_bytes(3, "little") + content


def zstd(content, size=None, blocks=None):
    """A frame that says its size and has the content as it is."""
    size = len(content) if size is None else size
    return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", size) + (block(content) if blocks is None else blocks)


def unsized(blocks, window=0):
    """A frame that does not say its size; the window has 2^(10 + window) bytes."""
    return b"\x28\xb5\x2f\xfd\0" + bytes([window << 3]) + blocks


def frame(magic, body, compression=0, version=0, length=None, flip=0):
    content = varint(version) + varint(compression) + body
    size = 16 + len(content) if length is None else length
    content = struct.pack(">I", magic) + struct.pack("<Q", size) + content
    return content + struct.pack("<I", crc32c(content) ^ flip)


def table(paths=(b"d/data",), bases=None, shared=None, suffixes=None):
    shared = [0] * (len(paths) - 1) if shared is None else shared
    lengths = [len(path) for path in paths] if suffixes is None else suffixes
    bases = [0] * len(paths) if bases is None else bases
    return varint(len(paths)) + varints(shared) + varints(lengths) + varints(bases) + b"".join(paths)


def manifest(root, kind=0, height=0, keys=None, versions=1, files=None, tail=b"", **framing):
    """`root` is where the root node lies: offset and length."""
    body = bytes(16) + varint(kind) + varint(1024) + varint(100_000_000) + b"\4" + varint(0)
    body += table() if files is None else files
    body += varint(versions) + varints(range(1, versions + 1)) + bytes([height]) * versions + varints([0] * versions)
    body += varints([root[0]] * versions) + varints([root[1]] * versions) + varints([keys] * versions)
    body += varints([0] * versions) * 2 + bytes(8 * versions) + varint(0) + tail
    return frame(MANIFEST, body, **framing)


def leaf(entries, files=b"\0", height=0, count=None, shared=None, **framing):
    """`entries` are keys with bytes, or with file, offset and length."""
    keys, values = [key for key, _ in entries], [value for _, value in entries]
    body = bytes([height]) + files + varint(len(keys) if count is None else count)
    body += varints([0] * (len(keys) - 1) if shared is None else shared) + varints(map(len, keys)) + b"".join(keys)
    body += varints(len(value) if isinstance(value, bytes) else value[2] for value in values)
    body += varints(not isinstance(value, bytes) for value in values)
    places = [value for value in values if not isinstance(value, bytes)]
    body += varints(place[0] for place in places) + varints(place[1] for place in places)
    return frame(NODE, body + b"".join(value for value in values if isinstance(value, bytes)), **framing)


def inner(children, height=1, files=None, common=None):
    """`children` are keys with offset, length and number of keys."""
    keys = [key for key, *_ in children]
    body = bytes([height]) + (table() if files is None else files) + varint(len(keys)) + varints([0] * (len(keys) - 1))
    body += varints(map(len, keys)) + varints([0] * len(keys) if common is None else common) + b"".join(keys)
    body += varints([0] * len(keys)) + varints(child[1] for child in children) + varints(child[2] for child in children)
    return frame(NODE, body + varints(child[3] for child in children) + varints([0] * len(keys)) * 2)


def zarray(**changes):
    fields = {"chunks": [2, 3], "compressor": {"id": "zstd", "level": 1}, "dimension_separator": ".", "dtype": "<f4",
              "fill_value": None, "filters": None, "order": "C", "shape": [2, 3], "zarr_format": 2, **changes}  # fmt: skip
    return json.dumps(fields).encode()


def scalar(number):
    return {b".zarray": zarray(shape=[], chunks=[], dtype="<i4"), b"0": zstd(struct.pack("<i", number))}


def array(chunk=None, **changes):
    return {b".zarray": zarray(**changes), b"0.0": zstd(FLOATS) if chunk is None else chunk}


def entries(params=None, mu=None):
    arrays = {b"opt_state.0.count": scalar(3), b"opt_state.0.mu.a": mu or array(), b"opt_state.0.nu.a": array(),
              b"params.a": params or array()}  # fmt: skip
    return [(name + b"/" + key, value) for name, own in sorted(arrays.items()) for key, value in sorted(own.items())]


LEAVES = [["opt_state", "0", "count"], ["opt_state", "0", "mu", "a"], ["opt_state", "0", "nu", "a"], ["params", "a"]]


def metadata(leaves=LEAVES, kind="jax.Array", **changes):
    tree = {str(tuple(keys)): {"key_metadata": [{"key": key, "key_type": 2} for key in keys],
                               "value_metadata": {"value_type": kind, "skip_deserialize": False}}
            for keys in leaves}  # fmt: skip
    fields = {"tree_metadata": tree, "use_ocdbt": True, "use_zarr3": False,
              "store_array_data_equal_to_fill_value": True, **changes}  # fmt: skip
    return json.dumps(fields).encode()


def write(name, status, attack, files):
    attacks.append((name, status, attack))
    for path, content in files.items():
        target = os.path.join(directory, name, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content)


def database(name, status, attack, root=None, data=None, tree=None, keys=8, **changes):
    """A checkpoint whose database has one leaf, unless told otherwise."""
    root = leaf(entries()) if root is None else root
    data = root if data is None else data
    files = {"_METADATA": metadata() if tree is None else tree, "d/data": data}
    own = changes.pop("manifest", None)
    files["manifest.ocdbt"] = manifest((0, len(root)), keys=keys, **changes) if own is None else own
    write(name, status, attack, files)


def arrays(name, status, attack, own=None, **changes):
    made = entries(own)
    database(name, status, attack, leaf(made), keys=len(made), **changes)


def make_tree():
    database("control", 0, "nothing is wrong: the tool must read this one")
    for name, tree in (
        ("tree-not-json", b"{"), ("tree-absent", b"{}"), ("tree-list", b'{"tree_metadata": []}'),
        ("tree-deep", b'{"tree_metadata":' * 5000 + b"1" + b"}" * 5000),
        ("tree-no-keys", b'{"tree_metadata": {"a": {}}}'),
        ("tree-key-list", b'{"tree_metadata": {"a": {"key_metadata": [{"key": []}]}}}'),
    ):  # fmt: skip
        database(name, 65, "a tree whose description is none", tree=tree)
    database("tree-shared", 65, "two leaves that share an array", tree=metadata([*LEAVES, ["params.a"]]))
    database("tree-both", 65, "a leaf that is a branch too", tree=metadata([*LEAVES, ["params", "a", "b"]]))
    database("tree-no-array", 65, "a leaf without an array", tree=metadata([*LEAVES, ["params", "b"]]))
    database("tree-nul", 65, "a key with NUL in it", tree=metadata([*LEAVES, ["params", "b\0c"]]))
    escape = "\x1b[2J\nFORGED"
    made = sorted(entries() + [(f"params.{escape}/{key.decode()}".encode(), value) for key, value in array().items()])
    database("tree-escapes", 0, "a name that would clear a terminal", leaf(made), keys=len(made),
             tree=metadata([*LEAVES, ["params", escape]]))  # fmt: skip


def make_frames():
    root = leaf(entries())
    for name, changes in {
        "magic": {"root": frame(MANIFEST, b"")}, "length": {"root": leaf(entries(), length=1 << 60)},
        "sum": {"root": leaf(entries(), flip=1)}, "version": {"root": leaf(entries(), version=9)},
        "compression": {"root": leaf(entries(), compression=7)},
        "not-compressed": {"root": leaf(entries(), compression=1)},
        "manifest-magic": {"manifest": frame(NODE, b"")}, "manifest-empty": {"manifest": b""},
        "manifest-sum": {"flip": 1}, "manifest-kind": {"kind": 1}, "manifest-tail": {"tail": b"\0"},
        "manifest-no-version": {"versions": 0}, "manifest-versions": {"manifest": frame(
            MANIFEST, bytes(16) + b"\0" + varint(1024) + varint(1000) + b"\4\0" + table() + varint(1 << 62))},
        "manifest-files": {"files": varint(1 << 40)},
    }.items():  # fmt: skip
        database(name, 65, f"a frame of the database is wrong: {name}", **changes)
    bomb = unsized(b"".join(block(b"a", 1, False, 131_072) for _ in range(8000)) + block(b"", 0))
    content = b"\0" + varint(1) + bomb
    content = struct.pack(">I", NODE) + struct.pack("<Q", 16 + len(content)) + content
    content += struct.pack("<I", crc32c(content))
    database("node-bomb", 65, "a node that inflates to a gigabyte", content)
    database("outside", 65, "a node in a file outside", files=table([b"../control/d/data"]))
    database("absolute", 65, "a node in a file of the system", files=table([b"/etc/passwd"]))
    database("absent-file", 66, "a node in a file that is not there", files=table([b"d/other"]))
    database("beyond", 65, "a node behind the end of its file", manifest=manifest((1 << 62, len(root)), keys=8))
    database("path-prefix", 65, "a path that shares more than there is",
             files=table([b"d/data", b"x"], shared=[60]))  # fmt: skip
    long = b"d/" + b"x" * 60_000
    database("paths-amplified", 65, "paths that share a long beginning, over and over",
             files=varint(4000) + varints([len(long)] * 3999) + varint(len(long)) + varints([0] * 3999)
             + varints([0] * 4000) + long)  # fmt: skip


def make_nodes():
    made = entries()
    database("keys-order", 65, "keys out of order", leaf(made[::-1]))
    database("keys-twice", 65, "a key twice", leaf([made[0], *made]), keys=9)
    database("keys-count", 65, "more keys than there are", leaf(made, count=1 << 50))
    database("keys-fewer", 65, "a number of keys that is not the node's", keys=3)
    database("keys-prefix", 65, "a key that shares more than there is", leaf(made, shared=[9999] * 7))
    database("key-text", 65, "a key that is no UTF-8", leaf([*made, (b"\xff", b"")]), keys=9)
    database("leaf-height", 65, "a leaf that says it is none", leaf(made, height=3))
    database("no-keys", 65, "a node without keys", leaf([], count=0, shared=[]))
    own = leaf(made)
    itself = inner([(b"", 0, 0, 8)], height=1)
    itself = inner([(b"", 0, len(itself), 8)], height=1)
    database("cycle", 65, "a node below itself", itself, height=1)
    twice = inner([(b"a", 0, len(own), 8), (b"p", 0, len(own), 8)])
    database("twice", 65, "a node below two others", twice, data=own + twice, keys=16,
             manifest=manifest((len(own), len(twice)), height=1, keys=16))  # fmt: skip
    # Two hundred levels, each of which has the one below twice: more keys than there are atoms.
    data = own
    place, count = (0, len(own)), 8
    for height in range(1, 201):
        node = inner([(b"a", *place, 2 * count), (b"b", *place, 2 * count)], height, common=[1, 1])
        place, data, count = (len(data), len(node)), data + node, min(2 * count, 1 << 61)
    database("doubling", 65, "nodes of which each has the one below twice", own, data=data,
             manifest=manifest(place, height=200, keys=count))  # fmt: skip
    high = inner([(b"", 0, len(own), 8)], height=255)
    database("height", 65, "a tree higher than it is", high, data=own + high,
             manifest=manifest((len(own), len(high)), height=255, keys=8))  # fmt: skip
    late = inner([(b"zzz", 0, len(own), 8)])
    database("late", 65, "a node with keys before its first", late, data=own + late,
             manifest=manifest((len(own), len(late)), height=1, keys=8))  # fmt: skip
    chunk = zstd(FLOATS)
    outside = [(key, (0, 0, len(chunk)) if key.endswith(b"0.0") else value) for key, value in made]
    node = leaf(outside, files=table())
    database("overlap", 65, "values that share their bytes", node, data=chunk + node,
             manifest=manifest((len(chunk), len(node)), keys=8))  # fmt: skip
    far = [(key, (0, 1 << 61, 1 << 61) if key == b"params.a/0.0" else value) for key, value in made]
    database("value-beyond", 65, "a value behind the end of its file", leaf(far, files=table()))
    stray = [(key, (7, 0, 1) if key == b"params.a/0.0" else value) for key, value in made]
    database("value-file", 65, "a value in a file that the table lacks", leaf(stray, files=table()))


def make_arrays():
    for name, attack, changes in (
        ("shape-negative", "a negative size", {"shape": [-2, 3]}), ("shape-text", "a shape that is no list", {"shape": "2"}),
        ("shape-huge", "a shape whose product overflows", {"shape": [1 << 62, 1 << 62]}),
        ("shape-wide", "more axes than a tensor may have", {"shape": [1] * 40, "chunks": [1] * 40}),
        ("grid-rank", "chunks of another rank", {"chunks": [6]}), ("grid-zero", "chunks of no size", {"chunks": [0, 3]}),
        ("grid-many", "more chunks than there are", {"shape": [1 << 40, 3], "chunks": [1, 1]}),
        ("grid-missing", "chunks that are missing", {"shape": [4, 3]}),
        ("type", "a type that is none", {"dtype": "<q9"}), ("order", "chunks column by column", {"order": "F"}),
        ("filters", "chunks that went through a filter", {"filters": [{"id": "delta"}]}),
        ("codec", "a compressor that is not known", {"compressor": {"id": "blosc"}}),
        ("separator", "a separator that is none", {"dimension_separator": "../"}),
    ):  # fmt: skip
        arrays(name, 65, attack, array(**changes))
    arrays("array-not-json", 65, "an array whose description is none", {b".zarray": b"[", b"0.0": zstd(FLOATS)})
    arrays("raw-size", 65, "a chunk as it is of another size", array(FLOATS[:-1], compressor=None))
    arrays("chunk-large", 1, "a chunk that is larger than its frame", array(chunks=[1 << 20, 1 << 20]))
    arrays("empty-chunk", 1, "a chunk of no bytes", array(b""))
    arrays("no-frame", 1, "a chunk that is no frame", array(b"\0" * 40))
    arrays("old-frame", 1, "a frame of zstd 0.7", array(b"\x27\xb5\x2f\xfd" + b"\0" * 40))
    arrays("size-larger", 1, "a frame that says more than it has", array(zstd(FLOATS, size=24, blocks=block(FLOATS[:8]))))
    arrays("size-other", 1, "a frame of another size than its chunk", array(zstd(FLOATS[:8])))
    arrays("inflates", 1, "a frame that inflates beyond its word",
           array(zstd(FLOATS, blocks=block(FLOATS, last=False) + block(b"a", 1, True, 131_072))))  # fmt: skip
    arrays("bomb", 1, "a frame without a size that inflates to a gigabyte",
           array(unsized(b"".join(block(b"a", 1, False, 131_072) for _ in range(8000)) + block(b""))))  # fmt: skip
    arrays("window", 1, "a frame that asks for a window of two gigabytes", array(unsized(block(FLOATS), window=21)))
    arrays("behind", 1, "bytes behind a frame", array(zstd(FLOATS) + b"\0"))
    arrays("reserved", 1, "a block of a kind that is reserved", array(zstd(FLOATS, blocks=block(FLOATS, 3))))


def version3(codecs, chunk=(2, 3), shape=(2, 3), **changes):
    fields = {"zarr_format": 3, "node_type": "array", "shape": shape, "data_type": "float32", "fill_value": 0.0,
              "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
              "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
              "codecs": codecs, **changes}  # fmt: skip
    return json.dumps(fields).encode()


BYTES, SUM = {"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}
ZSTD = {"name": "zstd", "configuration": {"level": 3}}


def sharded(inside=(1, 3), codecs=(BYTES, ZSTD), index=(BYTES, SUM)):
    configuration = {"chunk_shape": inside, "codecs": codecs, "index_codecs": index, "index_location": "end"}
    return [{"name": "sharding_indexed", "configuration": configuration}]


def shard(places=None, chunks=(zstd(FLOATS[:12]), zstd(FLOATS[12:])), flip=0):
    if places is None:
        places = [(0, len(chunks[0])), (len(chunks[0]), len(chunks[1]))]
    index = b"".join(struct.pack("<QQ", *place) for place in places)
    return b"".join(chunks) + index + struct.pack("<I", crc32c(index) ^ flip)


def make_shards():
    def write3(name, status, attack, description, value):
        arrays(name, status, attack, {b"c/0/0": value, b"zarr.json": description})

    write3("control-shards", 0, "nothing is wrong: the tool must read this one", version3(sharded()), shard())
    summed = FLOATS + struct.pack("<I", crc32c(FLOATS))
    write3("control-sum", 0, "nothing is wrong: the tool must read this one", version3([BYTES, SUM]), summed)
    write3("sum-wrong", 1, "a chunk that does not match its sum", version3([BYTES, SUM]), summed[:-1] + b"\0")
    write3("sum-short", 65, "a chunk shorter than a sum", version3([BYTES, SUM]), b"ab")
    write3("index-sum", 1, "an index that does not match its sum", version3(sharded()), shard(flip=1))
    write3("index-short", 65, "a shard shorter than its index", version3(sharded()), b"abcdefgh")
    write3("index-beyond", 65, "a chunk behind the end of its shard", version3(sharded()), shard([(0, 21), (1 << 40, 21)]))
    write3("index-overflow", 65, "a chunk whose end overflows", version3(sharded()), shard([(0, 21), ((1 << 64) - 9, 21)]))
    write3("index-overlap", 65, "two chunks of a shard that overlap", version3(sharded()), shard([(0, 21), (0, 21)]))
    write3("index-inside", 65, "a chunk that reaches into the index", version3(sharded()), shard([(0, 21), (30, 40)]))
    write3("shard-grid", 65, "chunks that do not fit their shard", version3(sharded((2, 2))), shard())
    write3("shard-zero", 65, "chunks of no size in a shard", version3(sharded((0, 3))), shard())
    write3("shard-many", 65, "more chunks in a shard than there are",
           version3(sharded((1, 1)), chunk=(1 << 31, 1 << 31)), shard())  # fmt: skip
    write3("shard-nested", 65, "a shard inside a shard", version3(sharded(codecs=sharded())), shard())
    write3("shard-index-codec", 65, "an index in a way that is not known", version3(sharded(index=[BYTES])), shard())
    write3("no-codecs", 65, "no codecs at all", version3([]), FLOATS)
    write3("transpose", 65, "a codec that is not known", version3([{"name": "transpose"}, BYTES]), FLOATS)
    write3("irregular", 65, "a grid that is not regular", version3([BYTES], chunk_grid={"name": "rectangular"}), FLOATS)
    write3("transformed", 65, "chunks behind a transformer", version3([BYTES], storage_transformers=[{}]), FLOATS)


os.makedirs(directory, exist_ok=True)
make_tree()
make_frames()
make_nodes()
make_arrays()
make_shards()
with open(os.path.join(directory, "attacks.tsv"), "w") as file:
    file.write("directory\tstatus\tattack\n")
    file.writelines(f"{name}\t{status}\t{attack}\n" for name, status, attack in attacks)
