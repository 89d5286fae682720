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


def make_distributed_of_two():
    """A matrix of four rows whose halves lie in the files of two ranks."""
    halves = [saved(Array(W, [2, 2])), saved(Array(W, [2, 2]))]
    names = ["__0_0.distcp", "__1_0.distcp"]

    def two(name, status, attack, chunks=(((0, 0), (2, 2)), ((2, 0), (2, 2))), firsts=(0, 0), files=names, more=(), **beside):
        items = {"model.w": item((4, 2), [chunk(*one) for one in chunks])}
        places = [place("model.w", starts, file, first, len(data))
                  for (starts, _), file, first, data in zip(chunks, files, firsts, halves)]  # fmt: skip
        content = metadata(items, [*places, *more], {"model.w": ("model", "w")})
        kept = {".metadata": content, **dict(zip(names, halves)), **beside}
        put("dcp-two-" + name, status, attack, {file: one for file, one in kept.items() if one is not Ellipsis})

    two("control", 0, "nothing is wrong: the tool must read this one")
    two("overlap", 65, "a chunk that overlaps another", (((0, 0), (2, 2)), ((1, 0), (2, 2))))
    two("gap", 65, "a row in no chunk", (((0, 0), (1, 2)), ((2, 0), (2, 2))))
    two("offset-end", 65, "a chunk that begins behind its tensor", (((0, 0), (2, 2)), ((4, 0), (2, 2))))
    two("offset-most", 65, "a chunk whose end overflows", (((0, 0), (2, 2)), ((MOST, 0), (2, 2))))
    two("sizes-most", 65, "a chunk whose elements overflow", (((0, 0), (2, 2)), ((2, 0), (MOST, MOST))))
    two("first-end", 65, "an item behind the end of its file", firsts=(0, 1 << 20))
    two("first-inside", 65, "an item in the midst of another", firsts=(0, 8), files=[names[0], names[0]])
    two("file-same", 65, "two items in one place", files=[names[0], names[0]])
    two("file-none", 66, "the second rank's file is missing", **{names[1]: ...})
    two("file-cut", 65, "the second rank's file ends early", **{names[1]: halves[1][:-9]})
    two("file-empty", 65, "the second rank's file is empty", **{names[1]: b""})
    two("file-foreign", "1,65", "the second rank's file is of another cut", **{names[1]: saved(Array(W * 2, [4, 2]))})
    two("file-more", 0, "a file that no item lies in", **{"__2_0.distcp": halves[0]})
    two("file-above", 65, "the second rank's file lies above", files=[names[0], "../dcp-two-control/" + names[1]])
    two("file-back", 65, "a path with backslashes", files=[names[0], "..\\" + names[1]])
    two("place-twice", "0,65", "a chunk in two places", more=[place("model.w", (0, 0), names[1], 0, len(halves[1]))])
    false = Raw(glob("posix", "system") + b"X\x04\0\0\0true\x85R")
    two("class", 65, "metadata that name another class", more=[(made("MetadataIndex", {"fqn": "z", "index": false}), None)])


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


MODEL, OPTIMIZER = "zero_pp_rank_%d_mp_rank_00_model_states.pt", "zero_pp_rank_%d_mp_rank_00_optim_states.pt"


def part(number, count=2, step=3, rate=0.1, world=2, fill=0, **more):
    """A rank's file of stage 2: a half of four elements."""
    values = [float(number * 2 + one) for one in range(count)]
    moments = {key: Array([one / 8 for one in values] or [0.0], [count]) for key in ("exp_avg", "exp_avg_sq")}
    settings = {**group([0]), "lr": rate}
    base = {"state": {0: {"step": step, **moments}}, "param_groups": [settings]}
    own = {"zero_stage": 2, "partition_count": [world], "group_paddings": [fill], "base_optimizer_state": base,
           "single_partition_of_fp32_groups": [Array(values or [0.0], [count])]}  # fmt: skip
    return saved({"optimizer_state_dict": {**own, **more}})


