internal import Tensors

/// How a state is written.
public struct WriteOptions: Sendable {
  /// Whether existing files may be replaced.
  public var overwrite: Bool

  /// Level of deflate for formats that compress, `nil` for none.
  public var deflateLevel: Int?

  /// Ranks that a sharded output is cut for, `nil` for as many as wrote the state, or one.
  public var ranks: Int?

  /// Whether a global step that the output has no place for is refused, as where somebody has just set it; else a note
  /// says so.
  public var requiresStep = false

  /// Told of the bytes done.
  public var progress: (@Sendable (_ done: Int, _ total: Int) throws -> Void)?

  /// Told, a sentence each, of what the format cannot hold and the writer therefore leaves out, and
  /// of what it writes differently from the source.
  public var note: (@Sendable (_ sentence: String) -> Void)?

  /// Chooses how to write.
  ///
  /// - Parameters:
  ///   - overwrite: Whether existing files may be replaced.
  ///   - deflateLevel: Level of deflate, 1 to 9, for formats that compress.
  ///   - ranks: Ranks that a sharded output is cut for.
  ///   - progress: Told of the bytes done.
  ///   - note: Told of what is left out or written differently.
  public init(
    overwrite: Bool = false,
    deflateLevel: Int? = nil,
    ranks: Int? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) throws -> Void)? = nil,
    note: (@Sendable (_ sentence: String) -> Void)? = nil
  ) {
    self.overwrite = overwrite
    self.deflateLevel = deflateLevel
    self.ranks = ranks
    self.progress = progress
    self.note = note
  }
}

extension WriteOptions {
  /// Says which tensors the output has no place for.
  ///
  /// - Parameters:
  ///   - names: Their names; nothing is said of none.
  ///   - note: Told of them.
  package static func leaveOut(tensors names: [String], _ note: ((String) -> Void)?) {
    if names.isEmpty { return }
    // What a reader keeps for itself, behind a tilde, says nothing to a user.
    let plain = names.filter { !$0.contains("~") }
    let shown = (plain.isEmpty ? names : plain).prefix(5).joined(separator: ", ")
    note?(
      "\(names.count) tensors beside variables and slots have no place in the format and are left "
        + "out, such as \(shown)"
    )
  }

  /// Says that the output has no place for the global step.
  ///
  /// - Parameter step: The step.
  /// - Throws: `StateError` with code `unsupported` where it is required.
  package func leaveOut(step: Int64) throws {
    let what = "the files have no place for a step, which their optimizer does not count"
    guard !requiresStep else {
      throw StateError(.unsupported, what, remedy: "write the state in another format")
    }
    note?("\(what): \(step) is left out")
  }
}
