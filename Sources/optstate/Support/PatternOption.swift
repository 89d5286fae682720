internal import ArgumentParser

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
}
