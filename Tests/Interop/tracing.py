"""Runs a program under ptrace and does something to it at one system call, counted over all its threads.

A filter in the kernel stops the program at the calls that concern files, and nowhere else. Unlike strace,
which counts the calls of each thread by itself, this strikes the n-th call of all, so that walking n from the
first to the last leaves none out; and a transfer can truly be cut short. Only for Linux on x86-64.

One thread must start, run and reap what it traces: call `trace` in a process of its own (`workers`).
"""
import concurrent.futures
import ctypes
import dataclasses
import itertools
import multiprocessing
import os
import platform
import shutil
import signal
import struct
import time

SECONDS = 120

READS = {"read": 0, "pread64": 17, "readv": 19, "preadv": 295}
WRITES = {"write": 1, "pwrite64": 18, "writev": 20, "pwritev": 296}
SYNCS = {"fsync": 74, "fdatasync": 75}
BY_DESCRIPTOR = {**READS, **WRITES, **SYNCS, "flock": 73, "ftruncate": 77, "fallocate": 285, "getdents64": 217}
# Where the paths are among the arguments, and the descriptors that they are relative to.
BY_PATH = {
    "open": (2, [(None, 0)]),
    "openat": (257, [(0, 1)]),
    "rename": (82, [(None, 0), (None, 1)]),
    "renameat": (264, [(0, 1), (2, 3)]),
    "renameat2": (316, [(0, 1), (2, 3)]),
    "link": (86, [(None, 0), (None, 1)]),
    "linkat": (265, [(0, 1), (2, 3)]),
    "symlink": (88, [(None, 1)]),
    "unlink": (87, [(None, 0)]),
    "unlinkat": (263, [(0, 1)]),
    "mkdir": (83, [(None, 0)]),
    "mkdirat": (258, [(0, 1)]),
    "rmdir": (84, [(None, 0)]),
    "truncate": (76, [(None, 0)]),
}
MMAP = 9
# Calls that write in ways that nothing here follows; the tests want none of them.
UNFOLLOWED = {"sendfile": 40, "copy_file_range": 326, "splice": 275, "io_uring_setup": 425, "creat": 85}

NAMES = {
    **{number: name for name, number in {**BY_DESCRIPTOR, **UNFOLLOWED}.items()},
    **{number: name for name, (number, _) in BY_PATH.items()},
    MMAP: "mmap",
}
RENAMES = {"rename", "renameat", "renameat2", "link", "linkat"}

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
libc.ptrace.restype = ctypes.c_long

TRACEME, CONT, GETREGS, SETREGS, SYSCALL, SETOPTIONS = 0, 7, 12, 13, 24, 0x4200
# System calls are told from signals; forks, threads and programs are followed; all ends with the tracer.
OPTIONS = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000
AT_SECCOMP, AFTER_CALL = signal.SIGTRAP | 7 << 8, signal.SIGTRAP | 0x80
ALL_KINDS = 0x40000000
CURRENT_DIRECTORY = -100


class Registers(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_ulonglong)
        for name in (
            "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss"
            " fs_base gs_base ds es fs gs"
        ).split()
    ]

    def arguments(self):
        return [self.rdi, self.rsi, self.rdx, self.r10, self.r8, self.r9]


@dataclasses.dataclass
class Call:
    """A system call that concerns a file of the folder."""

    name: str
    paths: list
    # Flags of an open, bytes of a transfer.
    flags: int = 0
    size: int = 0
    thread: int = 0
    # When it began and when it was over, in the order of all of these, and what came back: where recorded.
    began: int = None
    over: int = None
    result: int = None

    def __str__(self):
        return f"{self.name}({', '.join(os.path.basename(path) for path in self.paths)})"

    @property
    def changes(self):
        """Whether the call changes something in the folder, or makes a change last."""
        if self.name in ("open", "openat"):
            return bool(self.flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR))
        return self.name not in READS and self.name != "getdents64"


@dataclasses.dataclass
class Effect:
    """What to do at the call of that number, among those that are meant, counted from 0.

    kind: "kill" and "signal" end the program before the call is made; "error" has the call fail;
    "short" has it move half of what it was asked to; "vanish" removes the folder before it.
    """

    kind: str
    at: int = 0
    number: int = 0
    # Only calls of these names count.
    names: tuple = ()
    # Only calls that change something count.
    only_changes: bool = True
    # Only calls on paths that end so count.
    suffix: str = ""
    # All calls from that one on are meant, as on a disk that stays full.
    lasting: bool = False
    # Seconds that the thread which makes the call waits for a signal to be dealt with.
    patience: float = 0.25

    def counts(self, call):
        return (
            (not self.names or call.name in self.names)
            and (not self.only_changes or call.changes)
            and call.paths[-1].endswith(self.suffix)
        )


@dataclasses.dataclass
class Ended:
    """How a traced program ended."""

    status: int
    output: str
    messages: str
    calls: list
    # The call at which the effect took place.
    struck: Call = None


