internal import Synchronization
internal import Tensors

/// The file without a name to which the large members of an archive are inflated, one for all: an
/// archive may have more members than a process may have files.
final class InflationSpool: Sendable {
  private let state = Mutex<(file: PositionalFile, end: Int)?>(nil)

  /// Sets aside a place for a member.
  ///
  /// - Parameter count: Bytes of the member.
  /// - Returns: The file and the place.
  /// - Throws: `StateError` with code `inputOutput`.
  func reserve(_ count: Int) throws -> (file: PositionalFile, offset: Int) {
    try state.withLock { state in
      let file = try state?.file ?? PositionalFile.unnamed()
      let start = state?.end ?? 0
      let (end, overflow) = start.addingReportingOverflow(count)
      guard !overflow else {
        throw StateError(.limitExceeded, "the archive's members are too large together")
      }
      state = (file, end)
      return (file, start)
    }
  }
}
