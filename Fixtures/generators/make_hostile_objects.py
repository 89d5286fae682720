"""Forged object-based TensorFlow checkpoints: sound tables and sums around object graphs that lie.

    python make_hostile_objects.py DIRECTORY

`attacks.tsv` names the prefix, the exit status that a reading command owes it, and the attack.
"""
import os
import struct
import sys

import bundle_bytes as b
from bundle_bytes import bytes_field, entry, header, number_field, varint
from expected import crc32c

GRAPH = b"_CHECKPOINTABLE_OBJECT_GRAPH"
SUFFIX = b"/.ATTRIBUTES/VARIABLE_VALUE"
KERNEL = b"model/kernel" + SUFFIX
MOMENT = b"model/kernel/.OPTIMIZER_SLOT/optimizer/m" + SUFFIX
SECOND = b"model/kernel/.OPTIMIZER_SLOT/optimizer/v" + SUFFIX
ITER = b"optimizer/iter" + SUFFIX
FLOATS = struct.pack("<4f", 1, 2, 3, 4)

attacks = []


def child(number, name):
    return bytes_field(1, number_field(1, number) + bytes_field(2, name))


def attribute(key, full=b"", name=b"VARIABLE_VALUE"):
    return bytes_field(2, bytes_field(1, name) + bytes_field(2, full) + bytes_field(3, key))


def slot(variable, name, tensor):
    return bytes_field(3, number_field(1, variable) + bytes_field(2, name) + number_field(3, tensor))


def nodes(**changes):
    """A model with one kernel and Adam, node by node."""
    sound = {
        "root": child(1, b"model") + child(2, b"optimizer"),
        "model": child(3, b"kernel"),
        "optimizer": child(4, b"iter") + slot(3, b"m", 5) + slot(3, b"v", 6),
        "kernel": attribute(KERNEL, b"kernel"),
        "iter": attribute(ITER, b"Adam/iter"),
        "m": attribute(MOMENT, b"Adam/kernel/m"),
        "v": attribute(SECOND, b"Adam/kernel/v"),
    }
    return list({**sound, **changes}.values())


def graph(parts):
    return b"".join(bytes_field(1, part) for part in parts)


def stored(text):
    """A string tensor of one element, and its two sums."""
    lengths = b.masked(crc32c(struct.pack("<I", len(text))))
    body = varint(len(text)) + struct.pack("<I", lengths) + text
    return body, b.masked(crc32c(struct.pack("<I", len(text)) + struct.pack("<I", lengths) + text))


def write(directory, name, status, attack, text, tensors=None, graph_entry=None):
    """A checkpoint of tensors (key to type, sizes, bytes) and a graph."""
    attacks.append((name, str(status), attack))
    tensors = {
        KERNEL: (b.FLOAT32, [4], FLOATS),
        MOMENT: (b.FLOAT32, [4], FLOATS),
        SECOND: (b.FLOAT32, [4], FLOATS),
        ITER: (b.INT64, [], struct.pack("<q", 7)),
        **(tensors or {}),
    }
    data, pairs = b"", [(b"", header())]
    for key, stored_tensor in sorted(tensors.items()):
        if stored_tensor is not None:
            dtype, sizes, body = stored_tensor
            pairs.append((key, entry(dtype, sizes, offset=len(data), data=body)))
            data += body
    body, crc = stored(text)
    options = {"dtype": b.STRING, "sizes": [], **(graph_entry or {})}
    pairs.append((GRAPH, entry(offset=len(data), data=body, crc=crc, **options)))
    prefix = os.path.join(directory, name)
    with open(prefix + ".index", "wb") as file:
        file.write(b.table(sorted(pairs)))
    with open(prefix + ".data-00000-of-00001", "wb") as file:
        file.write(data + body)


