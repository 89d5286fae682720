"""Forged PyTorch files, each wrong in one place.

    python make_hostile_pytorch.py DIRECTORY

`attacks.tsv` names the file, the exit status that a reading command owes it, and the attack. No pickle here is ever
loaded by Python; every one that would run something would run `touch OWNED`.
"""
import os
import struct
import sys
import zlib

COMMAND = b"touch OWNED"
attacks = []


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return b"X" + struct.pack("<I", len(value)) + value


def short(value):
    return b"\x8c" + bytes([len(value)]) + value.encode()


def glob(module, name):
    return f"c{module}\n{name}\n".encode()


def number(value):
    return b"J" + struct.pack("<i", value)


def long(value, width=8):
    return b"\x8a" + bytes([width]) + value.to_bytes(width, "little", signed=True)


def pickled(body, protocol=2):
    return b"\x80" + bytes([protocol]) + body + b"."


def storage(key="0", count=number(6), kind="FloatStorage", module="torch"):
    return b"(" + text("storage") + glob(module, kind) + text(key) + text("cpu") + count + b"tQ"


def shape(*sizes):
    return b"(" + b"".join(size if isinstance(size, bytes) else number(size) for size in sizes) + b"t"


def tensor(stored=None, offset=number(0), sizes=None, strides=None):
    return (glob("torch._utils", "_rebuild_tensor_v2") + b"(" + (stored or storage()) + offset
            + (sizes or shape(2, 3)) + (strides or shape(3, 1)) + b"\x89" + glob("collections", "OrderedDict") + b")RtR")


def state(value):
    """A dictionary with one tensor and a value beside it."""
    return pickled(b"}(" + text("weight") + tensor() + text("more") + value + b"u")


class Zip:
    """A zip archive by hand, every field open to forgery."""

    def __init__(self):
        self.data = bytearray()
        self.directory = bytearray()
        self.count = 0

    def add(self, name, content, *, method=0, stored=None, size=None, crc=None, flags=0, local_name=None, offset=None,
            local_size=None, extra=b"", local_method=None):
        name = name.encode() if isinstance(name, str) else name
        local_name = name if local_name is None else local_name.encode()
        stored = content if stored is None else stored
        size = len(content) if size is None else size
        crc = zlib.crc32(content) if crc is None else crc
        start = len(self.data) if offset is None else offset
        local_size = size if local_size is None else local_size
        local_method = method if local_method is None else local_method
        self.data += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, flags, local_method, 0, 33, crc, len(stored), local_size,
                                 len(local_name), 0) + local_name + stored
        self.directory += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, flags, method, 0, 33, crc, len(stored),
                                      size, len(name), len(extra), 0, 0, 0, 0, start) + name + extra
        self.count += 1
        return self

    def finish(self, *, count=None, size=None, start=None, comment=b"", tail=b""):
        start = len(self.data) if start is None else start
        size = len(self.directory) if size is None else size
        count = self.count if count is None else count
        end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, size, start, len(comment))
        return bytes(self.data + self.directory) + end + comment + tail


def archive(pickle, data=b"\0" * 24, *, version=b"3\n", byteorder=b"little", root="r", **options):
    result = Zip()
    result.add(f"{root}/data.pkl", pickle)
    if byteorder is not None:
        result.add(f"{root}/byteorder", byteorder)
    if data is not None:
        result.add(f"{root}/data/0", data, **options)
    if version is not None:
        result.add(f"{root}/version", version)
    return result


def put(directory, name, status, attack, content):
    attacks.append((name, status, attack))
    with open(os.path.join(directory, name), "wb") as file:
        file.write(content)


def pickle(directory, name, attack, body, status=65):
    put(directory, name, status, attack, archive(body).finish())


