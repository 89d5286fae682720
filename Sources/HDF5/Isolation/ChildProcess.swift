internal import Tensors

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Runs a program and collects what it prints.
enum ChildProcess {
  /// Runs a program that may print no more than so many bytes; one that prints more is ended.
  ///
  /// What comes back is what it printed, and its exit status, or minus the signal that ended it.
  static func run(
    _ program: String,
    _ arguments: [String],
    limit: Int
  ) throws -> ([UInt8], status: Int32) {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { throw failure("make a pipe") }
    // The child must not keep the reading end open, nor the parent the writing end.
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    var copies = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe copies.forEach { unsafe free($0) } }
    var process: pid_t = 0
    var attributes = try withDefaultSignals()
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    let started = unsafe posix_spawn(&process, program, &actions, &attributes, &copies, environ)
    close(ends[1])
    guard started == 0 else {
      close(ends[0])
      errno = started
      throw failure("start \(program)")
    }
    let output = readAll(ends[0], limit: limit)
    close(ends[0])
    if output.count > limit { kill(process, SIGKILL) }
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    return (output, status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F))
  }

  /// What is ignored or blocked here would otherwise be so in the child, too, which must be able to end.
  private static func withDefaultSignals() throws -> posix_spawnattr_t {
    var attributes = posix_spawnattr_t()
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ] {
      unsafe sigaddset(&signals, number)
    }
    guard unsafe posix_spawnattr_init(&attributes) == 0 else { throw failure("start a process") }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    var blocked = sigset_t()
    unsafe sigemptyset(&blocked)
    unsafe posix_spawnattr_setsigmask(&attributes, &blocked)
    let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    return attributes
  }

  /// Everything until the end, or the first few bytes beyond the limit.
  private static func readAll(_ descriptor: Int32, limit: Int) -> [UInt8] {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while output.count <= limit {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return output }
      output += buffer[..<count]
    }
    return output
  }

  private static func failure(_ action: String) -> StateError {
    StateError(.inputOutput, "cannot \(action): \(unsafe String(cString: strerror(errno)))")
  }
}
