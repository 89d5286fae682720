internal import Tensors

/// Opens states of one format.
public protocol StateReader: Sendable {
  /// Whether a path holds a state of this format, judged by content.
  ///
  /// - Parameter probe: A file, a directory or a prefix.
  /// - Returns: Whether it does.
  /// - Throws: `StateError` when the path exists but cannot be looked at.
  static func recognizes(_ probe: StateProbe) throws -> Bool

  /// Describes the state at a path; no tensor is read.
  ///
  /// What is wrong with the optimizer's part alone is the state's `fault`, and leaves the parameters.
  ///
  /// - Parameters:
  ///   - probe: A file, a directory or a prefix that ``recognizes(_:)-(StateProbe)`` has accepted.
  ///   - options: What the files themselves do not say.
  /// - Returns: The state.
  /// - Throws: `StateError` when the content breaks the format's rules.
  static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState
}

extension StateReader {
  /// Whether a path holds a state of this format, judged by content.
  ///
  /// - Parameter path: A file, a directory or a prefix.
  /// - Returns: Whether it does.
  /// - Throws: `StateError` when the path exists but cannot be looked at.
  public static func recognizes(_ path: String) throws -> Bool { try recognizes(StateProbe(path)) }

  /// Describes the state at a path; no tensor is read.
  ///
  /// - Parameters:
  ///   - path: A file, a directory or a prefix of this format.
  ///   - options: What the files themselves do not say.
  /// - Returns: The state.
  /// - Throws: `StateError` when the content breaks the format's rules.
  public static func read(
    _ path: String,
    options: ReadOptions = ReadOptions()
  ) throws -> TrainingState {
    let state = try read(StateProbe(path), options: options)
    do {
      return try state.sound(options)
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }
}
