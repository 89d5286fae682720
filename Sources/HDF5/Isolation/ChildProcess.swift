internal import Tensors

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Runs a program and collects what it prints.
enum ChildProcess {
  /// - Returns: What the program printed, and its exit status, or minus the signal that ended it.
  static func run(_ program: String, _ arguments: [String]) throws -> ([UInt8], status: Int32) {
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
    let started = unsafe posix_spawn(&process, program, &actions, nil, &copies, environ)
    close(ends[1])
    guard started == 0 else {
      close(ends[0])
      throw failure("start \(program)")
    }
    let output = readAll(ends[0])
    close(ends[0])
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    return (output, status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F))
  }

  private static func readAll(_ descriptor: Int32) -> [UInt8] {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return output }
      output += buffer[..<count]
    }
  }

  private static func failure(_ action: String) -> StateError {
    StateError(.inputOutput, "cannot \(action): \(unsafe String(cString: strerror(errno)))")
  }
}