def make_zero_of_two():
    def two(name, status, attack, first=None, second=None, world=2, **beside):
        model = {"module": {"w": Array(W, [2, 2])}, "optimizer": None, "global_steps": 3, "skipped_steps": 0,
                 "dp_world_size": world, "param_shapes": [{"w": size(2, 2)}]}  # fmt: skip
        files = {"mp_rank_00_model_states.pt": saved(model), OPTIMIZER % 0: first or part(0), OPTIMIZER % 1: second or part(1), **beside}
        put("zero-two-" + name, status, attack, {file: one for file, one in files.items() if one is not Ellipsis})

    two("control", 0, "nothing is wrong: the tool must read this one")
    two("first-none", 66, "the first rank's file is missing", **{OPTIMIZER % 0: ...})
    two("second-none", 66, "the second rank's file is missing", **{OPTIMIZER % 1: ...})
    two("none", 66, "no rank's file is there", **{OPTIMIZER % 0: ..., OPTIMIZER % 1: ...})
    two("cut", 65, "the second rank's file ends early", second=part(1)[:-99])
    two("empty", 65, "the second rank's file is empty", **{OPTIMIZER % 1: b""})
    two("third", 65, "a third rank's file", **{OPTIMIZER % 2: part(1)})
    two("again", 65, "the second rank's file twice", **{"bf16_" + OPTIMIZER % 1: part(1)})
    two("world", 65, "a rank of a save with more ranks", second=part(1, world=3))
    two("world-model", 65, "a model of a save with more ranks", world=3)
    two("world-less", 65, "a model of a save with fewer ranks", world=1)
    two("longer", 65, "a rank's part that is longer than the other's", second=part(1, count=6))
    two("shorter", 65, "a rank's part that is shorter than the other's", first=part(0, count=6), second=part(1, count=1))
    two("step", 65, "a rank of another step", second=part(1, step=4))
    two("rate", 65, "a rank of another rate", second=part(1, rate=0.2))
    two("stage", 65, "a rank of another stage", second=part(1, fp32_flat_groups=[]))
    two("split", 65, "a model that is split", **{"mp_rank_01_model_states.pt": saved({"module": {}})})
    two("split-later", 65, "a later part of a split model", **{"mp_rank_07_model_states.pt": saved({"module": {}})})
    two("layers", 65, "a model in the stages of a pipeline", **{"layer_00-model_00-model_states.pt": saved({})})


def piece(number, count=2, step=3):
    """A rank's file of stage 3: two elements of four."""
    values = [float(number * 2 + one) for one in range(count)]
    moments = {key: Array([one / 8 for one in values]) for key in ("exp_avg", "exp_avg_sq")}
    base = {"state": {0: {"step": step, **moments}}, "param_groups": [group([0])]}
    own = {"zero_stage": 3, "partition_count": 2, "optimizer_state_dict": base, "fp32_flat_groups": [Array(values)]}
    return saved({"optimizer_state_dict": own})


def make_zero_pieces():
    def model(number, steps=3, shapes=None, frozen=None, shared=None, world=2):
        frozen = {"f": Array([float(number)])} if frozen is None else frozen
        empty = Array([0.0], [0])
        empty.values = []
        return saved({"module": {"w": empty, "f": empty, "t": empty}, "buffer_names": [], "optimizer": None, "global_steps": steps, "skipped_steps": 0,
                      "dp_world_size": world, "param_shapes": shapes or [{"w": size(2, 2)}], "frozen_param_shapes": {"f": size(2)},
                      "frozen_param_fragments": frozen, "shared_params": ({"t": "w"} if shared is None else shared) if number == 0 else {}})  # fmt: skip

    def two(name, status, attack, first=None, second=None, **beside):
        files = {MODEL % 0: first or model(0), MODEL % 1: second or model(1), OPTIMIZER % 0: piece(0), OPTIMIZER % 1: piece(1), **beside}
        put("zero-pieces-" + name, status, attack, {file: one for file, one in files.items() if one is not Ellipsis})

    two("control", 0, "nothing is wrong: the tool must read this one")
    two("model-none", 66, "the second rank's file of the model is missing", **{MODEL % 1: ...})
    two("optimizer-none", 66, "the second rank's file of the optimizer is missing", **{OPTIMIZER % 1: ...})
    two("optimizers-none", 66, "no rank's file of the optimizer is there", **{OPTIMIZER % 0: ..., OPTIMIZER % 1: ...})
    two("model-cut", 65, "the second rank's file of the model ends early", second=model(1)[:-99])
    two("steps", 65, "a rank's model of another step", second=model(1, steps=4))
    two("step", 65, "a rank's optimizer of another step", **{OPTIMIZER % 1: piece(1, step=4)})
    two("world", 65, "a rank's model of a save with more ranks", second=model(1, world=3))
    two("longer", 65, "a rank's pieces that are too long", **{OPTIMIZER % 1: piece(1, count=3)})
    two("frozen-none", 65, "a rank without its piece", second=model(1, frozen={}))
    two("frozen-longer", 65, "a piece that is too long", second=model(1, frozen={"f": Array(W)}))
    two("frozen-number", 65, "a piece that is a number", second=model(1, frozen={"f": 1}))
    two("shapes-most", 65, "a shape whose product overflows", first=model(0, shapes=[{"w": size(1 << 40, 1 << 40)}]))
    two("shared-self", 65, "a name of itself", first=model(0, shared={"t": "t"}))
    two("shared-none", 65, "a name of nothing", first=model(0, shared={"t": "z"}))


