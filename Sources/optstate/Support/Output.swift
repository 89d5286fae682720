internal import OptStateKit
internal import Tensors

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Where messages go, so that standard output holds results alone.
enum Output {
  /// Prints lines of a result; names from files cannot add others to them.
  static func lines(_ lines: [String]) {
    print(lines.map(\.visible).joined(separator: "\n"))
  }

  /// Writes a line to standard error.
  static func message(_ text: String) {
    write(text.visible + "\n")
  }

  /// Writes text to standard error.
  static func write(_ text: String) {
    let bytes = Array(text.utf8)
    unsafe bytes.withUnsafeBytes { _ = unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// Waits until what was printed has left this process.
  static func flush() throws {
    guard fflush(nil) != 0 else { return }
    // A reader that has seen enough, such as head, is no failure; the signal's handler may be late.
    if errno == EPIPE { Signals.end(by: SIGPIPE) }
    let reason = unsafe String(cString: strerror(errno))
    throw StateError(.inputOutput, "cannot write to standard output: \(reason)")
  }

  /// Whether standard error is a terminal.
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}