def make_bytes(directory):
    """Graphs that are damaged as records."""

    def raw(name, attack, text, status=65):
        write(directory, name, status, attack, text)

    good = graph(nodes())
    raw("control", "nothing is wrong: the tool must read this one", good, 0)
    raw("no-record", "a graph that is no protocol buffer", b"\xff" * 40)
    raw("cut", "a graph cut in the middle", good[: len(good) // 2])
    raw("length-huge", "a node of 2^63 bytes", good + varint(1 << 3 | 2) + varint(1 << 63))
    raw("length-endless", "a node whose length never ends", good + varint(1 << 3 | 2) + b"\xff" * 12)
    raw("length-past-end", "a node longer than the graph", good + varint(1 << 3 | 2) + varint(1 << 30) + b"x")
    raw("groups", "groups of protocol buffers nested a thousand deep", good + varint(9 << 3 | 3) * 1000)
    raw("field-zero", "a field with the number 0", good + b"\x02\x01x")
    raw("wire-type", "a field of a wire type that does not exist", good + b"\x0f\x01x")
    raw("other-field", "a field that nobody knows", good + bytes_field(9, b"later"), 0)
    raw("no-nodes", "a graph without nodes", b"", "0,65")
    raw("name-not-utf8", "a child whose name is not UTF-8", graph(nodes(model=child(3, b"\xc0\xaf"))))
    raw("name-surrogate", "a full name that is half a surrogate pair", graph(nodes(kernel=attribute(KERNEL, b"\xed\xa0\x80"))))
    write(directory, "is-number", 65, "a graph that is a number", b"", {GRAPH: None}, {"dtype": b.INT64, "sizes": []})
    write(directory, "is-list", 65, "a graph that is a list of one text", good, None, {"sizes": [1]})


def make_links(directory):
    """Nodes that lead astray."""

    def linked(name, attack, status=65, tensors=None, **changes):
        write(directory, name, status, attack, graph(nodes(**changes)), tensors)

    linked("child-past-end", "a child that is node 99 of 7", model=child(3, b"kernel") + child(99, b"x"))
    linked("child-negative", "a child that is node -1", model=child(3, b"kernel") + child(-1, b"x"))
    linked("child-least", "a child that is node -2^31", model=child(3, b"kernel") + child(-(1 << 31), b"x"))
    linked("child-wide", "a child whose number is node 3 modulo 2^32", "0,65", model=child((1 << 32) + 3, b"kernel"))
    linked("own-child", "a node that is its own child", "0,65", model=child(3, b"kernel") + child(1, b"again"))
    linked("cycle", "nodes in a circle", "0,65", kernel=attribute(KERNEL, b"kernel") + child(0, b"up"), v=attribute(SECOND, b"Adam/kernel/v") + child(2, b"up"))
    linked("child-twice", "two children of one name", "0,65", model=child(3, b"kernel") + child(6, b"kernel"))
    own = child(4, b"iter") + slot(3, b"m", 5)
    linked("slot-variable-past-end", "a slot of a node that does not exist", optimizer=own + slot(99, b"v", 6))
    linked("slot-tensor-past-end", "a slot that is a node that does not exist", optimizer=own + slot(3, b"v", 99))
    linked("slot-negative", "a slot of node -7", optimizer=own + slot(-7, b"v", 6))
    linked("slot-of-itself", "a slot of itself", optimizer=own + slot(6, b"v", 6))
    linked("slot-of-root", "a slot of a node without a tensor", "0,65", optimizer=own + slot(0, b"v", 6))
    linked("slot-is-root", "a slot that has no tensor", "0,65", optimizer=own + slot(3, b"v", 0))
    linked("slot-is-variable", "two variables that are each other's slots", tensors={b"a" + SUFFIX: (b.FLOAT32, [4], FLOATS)},
           optimizer=child(4, b"iter") + slot(3, b"m", 5) + slot(5, b"m", 3))
    linked("slot-twice", "one slot listed twice", "0,65", optimizer=own + slot(3, b"v", 6) + slot(3, b"v", 6))
    linked("slot-in-three", "three tensors that are the same slot", tensors={b"a" + SUFFIX: (b.FLOAT32, [4], FLOATS)},
           optimizer=own + slot(3, b"m", 6) + slot(3, b"m", 7), extra=attribute(b"a" + SUFFIX, b"a"))
    linked("slot-of-two", "one tensor that is a slot of two variables", tensors={b"a" + SUFFIX: (b.FLOAT32, [4], FLOATS)},
           optimizer=own + slot(3, b"v", 6) + slot(7, b"v", 6), extra=attribute(b"a" + SUFFIX, b"a"))
    linked("slot-no-name", "a slot without a name", "0,65", optimizer=own + slot(3, b"", 6))
    linked("slot-path", "a slot whose name is a path", "0,65", optimizer=own + slot(3, b"../../v", 6))
    linked("slot-absolute", "a slot whose name is an absolute path", "0,65", optimizer=own + slot(3, b"/elsewhere/v", 6))
    linked("slot-value", "a slot whose name is that of our own layout for a value", 0, optimizer=own + slot(3, b"@value", 6))
    linked("key-absent", "a variable whose key the index lacks", "0,65", extra=attribute(b"gone" + SUFFIX, b"gone"))
    linked("kernel-absent", "a slot of a variable that the index lacks", tensors={KERNEL: None})
    linked("key-in-two", "two nodes with one key", "0,65", extra=attribute(KERNEL, b"other"))
    linked("key-empty", "a node whose key is empty", "0,65", extra=attribute(b"", b"other"))
    linked("key-of-graph", "a node whose key is the graph's own", "0,65", extra=attribute(GRAPH, b"graph"))
    linked("name-in-two", "two variables of one full name", 0, tensors={b"a" + SUFFIX: (b.FLOAT32, [4], FLOATS)}, extra=attribute(b"a" + SUFFIX, b"kernel"))
    linked("name-of-path", "a full name that is the path of another variable", "0,65",
           tensors={b"a" + SUFFIX: (b.FLOAT32, [4], FLOATS), b"c" + SUFFIX: (b.FLOAT32, [4], FLOATS)}, extra=attribute(b"a" + SUFFIX, b"c"))
    linked("name-of-step", "a variable that calls itself global_step", "0,65", kernel=attribute(KERNEL, b"global_step"))
    linked("name-of-slot", "a variable that calls itself another's slot", "0,65",
           tensors={b"a" + SUFFIX: (b.FLOAT32, [4], FLOATS)}, extra=attribute(b"a" + SUFFIX, b"kernel/adam_m"))
    linked("name-climbs", "a full name that climbs out of a folder", 0, kernel=attribute(KERNEL, b"../../escape"))
    linked("name-newline", "a full name with a line of its own", 0, kernel=attribute(KERNEL, b"kernel\nFORGED all sums match"))
    linked("name-escape", "a full name that colours the terminal", 0, kernel=attribute(KERNEL, b"\x1b[2J\x1b[32mkernel"))
    linked("name-nul", "a full name with a zero byte", "0,65", kernel=attribute(KERNEL, b"ker\0nel"))
    linked("attributes-many", "a node of a hundred attributes", "0,65",
           model=b"".join(attribute(b"k%d" % number, b"n%d" % number, b"A%d" % number) for number in range(100)))


def make_lists(directory):
    """Lists of optimizers that keep their slots by number."""
    path = b"optimizer/_variables/%d" + SUFFIX
    moments = {path % number: (b.FLOAT32, [4], FLOATS) for number in (1, 2)}

    def listed(name, attack, status, lists, tensors=None, **changes):
        parts = {
            "root": child(1, b"model") + child(2, b"optimizer"),
            "model": child(3, b"kernel"),
            "optimizer": child(4, b"_iterations") + child(7, b"_variables") + child(8, b"_trainable_variables"),
            "m": attribute(path % 1, b"Adam/m/kernel"),
            "v": attribute(path % 2, b"Adam/v/kernel"),
            "variables": b"".join(child(node, b"%d" % place) for place, node in enumerate(lists[0])),
            "trained": b"".join(child(node, b"%d" % place) for place, node in enumerate(lists[1])),
        }
        text = graph(nodes(**{**parts, **changes}))
        write(directory, name, status, attack, text, {MOMENT: None, SECOND: None, **moments, **(tensors or {})})

    two = {b"target/kernel" + SUFFIX: (b.FLOAT32, [4], FLOATS)}
    twin = {"twin": attribute(b"target/kernel" + SUFFIX, b"kernel")}
    listed("list-sound", "nothing is wrong: a list by names", 0, ([4, 5, 6], []))
    listed("list-of-itself", "a list that holds itself and its optimizer", "0,65", ([4, 7, 2, 5, 6], [8, 2]))
    listed("list-of-kernels", "a list of slots that is the variables", "0,65", ([4, 3, 3], [3]))
    listed("list-twice", "a list that names a slot twice", "0,65", ([4, 5, 5, 6, 6], []))
    listed("list-of-two-names", "slots whose name is that of two models' variables", 0, ([4, 5, 6], []), two,
           root=child(1, b"model") + child(9, b"target") + child(2, b"optimizer"), **twin)
    listed("list-of-many", "a list that names a slot thirty thousand times", "0,65", ([4] + [5] * 30_000, []))
    listed("counters-disagree", "two counters of one optimizer, 7 and 9", "0,65", ([4, 5, 6], []),
           {b"optimizer/iter" + SUFFIX: (b.INT64, [], struct.pack("<q", 7)), b"again" + SUFFIX: (b.INT64, [], struct.pack("<q", 9))},
           optimizer=child(4, b"iter") + child(9, b"_iterations") + child(7, b"_variables"), twin=attribute(b"again" + SUFFIX, b"again"))


def make_values(directory):
    """Tensors that are not what the graph makes of them."""

    def valued(name, attack, tensors, status=65):
        write(directory, name, status, attack, graph(nodes()), tensors)

    valued("iter-float", "a counter that is a float", {ITER: (b.FLOAT32, [], FLOATS[:4])}, "0,65")
    valued("iter-list", "a counter of four numbers", {ITER: (b.INT64, [4], struct.pack("<4q", 1, 2, 3, 4))}, "0,65")
    valued("iter-negative", "a counter of -1", {ITER: (b.INT64, [], struct.pack("<q", -1))}, "0,65")
    valued("iter-most", "a counter of 2^63 - 1", {ITER: (b.INT64, [], struct.pack("<q", (1 << 63) - 1))}, "0,65")
    valued("slot-shape", "a slot of another shape than its variable", {SECOND: (b.FLOAT32, [2, 2], FLOATS)}, "0,1,65")
    valued("slot-type", "a slot of whole numbers", {SECOND: (b.INT64, [2], FLOATS)}, "0,1,65")
    valued("slot-text", "a slot that is a text", {SECOND: (b.STRING, [], varint(0) + struct.pack("<I", b.masked(0)))}, "0,1,65")


def make_sizes(directory):
    """Graphs that are large, or deep."""
    chain = b"".join(bytes_field(1, child(number + 1, b"n")) for number in range(1500)) + bytes_field(1, b"")
    write(directory, "chain", "0,65", "a chain of fifteen hundred nodes", chain)
    circle = b"".join(bytes_field(1, child((number + 1) % 1500, b"n") + child(0, b"_variables")) for number in range(1500))
    write(directory, "circle", "0,65", "a circle of fifteen hundred nodes, each with a way back to the first", circle)
    write(directory, "many", "0,65", "forty thousand empty nodes", bytes_field(1, b"") * 40_000)
    fan = bytes_field(1, b"".join(child(1, b"%x" % number) for number in range(4000))) + bytes_field(1, attribute(KERNEL, b"kernel"))
    write(directory, "fan", "0,65", "a node that is four thousand children of one node", fan)
    optimizer = child(1, b"_variables") + b"".join(child(1, b"x") for _ in range(300)) + child(0, b"iter")
    work = bytes_field(1, optimizer) + bytes_field(1, b"".join(child(2, b"%d" % number) for number in range(3000))) + bytes_field(1, attribute(KERNEL, b"kernel"))
    write(directory, "lists", "0,65", "three hundred lists of slots that are the same three thousand", work)
    twins = b"".join(bytes_field(1, child(0, b"iter") + child(number, b"_trainable_variables")) for number in range(600))
    write(directory, "optimizers", "0,65", "six hundred optimizers", twins)


def main(directory):
    make_bytes(directory)
    make_links(directory)
    make_lists(directory)
    make_values(directory)
    make_sizes(directory)
    with open(os.path.join(directory, "attacks.tsv"), "w", newline="\n") as file:
        file.write("prefix\tstatus\tattack\n")
        file.writelines("%s\t%s\t%s\n" % attack for attack in attacks)


if __name__ == "__main__":
    main(sys.argv[1])