def make_code(directory):
    """Pickles that would run a command, by every operation that can."""
    call = glob("os", "system")
    argument = b"(" + text(COMMAND) + b"t"
    pickle(directory, "reduce.pt", "os.system by GLOBAL and REDUCE", state(call + argument + b"R"))
    pickle(directory, "posix.pt", "posix.system, as os.system really is called", state(glob("posix", "system") + argument + b"R"))
    pickle(directory, "eval.pt", "builtins.eval", state(glob("builtins", "eval") + argument + b"R"))
    pickle(directory, "getattr.pt", "builtins.getattr", state(glob("__builtin__", "getattr") + argument + b"R"))
    pickle(directory, "import.pt", "__builtin__.__import__", state(glob("__builtin__", "__import__") + argument + b"R"))
    pickle(directory, "torch-load.pt", "torch.load of another file", state(glob("torch", "load") + argument + b"R"))
    pickle(directory, "torch-dotted.pt", "a dotted name that leads from torch to os",
           state(glob("torch", "serialization.os.system") + argument + b"R"))
    pickle(directory, "inst.pt", "os.system by INST", state(b"(" + text(COMMAND) + b"ios\nsystem\n"))
    pickle(directory, "obj.pt", "os.system by OBJ", state(b"(" + call + text(COMMAND) + b"o"))
    pickle(directory, "newobj.pt", "a class by NEWOBJ", state(glob("collections", "OrderedDict") + b")\x81"))
    pickle(directory, "newobj-ex.pt", "a class by NEWOBJ_EX", state(glob("collections", "OrderedDict") + b")}\x92"))
    pickle(directory, "stack-global.pt", "os.system by STACK_GLOBAL",
           pickled(b"}" + short("a") + short("os") + short("system") + b"\x93" + short("x") + b"\x85Rs", 4))
    for code, name in ((b"\x82\x01", "ext1"), (b"\x83\x01\0", "ext2"), (b"\x84\x01\0\0\0", "ext4")):
        pickle(directory, f"{name}.pt", f"a registered extension by {name.upper()}", state(code))
    pickle(directory, "build.pt", "BUILD on a tensor", state(tensor() + b"}" + text("x") + number(1) + b"sb"))
    pickle(directory, "build-dict.pt", "BUILD on a plain dictionary", state(b"}}b"))
    pickle(directory, "build-twice.pt", "BUILD twice on an ordered dictionary",
           state(glob("collections", "OrderedDict") + b")R}b}b"))
    pickle(directory, "persid.pt", "a persistent name by PERSID", state(b"Pstorage\n"))
    pickle(directory, "get-text.pt", "memo by the text operations GET and PUT", state(b"Np0\ng0\n"))
    pickle(directory, "call-result.pt", "the result of a call, called", state(glob("collections", "OrderedDict") + b")R)R"))
    pickle(directory, "call-text.pt", "a text, called", state(text("os.system") + argument + b"R"))
    pickle(directory, "call-storage.pt", "a storage class, called", state(glob("torch", "FloatStorage") + b")R"))
    pickle(directory, "arguments-list.pt", "a call with a list for its arguments", state(glob("collections", "OrderedDict") + b"]R"))
    pickle(directory, "model.pt", "a whole module in place of its state", state(glob("torch.nn.modules.linear", "Linear") + b")\x81}b"))
    put(directory, "bare-pickle.pt", 65, "a pickle without a container", pickled(call + argument + b"R"))
    legacy = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
    info = pickled(b"}(" + text("little_endian") + b"\x88" + text("protocol_version") + b"M\xe9\x03u")
    put(directory, "legacy-code.pt", 65, "os.system in the container of before 1.6", legacy + info + pickled(call + argument + b"R"))
    put(directory, "legacy-big-endian.pt", 65, "big-endian storages in that container",
        legacy + info.replace(b"\x88", b"\x89", 1) + state(b"N"))
    put(directory, "legacy-cut.pt", 65, "that container, cut before its storages", legacy + info + state(b"N"))
    body = legacy + info + state(b"N") + pickled(b"](" + text("0") + b"e")
    put(directory, "legacy-huge.pt", 65, "that container, a storage of 2^62 elements", body + struct.pack("<Q", 1 << 62))
    tar = bytearray(1024)
    tar[0:8] = b"sys_info"
    tar[257:262] = b"ustar"
    put(directory, "tar.pt", 65, "the tar container of before 2017", bytes(tar))


