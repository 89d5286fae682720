internal import ByteIO
internal import Tensors

/// The names of a model's parameters in a text file, as `--names` takes it.
public enum ParameterNames {
  /// Reads names, one per line; empty lines do not count.
  ///
  /// - Parameter path: A UTF-8 text file.
  /// - Returns: The names in the file's order.
  /// - Throws: `StateError` with code `malformed` when the text is no UTF-8 or a name occurs twice.
  public static func read(_ path: String) throws -> [String] {
    let bytes = try PositionalFile.contents(of: path, within: .textBytes, "the list of names")
    // Some editors begin a text with the mark of its encoding.
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let content = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
    guard let text = String(validating: content, as: UTF8.self) else {
      throw StateError(.malformed, "the list of names is no UTF-8", file: path)
    }
    let names = text.split(whereSeparator: \.isNewline).map(String.init)
    var seen: Set<ExactName> = []
    for name in names where !seen.insert(ExactName(name)).inserted {
      throw StateError(.malformed, "the name '\(name)' stands twice in the list", file: path)
    }
    return names
  }
}
