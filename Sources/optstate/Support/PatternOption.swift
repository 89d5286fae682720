internal import ArgumentParser
internal import OptStateKit
internal import Tensors

/// A regular expression as Python's `re.search` takes it: found anywhere, character by character of
/// Unicode's code points.
struct Pattern: ExpressibleByArgument, Sendable {
  let text: String

  init?(argument: String) {
    guard (try? Regex(argument)) != nil else { return nil }
    text = argument
  }

  /// Whether the pattern occurs in a name.
  func matches(_ name: String) -> Bool {
    guard let regex = try? Regex(text).matchingSemantics(.unicodeScalar) else { return false }
    return name.firstMatch(of: regex) != nil
  }

  /// The error of an expression that occurs in none of the names, with the one that may be meant.
  ///
  /// - Parameters:
  ///   - names: The names of variables.
  ///   - file: What has them.
  /// - Returns: The error.
  func nothing(in names: [String], of file: String) -> StateError {
    Self.error("no variable matches '\(text)'", text, names, file)
  }

  /// The error of a variable that there is none of, with the one that may be meant.
  static func noVariable(_ name: String, in names: [String], of file: String) -> StateError {
    error("there is no variable '\(name)'", name, names, file)
  }

  private static func error(_ message: String, _ word: String, _ names: [String], _ file: String)
    -> StateError
  {
    let parts = names.lazy.flatMap { $0.split { "./".contains($0) }.map(String.init) }
    let meant = Spelling.nearest(to: word, among: names) ?? Spelling.nearest(to: word, among: parts)
    return StateError(
      .unsupported,
      message,
      file: file,
      remedy: meant.map { "is '\($0)' meant?" }
    )
  }
}