def make_pickles(directory):
    """Pickles that are damaged, or that unfold to more than memory holds."""
    pickle(directory, "control.pt", "nothing is wrong: the tool must read this one", state(b"N"), status=0)
    pickle(directory, "empty-pickle.pt", "a pickle of no bytes", b"")
    pickle(directory, "no-stop.pt", "a pickle without an end", state(b"N")[:-1])
    pickle(directory, "protocol-0.pt", "a pickle of protocol 0", b"(dp0\n.")
    pickle(directory, "protocol-9.pt", "a pickle of protocol 9", pickled(b"}", 9))
    pickle(directory, "underflow.pt", "REDUCE on an empty stack", pickled(b"R"))
    pickle(directory, "mark-missing.pt", "TUPLE without a mark", pickled(b"NNt"))
    pickle(directory, "mark-crossed.pt", "an operation that reaches below a mark", pickled(b"N(\x85"))
    pickle(directory, "two-values.pt", "two values left on the stack", pickled(b"NN"))
    pickle(directory, "memo-missing.pt", "a memo that was never made", state(b"h\xff"))
    pickle(directory, "text-huge.pt", "a text of 2^63 bytes", pickled(b"\x8d" + struct.pack("<Q", 1 << 63) + b"x", 4))
    pickle(directory, "text-past-end.pt", "a text longer than the pickle", pickled(b"X" + struct.pack("<I", 1 << 31)))
    pickle(directory, "text-not-utf8.pt", "a text that is not UTF-8", state(text(b"\xff\xfe")))
    pickle(directory, "unknown-operation.pt", "a byte that is no operation", state(b"\xff"))
    pickle(directory, "nesting.pt", "lists five thousand deep", pickled(b"]" * 5_000 + b"a" * 4_999))
    pickle(directory, "nesting-memo.pt", "lists five thousand deep, inside out",
           pickled(b"]q\0" + b"]q\1h\0aq\0" * 0 + b"".join(b"]h\0aq\0" for _ in range(5_000))))
    bomb = b"]q\0" + b"".join(b"](" + b"h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(64))
    pickle(directory, "memo-bomb.pt", "a list that unfolds to 2^64 elements", pickled(bomb))
    pickle(directory, "memo-cycle.pt", "a list inside itself", pickled(b"]q\0h\0a"), status=0)
    pickle(directory, "memo-cycle-far.pt", "a list inside a list inside itself", pickled(b"]q\0]q\1h\0aa"), status=0)
    chain = b"]q\0" + b"]q\1a0h\1" * 5_000
    pickle(directory, "memo-chain.pt", "lists five thousand deep, each put into one that is inside another", pickled(chain + b"0h\0"))
    pickle(directory, "memo-chain-lost.pt", "the innermost of such lists, the others held by nothing", pickled(chain), status=0)
    whole = glob("argparse", "Namespace") + b")\x81q\0}" + text("a") + b"h\0sb"
    pickle(directory, "memo-cycle-twice.pt", "a record that gets a second state from inside itself", pickled(whole + b"}" + text("b") + b"h\0sb"))
    pickle(directory, "setitem-key.pt", "SETITEMS with a key and no value", pickled(b"}(N u".replace(b" ", b"")))
    pickle(directory, "append-dict.pt", "APPEND to a dictionary", pickled(b"}Na"))
    pickle(directory, "name-endless.pt", "a name without an end", pickled(b"c" + b"a" * 5000))


def make_tensors(directory):
    """Tensors that leave their storages."""
    def one(name, attack, value, data=b"\0" * 24, status=65):
        put(directory, name, status, attack, archive(pickled(b"}" + text("weight") + value + b"s"), data).finish())

    one("storage-short.pt", "a storage shorter than the pickle says", tensor(), b"\0" * 20)
    one("storage-long.pt", "a storage longer than the pickle says", tensor(), b"\0" * 28)
    one("storage-missing.pt", "a storage that is not there", tensor(), None)
    one("storage-negative.pt", "a storage of -1 elements", tensor(storage(count=number(-1))))
    one("storage-huge.pt", "a storage of 2^62 elements", tensor(storage(count=long(1 << 62))))
    one("storage-class.pt", "a storage of a class that does not exist", tensor(storage(kind="EvilStorage")))
    one("view-past-end.pt", "a view that ends behind its storage", tensor(sizes=shape(3, 3)))
    one("view-offset.pt", "a view that begins too far on", tensor(offset=number(1)))
    one("view-offset-negative.pt", "a view that begins before its storage", tensor(offset=number(-1)))
    one("view-offset-huge.pt", "a view that begins at 2^63 - 1", tensor(offset=long((1 << 63) - 1)))
    one("stride-negative.pt", "a negative stride", tensor(strides=shape(-3, 1)))
    one("stride-huge.pt", "strides whose product overflows", tensor(strides=shape(long(1 << 62), 1)))
    one("stride-missing.pt", "fewer strides than sizes", tensor(strides=shape(1)))
    one("size-negative.pt", "a negative size", tensor(sizes=shape(-2, 3)))
    one("size-huge.pt", "sizes whose product overflows", tensor(sizes=shape(long(1 << 62), 8), strides=shape(0, 0)))
    one("expanded-bomb.pt", "one element spread over 2^60", tensor(sizes=shape(long(1 << 60)), strides=shape(0)))
    one("axes.pt", "a tensor of a thousand axes", tensor(sizes=shape(*[1] * 1000), strides=shape(*[1] * 1000)))
    one("arguments.pt", "a tensor without arguments", glob("torch._utils", "_rebuild_tensor_v2") + b")R")
    one("size-text.pt", "a size that is a text", tensor(sizes=shape(text("2"), 3)))


def make_archives(directory):
    """Archives whose structure lies."""
    good = state(b"N")
    def put_zip(name, attack, content, status=65):
        put(directory, name, status, attack, content)

    put_zip("byteorder-big.pt", "big-endian storages", archive(good, byteorder=b"big").finish())
    put_zip("version-missing.pt", "an archive without a version", archive(good, version=None).finish())
    put_zip("version-99.pt", "an archive of version 99", archive(good, version=b"99\n").finish())
    put_zip("two-roots.pt", "records in two folders", archive(good).add("other/data/1", b"x").finish())
    put_zip("torchscript.pt", "a program in place of a state", archive(good).add("r/constants.pkl", b"\x80\x02).").finish())
    for label, name in (("dots", "r/../../../tmp/owned"), ("absolute", "/tmp/owned"), ("backslash", "r\\..\\owned"),
                        ("nul", "r/a\0b"), ("empty-component", "r//a"), ("dot", "r/./a")):
        put_zip(f"name-{label}.pt", f"a member called {name!r}", archive(good).add(name, b"x").finish())
    put_zip("name-latin1.pt", "a name that is not UTF-8", archive(good).add(b"r/\xff", b"x").finish())
    put_zip("duplicate.pt", "two members of one name", archive(good).add("r/data/0", b"\1" * 24).finish())
    put_zip("local-name.pt", "a local header with another name", archive(good, local_name="r/data/1").finish())
    put_zip("local-size.pt", "a local header with another size", archive(good, local_size=20).finish())
    put_zip("local-method.pt", "a local header with another method", archive(good, local_method=8).finish())
    put_zip("overlap.pt", "two members that share bytes", overlap(good))
    put_zip("encrypted.pt", "an encrypted member", archive(good, flags=1).finish())
    put_zip("method-99.pt", "a member compressed by a method that does not exist", archive(good, method=99).finish())
    zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = zeros.compress(bytes(1 << 20)) + zeros.flush()
    put_zip("deflate-bomb.pt", "1 KiB that inflates to 1 MiB and says 24 bytes", archive(good, method=8, stored=deflated).finish(), "1,65")
    put_zip("deflate-claim.pt", "1 KiB that says it inflates to 4 GiB",
            archive(good, method=8, stored=deflated, size=0xFFFFFFFE).finish())
    put_zip("deflate-damaged.pt", "deflated data that is none", archive(good, method=8, stored=b"\xff" * 30).finish(), "1,65")
    put_zip("pickle-crc.pt", "a pickle that does not match its CRC-32",
            Zip().add("r/data.pkl", good, crc=7).add("r/version", b"3\n").finish(), "1,65")
    whole = archive(good).finish()
    put_zip("cut.pt", "an archive cut in the middle", whole[: len(whole) // 2])
    put_zip("cut-end.pt", "an archive without its last byte", whole[:-1])
    put_zip("junk-before.pt", "an archive behind other bytes", b"PK\3\4" + whole)
    put_zip("junk-behind.pt", "an archive before other bytes", whole + b"junk")
    put_zip("count-more.pt", "an end record that counts one member more", archive(good).finish(count=9))
    put_zip("count-fewer.pt", "an end record that counts one member fewer", archive(good).finish(count=2))
    put_zip("directory-past-end.pt", "a central directory behind the file's end", archive(good).finish(start=1 << 30))
    put_zip("directory-size.pt", "a central directory of 4 GiB", archive(good).finish(size=0xFFFFFFF0))
    put_zip("offset-past-end.pt", "a member that lies behind the file's end", archive(good, offset=1 << 31).finish())
    put_zip("offset-64.pt", "a member at the last 64-bit offset",
            archive(good, offset=0xFFFFFFFF, extra=struct.pack("<HHQ", 1, 8, (1 << 64) - 1)).finish())
    put_zip("extra-short.pt", "a zip64 field without its number",
            archive(good, offset=0xFFFFFFFF, extra=struct.pack("<HH", 1, 0)).finish())
    put_zip("locator.pt", "a zip64 locator that leads nowhere",
            whole[:-22] + struct.pack("<4sIQI", b"PK\6\7", 0, (1 << 64) - 1, 1) + whole[-22:])


def overlap(good):
    first = archive(good)
    forged = Zip()
    forged.data = first.data
    forged.directory = first.directory
    forged.count = first.count
    inner = first.data.index(b"PK\3\4", 4)
    forged.directory += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, 33, zlib.crc32(b"little"), 6, 6,
                                    len("r/byteorder"), 0, 0, 0, 0, 0, inner) + b"r/byteorder"
    forged.count += 1
    return forged.finish()


if __name__ == "__main__":
    folder = sys.argv[1]
    make_code(folder)
    make_pickles(folder)
    make_tensors(folder)
    make_archives(folder)
    with open(os.path.join(folder, "attacks.tsv"), "w") as table:
        table.write("prefix\tstatus\tattack\n")
        table.writelines("%s\t%s\t%s\n" % attack for attack in attacks)