def refusal():
    """Why nothing can be traced here, None where it can."""
    if multiprocessing.parent_process():
        # A worker reads the tests' files, too, but has no use for the answer.
        return None
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return "tracing is for Linux on x86-64"
    try:
        with workers(1) as pool:
            seen = pool.submit(trace, ["/bin/mkdir", "/proc/no-such"], "/proc").result().calls
    except (OSError, TimeoutError, concurrent.futures.process.BrokenProcessPool) as error:
        return f"this machine lets nobody trace: {error}"
    return None if any(call.name.startswith("mkdir") for call in seen) else "tracing sees no calls here"


def workers(count=None):
    """Processes to trace in."""
    return concurrent.futures.ProcessPoolExecutor(
        count or len(os.sched_getaffinity(0)), mp_context=multiprocessing.get_context("spawn")
    )


def trace(arguments, folder, effect=None, environment=None, results=False, also=()):
    """Runs a program to its end.

    folder: calls that concern nothing below it are let through and not listed.
    also: more effects, which `struck` does not tell of.
    results: whether what the calls return is recorded, too.
    """
    # Nothing of a former run may be mistaken for one of this.
    streams = [os.memfd_create(name) for name in ("output", "messages")]
    child = os.fork()
    if child == 0:
        try:
            start([os.fsencode(str(one)) for one in arguments], streams, environment)
        finally:
            os._exit(127)
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    follower = Follower(child, str(folder), [effect, *also] if effect else [*also], results)
    try:
        follower.follow()
        ended = follower.ended
        ended.output, ended.messages = (
            os.pread(stream, os.fstat(stream).st_size, 0).decode("utf-8", "backslashreplace") for stream in streams
        )
        return ended
    except BaseException as error:
        os.kill(child, signal.SIGKILL)
        error.add_note(f"the last calls: {', '.join(map(str, follower.ended.calls[-5:]))}")
        raise
    finally:
        signal.alarm(0)
        reap()
        for stream in streams:
            os.close(stream)


def reap():
    while True:
        try:
            os.waitpid(-1, ALL_KINDS)
        except ChildProcessError:
            return


def give_up(number, frame):
    raise TimeoutError(f"the program still ran after {SECONDS} seconds")


