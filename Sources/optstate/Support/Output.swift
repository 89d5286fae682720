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
  static func lines(_ lines: [String]) throws {
    try text(lines.map(\.visible).joined(separator: "\n") + "\n")
  }

  /// Prints an object that a program reads.
  static func json(_ value: JSONValue) throws {
    try text(value.text + "\n")
  }

  /// Prints a result as it is.
  ///
  /// Every write is looked at: a result that did not reach its reader is none.
  static func text(_ text: String) throws {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes[done...].withUnsafeBytes {
        unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        // A reader that has seen enough, such as head, is no failure.
        if errno == EPIPE { Signals.end(by: SIGPIPE) }
        let reason = unsafe String(cString: strerror(errno))
        throw StateError(.inputOutput, "cannot write to standard output: \(reason)")
      }
      done += count
    }
  }

  /// The longest message, whatever names a file holds.
  private static let longestMessage = 16_000

  /// Writes a line to standard error; of what is longer than any reader's patience, beginning and end.
  static func message(_ text: String) {
    write(coloured(text.visible.shortened(to: longestMessage)) + "\n")
  }

  /// Says what a command has made, once it is there.
  ///
  /// - Parameters:
  ///   - path: Where it lies.
  ///   - format: What it is.
  static func wrote(_ path: String, _ format: String) {
    message("note: wrote \(path), \(format)")
  }

  /// A message whose first word has its colour, where standard error shows colours.
  private static func coloured(_ line: String) -> String {
    guard showsColours else { return line }
    for (word, colour) in [("error:", 31), ("note:", 36)] where line.hasPrefix(word) {
      return "\u{1B}[1;\(colour)m\(word)\u{1B}[0m" + line.dropFirst(word.count)
    }
    return line
  }

  /// Whether standard error is a terminal with colours, and nobody has asked for none (no-color.org).
  private static var showsColours: Bool {
    func value(_ name: String) -> String {
      unsafe getenv(name).map { unsafe String(cString: $0) } ?? ""
    }
    return isTerminal && value("NO_COLOR").isEmpty && !["", "dumb"].contains(value("TERM"))
  }

  /// Writes text to standard error.
  static func write(_ text: String) {
    let bytes = Array(text.utf8)
    unsafe bytes.withUnsafeBytes { _ = unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// Puts something where standard input, output or error is closed, which fails as a closed one does.
  ///
  /// Else the next file that is opened, an output, would be what messages are written to.
  static func occupyStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      let mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY
      // The lowest one that is free is the next: those below are all open.
      _ = unsafe open("/dev/null", mode)
    }
  }

  /// Whether standard error is a terminal.
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}
