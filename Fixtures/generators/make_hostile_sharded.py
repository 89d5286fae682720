"""Forged sharded checkpoints: directories of torch.distributed.checkpoint and of DeepSpeed whose files contradict one another.

    python make_hostile_sharded.py DIRECTORY

`attacks.tsv` names the directory, the exit status that a reading command owes it, and the attack.
"""
import os
import sys

from make_hostile_pytorch import glob, pickled
from torch_bytes import Array, Raw, Writer, group, saved

MOST = (1 << 63) - 1
W = [1.0, 2.0, 3.0, 4.0]
attacks = []
directory = sys.argv[1]


def put(name, status, attack, files):
    attacks.append((name, str(status), attack))
    for file, content in files.items():
        path = os.path.join(directory, name, file)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as output:
            output.write(content)


# torch.distributed.checkpoint: an archive for each tensor, one after the other, and a pickle that says where.


def made(name, state, module="torch.distributed.checkpoint.metadata"):
    return Raw(glob(module, name) + b")\x81" + Writer().value(state) + b"b")


def kind(name="float32"):
    false = Raw(b"\x89")
    return made("TensorProperties", (Raw(glob("torch", name)), Raw(b"N"), false, Raw(b"N"), false))


def chunk(starts, sizes):
    return made("ChunkStorageMetadata", {"offsets": starts, "sizes": sizes})


def item(sizes, chunks, properties=None):
    return made("TensorStorageMetadata", {"properties": properties or kind(), "size": sizes, "chunks": chunks})


def place(name, starts, file, first, length, **more):
    index = made("MetadataIndex", {"fqn": name, "offset": starts, "index": 0})
    info = {"relative_path": file, "offset": first, "length": length, **more}
    return index, made("_StorageInfo", info, "torch.distributed.checkpoint.filesystem")


def metadata(items, places, ways):
    pairs = Raw(b"}(" + b"".join(Writer().value(key) + Writer().value(one) for key, one in places) + b"u")
    return pickled(made("Metadata", {"state_dict_metadata": items, "planner_data": ways, "storage_data": pairs}))


def distributed(name, status, attack, *, sizes=(2, 2), chunks=None, starts=(0, 0), file="__0_0.distcp", first=0, length=None,
                properties=None, ways=None, fqn="model.w", data=None, content=None, more=None, **beside):  # fmt: skip
    archive = saved(Array(W, [2, 2])) if data is None else data
    items = {"model.w": item(sizes, [chunk((0, 0), (2, 2))] if chunks is None else chunks, properties)}
    places = [place(fqn, starts, file, first, len(archive) if length is None else length, **(more or {}))]
    ways = {"model.w": ("model", "w")} if ways is None else ways
    files = {".metadata": metadata(items, places, ways) if content is None else content, "__0_0.distcp": archive, **beside}
    put("dcp-" + name, status, attack, {file: one for file, one in files.items() if one is not Ellipsis})


def make_distributed():
    one = distributed
    one("control", 0, "nothing is wrong: the tool must read this one")
    one("empty", 65, "metadata of nothing", content=b"")
    one("code", 65, "metadata that run something", content=pickled(Raw(glob("posix", "system") + b"X\x04\0\0\0true\x85R")))
    one("number", 65, "metadata that are a number", content=pickled(b"K\x01"))
    one("absent", 66, "the file of the only rank is missing", **{"__0_0.distcp": ...})
    one("cut", 65, "the file of the only rank ends early", length=1 << 20)
    one("climbs", 65, "a file above the directory", file="../dcp-control/__0_0.distcp")
    one("absolute", 65, "a file at an absolute path", file="/etc/passwd")
    one("first-negative", 65, "a place before the file", first=-1)
    one("length-most", 65, "a place whose end overflows", first=1, length=MOST)
    one("size-negative", 65, "a size below zero", sizes=(-2, -2))
    one("size-most", 65, "sizes whose product overflows", sizes=(MOST, MOST))
    one("size-more", 65, "a tensor that its chunks do not cover", sizes=(1 << 20, 1 << 20))
    one("size-fraction", 65, "a size with a point", sizes=(2.0, 2))
    one("chunk-beyond", 65, "a chunk beyond its tensor", chunks=[chunk((1, 1), (2, 2))])
    one("chunk-negative", 65, "a chunk before its tensor", chunks=[chunk((-1, 0), (2, 2))])
    one("chunk-twice", 65, "a chunk twice", chunks=[chunk((0, 0), (2, 2))] * 2)
    one("chunk-nowhere", 65, "a chunk that lies in no file", starts=(1, 0))
    one("chunks-none", 65, "a tensor in no chunks", chunks=[])
    one("kind-none", 65, "a type that is none", properties=kind("float7"))
    one("kind-other", "1,65", "a type other than the file's", properties=kind("float64"))
    one("shape-other", "1,65", "a shape other than the file's", data=saved(Array(W)))
    one("data-text", "1,65", "a file that is no archive", data=b"hello" * 99)
    one("data-code", "1,65", "a file that runs something", data=saved(Raw(glob("posix", "system") + b"X\x04\0\0\0true\x85R")))
    one("name-other", 65, "a place of an item that is not there", fqn="model.z")
    one("way-deep", 65, "a way of ten thousand steps", ways={"model.w": ("a",) * 10_000})
    one("way-list", 65, "an index of 2^62", ways={"model.w": ("model", 1 << 62)})
    one("way-negative", 65, "an index below zero", ways={"model.w": ("model", -1)})
    one("way-newline", "0,65", "a name with a line of its own", ways={"model.w": ("model", "w\nFORGED all sums match")})
    one("way-climbs", "0,65", "a name that climbs out of a folder", ways={"model.w": ("model", "../../w")})
    one("transformed", 65, "an item that is compressed", more={"transform_descriptors": ["zstd"]})


