#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Help and usage as a terminal shows them.
enum HelpText {
  /// Columns of the terminal, 80 where there is none.
  static var columns: Int {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 40 else {
      return 80
    }
    return Int(size.ws_col)
  }

  /// A text whose usage lines are broken between arguments, and in which errors are spelled as everywhere.
  ///
  /// - Parameters:
  ///   - text: What the parser of arguments has to say.
  ///   - columns: How long a line may be.
  /// - Returns: The text.
  static func wrapped(_ text: String, columns: Int = Self.columns) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      if line.hasPrefix("Error: ") { return "error: " + line.dropFirst(7) }
      let isUsage = line.lowercased().hasPrefix("usage: ")
      return isUsage && line.count > columns ? usage(line, columns) : String(line)
    }.joined(separator: "\n")
  }

  /// A usage line over several, each broken where a new argument begins.
  private static func usage(_ line: Substring, _ columns: Int) -> String {
    var depth = 0
    let parts = line.split { character in
      if "[<".contains(character) { depth += 1 }
      if "]>".contains(character) { depth -= 1 }
      return character == " " && depth == 0
    }
    var lines = [""]
    for part in parts {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(part)
      } else if last.count + 1 + part.count <= columns {
        lines[lines.count - 1] += " " + part
      } else {
        lines.append(String(repeating: " ", count: 9) + part)
      }
    }
    return lines.joined(separator: "\n")
  }
}
