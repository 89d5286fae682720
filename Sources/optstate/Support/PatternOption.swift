internal import ArgumentParser

/// A regular expression, or the reason why a text is none.
struct Pattern: ExpressibleByArgument, Sendable {
  let text: String

  init?(argument: String) {
    guard (try? Regex(argument)) != nil else { return nil }
    text = argument
  }

  /// Whether the pattern occurs in a name.
  func matches(_ name: String) -> Bool {
    guard let regex = try? Regex(text) else { return false }
    return name.firstMatch(of: regex) != nil
  }
}