# DeepSpeed: the model's file, and a rank's file of the optimizer with flat vectors.


def rank(vectors=None, state=None, groups=None, **more):
    state = {0: {"step": 3, "exp_avg": Array([0.5] * 4), "exp_avg_sq": Array([0.25] * 4)}} if state is None else state
    base = {"state": state, "param_groups": [group([0])] if groups is None else groups}
    own = {"zero_stage": 1, "partition_count": [1], "group_paddings": [0], "base_optimizer_state": base,
           "single_partition_of_fp32_groups": [Array(W)] if vectors is None else vectors}  # fmt: skip
    return saved({"optimizer_state_dict": {**own, **more}})


def size(*sizes):
    return Raw(glob("torch", "Size") + Writer().value((sizes,)) + b"R")


def zero(name, status, attack, optimizer=None, shapes=None, world=1, module=None, **beside):
    model = {"module": {"w": Array(W, [2, 2])} if module is None else module, "optimizer": None, "global_steps": 3, "skipped_steps": 0,
             "dp_world_size": world, "param_shapes": [{"w": size(2, 2)}] if shapes is None else shapes}  # fmt: skip
    files = {"mp_rank_00_model_states.pt": saved(model)}
    files["zero_pp_rank_0_mp_rank_00_optim_states.pt"] = rank() if optimizer is None else optimizer
    files.update({file.replace("__", "."): one for file, one in beside.items()})
    put("zero-" + name, status, attack, {file: one for file, one in files.items() if one is not Ellipsis})


def make_zero():
    one = zero
    one("control", 0, "nothing is wrong: the tool must read this one")
    one("text", 65, "an optimizer that is a text", b"hello")
    one("list", 65, "an optimizer that is a list", saved([1]))
    one("world", "65,66", "more ranks than there are files", rank(partition_count=[4]), world=4)
    one("world-most", "65,66", "2^63 - 1 ranks", rank(partition_count=[MOST]), world=MOST)
    one("rank-other", 66, "a file of another rank", **{"zero_pp_rank_9_mp_rank_00_optim_states__pt": b"x"})
    one("vector-short", 65, "a vector too short for its parameters", rank([Array([1.0])]))
    one("vector-matrix", 65, "a matrix in place of a vector", rank([Array(W, [2, 2])]))
    one("vector-none", "0,65", "no vectors", rank([]))
    one("moment-short", 65, "a moment too short", rank(state={0: {"step": 3, "exp_avg": Array([0.5]), "exp_avg_sq": Array([0.25] * 4)}}))
    one("state-text", "0,65", "a state that is a text", rank(state={0: "x"}))
    one("step-nan", "0,65", "a step that is no number", rank(state={0: {"step": float("nan"), "exp_avg": Array([0.5] * 4), "exp_avg_sq": Array([0.25] * 4)}}))
    one("shape-most", 65, "a shape whose product overflows", shapes=[{"w": size(1 << 40, 1 << 40)}])
    one("shape-negative", 65, "a size below zero", shapes=[{"w": size(-2, -2)}])
    one("shape-other", 65, "a shape other than the model's", shapes=[{"w": size(3, 3)}])
    one("shapes-none", "0,65", "no shapes", shapes=[])
    one("shapes-more", "0,65", "shapes of two groups for one", shapes=[{"w": size(2, 2)}, {"z": size(2)}])
    one("name-other", "0,65", "a shape of a parameter that is not there", shapes=[{"z": size(2, 2)}])
    one("name-newline", "0,65", "a name with a line of its own", shapes=[{"w\nFORGED": size(2, 2)}])
    one("padding-most", "0,65", "a gap of 2^63 - 1", rank(group_paddings=[MOST]))
    one("module-none", 65, "a model that is nothing", module=0)


make_distributed()
make_zero()
with open(os.path.join(directory, "attacks.tsv"), "w", encoding="utf-8") as table:
    table.write("file\tstatus\tattack\n")
    for row in attacks:
        table.write("\t".join(row) + "\n")
