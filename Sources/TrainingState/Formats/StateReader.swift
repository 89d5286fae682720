/// Opens states of one format.
public protocol StateReader: Sendable {
  /// The name of the format, as `--to` takes it.
  static var format: String { get }

  /// Whether a path holds a state of this format, judged by content.
  ///
  /// - Parameter path: A file, a directory or a prefix.
  /// - Returns: Whether it does.
  /// - Throws: `StateError` when the path exists but cannot be looked at.
  static func recognizes(_ path: String) throws -> Bool

  /// Describes the state at a path; no tensor is read.
  ///
  /// - Parameters:
  ///   - path: A file, a directory or a prefix that ``recognizes(_:)`` has accepted.
  ///   - options: What the files themselves do not say.
  /// - Returns: The state.
  /// - Throws: `StateError` when the content breaks the format's rules.
  static func read(_ path: String, options: ReadOptions) throws -> TrainingState
}
