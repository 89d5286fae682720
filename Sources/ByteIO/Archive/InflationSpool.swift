internal import Synchronization
internal import Tensors

/// Where the members of an archive, or the chunks of an array, are after inflation: small ones in memory as long as there is room, all
/// others in a file without a name, one for all: an archive may have more members than a process may
/// have files.
package final class InflationSpool: Sendable {
  /// Bytes of members that are kept in memory, and how many of them one member may take.
  private static let memoryLimit = 1 << 26
  private static let memberLimit = 1 << 20

  private let state = Mutex<(file: PositionalFile, end: Int)?>(nil)
  private let inMemory = Mutex(0)
  // The bound of whoever opens the archive; members are inflated by other threads.
  private let limit = Limits[.inflatedBytes]

  /// A spool without a file yet.
  package init() {}

  /// Whether a member may stay in memory; then its bytes count from now on.
  ///
  /// - Parameter count: Bytes of the member.
  /// - Returns: Whether there is room.
  func takesMemory(_ count: Int) -> Bool {
    inMemory.withLock { used in
      guard count <= Self.memberLimit, used + count <= Self.memoryLimit else { return false }
      used += count
      return true
    }
  }

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
      guard !overflow, end <= limit else {
        throw StateError.exceeded(
          .inflatedBytes,
          "the archive's members are too large together",
          found: overflow ? nil : end
        )
      }
      state = (file, end)
      return (file, start)
    }
  }
}