def start(arguments, streams, environment):
    """In the child: waits to be traced, and becomes the program."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(streams[0], 1)
    os.dup2(streams[1], 2)
    # Python ignores these two, and a child inherits that.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    checked(TRACEME, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    filter_calls()
    os.execve(arguments[0], arguments, environment or dict(os.environ))


def filter_calls():
    """Has the kernel stop this process at the calls that are listed, and let all others through."""
    load, equal, answer = 0x20, 0x15, 0x06
    numbers = sorted(NAMES)
    program = [struct.pack("=HBBI", load, 0, 0, 0)]
    for place, number in enumerate(numbers):
        # To the last instruction, over the comparisons to come and the answer "go on".
        program.append(struct.pack("=HBBI", equal, len(numbers) - place, 0, number))
    program.append(struct.pack("=HBBI", answer, 0, 0, 0x7FFF0000))
    program.append(struct.pack("=HBBI", answer, 0, 0, 0x7FF00000))
    code = ctypes.create_string_buffer(b"".join(program))
    header = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", len(program), ctypes.addressof(code)))
    no_new_privileges, set_filter = 38, 22
    libc.prctl(no_new_privileges, 1, 0, 0, 0)
    if libc.prctl(set_filter, 2, ctypes.byref(header), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def checked(request, process, address=0, data=0):
    if libc.ptrace(request, process, address, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def go_on(request, process, number=0):
    """Lets a stopped thread go on, unless it shall wait or has been killed meanwhile."""
    if request is None:
        return
    try:
        checked(request, process, 0, number)
    except ProcessLookupError:
        pass


class Follower:
    """Goes along with a program from stop to stop."""

    def __init__(self, child, folder, effects, results):
        self.child, self.folder, self.effects, self.results = child, folder, effects, results
        self.ended = Ended(0, "", "", [])
        self.registers = Registers()
        self.counts, self.moments, self.pending = [0] * len(effects), itertools.count(), {}
        # A thread that waits, and until when.
        self.held = None

    def follow(self):
        os.waitpid(self.child, os.WUNTRACED)
        checked(SETOPTIONS, self.child, 0, OPTIONS)
        go_on(CONT, self.child)
        while True:
            try:
                process, status = os.waitpid(-1, ALL_KINDS | (os.WNOHANG if self.held else 0))
            except ChildProcessError:
                return
            if process == 0:
                self.release_in_time()
            elif os.WIFSTOPPED(status):
                try:
                    self.stopped(process, status >> 8)
                except (ProcessLookupError, FileNotFoundError):
                    # It was killed while it stood there.
                    pass
            else:
                if self.held and self.held[0] == process:
                    self.held = None
                if process == self.child:
                    self.ended.status = os.waitstatus_to_exitcode(status)

    def release_in_time(self):
        thread, until = self.held
        if time.monotonic() > until:
            go_on(CONT, thread)
            self.held = None
        time.sleep(0.0005)

    def stopped(self, thread, stop):
        if stop == AT_SECCOMP:
            checked(GETREGS, thread, 0, ctypes.addressof(self.registers))
            call = describe(thread, self.registers, self.folder)
            go_on(self.entered(thread, call) if call else CONT, thread)
        elif stop == AFTER_CALL:
            if thread in self.pending:
                checked(GETREGS, thread, 0, ctypes.addressof(self.registers))
                call = self.pending.pop(thread)
                call.result, call.over = ctypes.c_longlong(self.registers.rax).value, next(self.moments)
            go_on(CONT, thread)
        elif stop in (signal.SIGSTOP, signal.SIGTRAP) or stop >> 8:
            # A new thread, a new program.
            go_on(CONT, thread)
        else:
            go_on(CONT, thread, stop)

    def entered(self, thread, call):
        """Lists a call; returns how its thread shall go on."""
        self.ended.calls.append(call)
        for place, effect in enumerate(self.effects):
            if not effect.counts(call):
                continue
            count = self.counts[place]
            self.counts[place] += 1
            if count == effect.at or effect.lasting and count > effect.at:
                if place == 0:
                    self.ended.struck = self.ended.struck or call
                self.strike(thread, effect)
                if effect.kind == "signal":
                    # What deals with the signal gets time to do so before the call is made.
                    self.held = thread, time.monotonic() + effect.patience
                    return None
        if not self.results:
            return CONT
        call.began = next(self.moments)
        self.pending[thread] = call
        return SYSCALL

    def strike(self, thread, effect):
        registers = self.registers
        if effect.kind == "kill":
            # A call that is about to be made is not made any more.
            os.kill(self.child, signal.SIGKILL)
        elif effect.kind == "signal":
            os.kill(self.child, effect.number)
        elif effect.kind == "vanish":
            shutil.rmtree(self.folder)
        elif effect.kind == "error":
            # The call that there is not is skipped, and this is what it returned.
            registers.orig_rax = (1 << 64) - 1
            registers.rax = (1 << 64) - effect.number
            checked(SETREGS, thread, 0, ctypes.addressof(registers))
        elif effect.kind == "short":
            registers.rdx = max(1, registers.rdx // 2)
            checked(SETREGS, thread, 0, ctypes.addressof(registers))


def describe(process, registers, folder):
    """The call that a thread is about to make, None where it does not concern the folder."""
    name = NAMES.get(registers.orig_rax)
    arguments = registers.arguments()
    flags = 0
    if name in BY_PATH:
        paths = [path_of(process, arguments, *place) for place in BY_PATH[name][1]]
        flags = {"open": arguments[1], "openat": arguments[2], "renameat2": arguments[4]}.get(name, 0)
    elif name == "mmap":
        # Memory that is shared and written to is a file that is written to.
        is_shared, may_write = arguments[3] & 1, arguments[2] & 2
        if not (is_shared and may_write) or ctypes.c_int(arguments[4]).value < 0:
            return None
        paths = [descriptor_path(process, arguments[4])]
    elif name in UNFOLLOWED:
        paths = [folder + "/?"]
    else:
        paths = [descriptor_path(process, arguments[0])]
    inside = [path for path in paths if path == folder or path.startswith(folder + "/")]
    if not inside:
        return None
    return Call(name, paths, flags, arguments[2] if name in BY_DESCRIPTOR else 0, process)


def descriptor_path(process, descriptor):
    try:
        return os.readlink(f"/proc/{process}/fd/{ctypes.c_int(descriptor).value}")
    except OSError:
        return ""


def path_of(process, arguments, directory, place):
    path = text_at(process, arguments[place])
    if path.startswith("/"):
        return os.path.normpath(path)
    base = CURRENT_DIRECTORY if directory is None else ctypes.c_int(arguments[directory]).value
    if base == CURRENT_DIRECTORY:
        return os.path.normpath(os.path.join(os.readlink(f"/proc/{process}/cwd"), path))
    return os.path.normpath(os.path.join(descriptor_path(process, base), path))


def text_at(process, address):
    """The text at an address, which ends with a zero and is no longer than a path may be."""
    page = 4096
    with open(f"/proc/{process}/mem", "rb", 0) as memory:
        text = b""
        while b"\0" not in text and len(text) < 2 * page:
            memory.seek(address + len(text))
            # Not beyond the end of a page: the next one may not be there.
            piece = memory.read(page - (address + len(text)) % page)
            if not piece:
                break
            text += piece
    return text.split(b"\0")[0].decode("utf-8", "surrogateescape")
