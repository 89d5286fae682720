#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A program that was run to its end.
package struct ChildProcess {
  /// Wall time.
  package let duration: Duration

  /// Largest amount of memory that was resident at any time, in bytes.
  package let peakBytes: Int

  /// Runs a program found on the path, its output dropped.
  ///
  /// - Parameter arguments: The program and what it is given.
  /// - Returns: What it took.
  /// - Throws: ``BenchmarkFailure`` when it cannot be run or fails.
  @discardableResult
  package static func run(_ arguments: String...) throws -> ChildProcess {
    try run(arguments)
  }

  /// Runs a program found on the path, its output dropped.
  ///
  /// - Parameter arguments: The program and what it is given.
  /// - Returns: What it took.
  /// - Throws: ``BenchmarkFailure`` when it cannot be run or fails.
  package static func run(_ arguments: [String]) throws -> ChildProcess {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    var copies = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe copies.forEach { unsafe free($0) } }
    let clock = ContinuousClock()
    let start = clock.now
    var process: pid_t = 0
    guard unsafe posix_spawnp(&process, arguments[0], &actions, nil, &copies, environ) == 0 else {
      throw BenchmarkFailure("cannot run \(arguments[0])")
    }
    var status: Int32 = 0
    var usage = rusage()
    while unsafe wait4(process, &status, 0, &usage) < 0, errno == EINTR {}
    let duration = clock.now - start
    guard status == 0 else {
      throw BenchmarkFailure("\(arguments.joined(separator: " ")) ended with status \(status)")
    }
    #if canImport(Glibc)
    return ChildProcess(duration: duration, peakBytes: usage.ru_maxrss * 1024)
    #else
    return ChildProcess(duration: duration, peakBytes: usage.ru_maxrss)
    #endif
  }
}

/// Why there is nothing to report.
package struct BenchmarkFailure: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}
