internal import Synchronization
internal import Tensors

/// The files that a piece of work reads, so that none of them becomes its output.
///
/// Formats need not report what they open: while a trace records, ``PositionalFile/open(_:)`` does.
package final class InputTrace: Sendable {
  @TaskLocal private static var recording: InputTrace?
  @TaskLocal private static var protected: InputTrace?

  private let files = Mutex<Set<FileIdentity>>([])

  /// Begins with no file.
  package init() {}

  /// Adds every file that is opened for reading meanwhile.
  package func record<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Self.$recording.withValue(self, operation: body)
  }

  /// Keeps every ``OutputSet`` from replacing one of the files meanwhile.
  package func protect<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Self.$protected.withValue(self, operation: body)
  }

  /// Adds a file that belongs to the input, though nobody needs to open it.
  package static func note(_ path: String) {
    guard recording != nil, let file = FileIdentity(path) else { return }
    note(file)
  }

  static func note(_ file: FileIdentity) {
    recording?.files.withLock { _ = $0.insert(file) }
  }

  /// Refuses a path that leads to a file which must not be replaced.
  static func check(_ path: String) throws {
    guard let protected, let file = FileIdentity(path),
      protected.files.withLock({ $0.contains(file) })
    else { return }
    throw StateError(
      .invalidArgument,
      "is a file of the input, which is never changed",
      file: path,
      remedy: "choose another name for the output"
    )
  }
}