def make_universal():
    """A folder for each parameter beside the model's file."""

    def one(name, status, attack, shapes=None, common=None, **files):
        model = {"module": {"w": Array(W, [2, 2])}, "optimizer": None, "global_steps": 3, "skipped_steps": 0, "dp_world_size": 2,
                 "param_shapes": [{"w": size(2, 2)}] if shapes is None else shapes}  # fmt: skip
        record = {"zero_stage": 2, "partition_count": [2], "param_groups": [group([0])]}
        kept = {"mp_rank_00_model_states.pt": saved(model), "zero/optimizer_state.pt": saved(record) if common is None else common,
                **{f"zero/w/{key}.pt": saved({"cat_dim": 0, "param": Array(W, [2, 2])}) for key in ("fp32", "exp_avg", "exp_avg_sq")},
                "zero/w/step.pt": saved(Array(3.0))}  # fmt: skip
        kept.update({f"zero/{key}.pt": data for key, data in files.items()})
        put("universal-" + name, status, attack, {file: data for file, data in kept.items() if data is not Ellipsis})

    one("control", 0, "nothing is wrong: the tool must read this one")
    one("empty", 65, "a record of nothing", common=b"")
    one("list", 65, "a record that is a list", common=saved([1]))
    one("code", 65, "numbers that run something", **{"w/fp32": saved(Raw(glob("posix", "system") + b"X\x04\0\0\0true\x85R"))})
    one("none", 66, "a parameter without its numbers", **{"w/fp32": ...})
    one("folder-none", 66, "a parameter without its folder", shapes=[{"w": size(2, 2), "z": size(2)}])
    one("folder-more", "0,65", "the folder of a parameter that is not there", **{"z/fp32": saved({"param": Array(W)})})
    one("cut", 65, "a moment whose file ends early", **{"w/exp_avg": saved({"param": Array(W, [2, 2])})[:-99]})
    one("shape-other", 65, "a moment of another shape", **{"w/exp_avg": saved({"param": Array([1.0])})})
    one("number", 65, "a moment that is a number", **{"w/exp_avg": saved({"param": 1})})
    one("step-none", "0,65", "a parameter without its step", **{"w/step": ...})
    one("step-nan", "0,65", "a step that is no number", **{"w/step": saved(Array(float("nan")))})
    one("step-text", "0,65", "a step that is a text", **{"w/step": saved("x")})
    one("climbs", 65, "a parameter above its folder", shapes=[{"../../zero-control/w": size(2, 2)}])
    one("absolute", "65,66", "a parameter at an absolute path", shapes=[{"/etc": size(2, 2)}])
    one("shape-most", 65, "a shape whose product overflows", shapes=[{"w": size(1 << 40, 1 << 40)}])
    one("parallel", 65, "numbers out of tensor-parallel parts", **{"w/fp32": saved({"cat_dim": 0, "vocab_tensor": True, "param": Array(W, [2, 2])})})


make_distributed()
make_distributed_of_two()
make_zero()
make_zero_of_two()
make_zero_pieces()
make_universal()
with open(os.path.join(directory, "attacks.tsv"), "w", encoding="utf-8") as table:
    table.write("file\tstatus\tattack\n")
    for row in attacks:
        table.write("\t".join(row) + "\n")
