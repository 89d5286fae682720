/// Writes states in one format.
public protocol StateWriter: Sendable {
  /// Writes a state; the output is complete or absent.
  ///
  /// - Parameters:
  ///   - state: The state, whose tensors are read, verified and written in one pass.
  ///   - path: The file, directory or prefix to make.
  ///   - options: How to write.
  /// - Throws: `StateError` with code `exists`, `cannotCreate` or `inputOutput`, `unsupported` when
  ///   the format cannot hold the state, or what reading the state's tensors throws.
  static func write(_ state: TrainingState, to path: String, options: WriteOptions) throws
}
