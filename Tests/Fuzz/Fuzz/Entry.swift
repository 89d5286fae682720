/// A parser under attack: where to begin, and what to do with each input.
struct Entry: Sendable {
  /// Its name, as `Tests/Fuzz/run` takes it.
  let name: String

  /// Inputs that reach deep into the parser, to be varied.
  let seeds: @Sendable () throws -> [[UInt8]]

  /// Parses an input and uses what came out of it.
  ///
  /// Any `StateError` is a right answer; a trap, another error or a broken promise is a finding.
  let parse: @Sendable (_ input: [UInt8]) throws -> Void
}
