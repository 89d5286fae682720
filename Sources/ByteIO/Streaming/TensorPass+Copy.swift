internal import Tensors

extension TensorPass {
  /// Where a tensor's bytes go.
  public struct Placement: Sendable {
    /// The tensor and what messages call it.
    public let tensor: NamedTensor

    /// The file that receives the bytes.
    public let file: PositionalFile

    /// Absolute offset of the first byte.
    public let offset: Int

    /// Describes where a tensor's bytes go.
    ///
    /// - Parameters:
    ///   - tensor: The tensor and what messages call it.
    ///   - file: The file that receives the bytes.
    ///   - offset: Absolute offset of the first byte.
    public init(_ tensor: NamedTensor, file: PositionalFile, offset: Int) {
      self.tensor = tensor
      self.file = file
      self.offset = offset
    }
  }

  /// Copies tensors into files: read, verified against the checksums on record, summed and written in
  /// one pass.
  ///
  /// A view has no checksum of its own; the tensors that it draws from are verified in a pass before.
  ///
  /// - Parameters:
  ///   - placements: What goes where; neighbours are written together when their places adjoin.
  ///   - progress: Told of the bytes done.
  /// - Returns: The CRC-32C of the bytes of each tensor.
  /// - Throws: `StateError` with code `checksumMismatch` when a source is damaged, or what reading
  ///   and writing throw.
  /// - Complexity: O(bytes) time, O(tensors + bytes / 1 MiB) memory.
  public static func copy(_ placements: [Placement], progress: Progress? = nil) throws -> [CRC32C] {
    try copy(placements, progress: progress, summing: CRC32C.self) { $0 }
  }

  /// Copies tensors into an archive, which keeps a sum of another kind, in the same single pass.
  ///
  /// - Parameters:
  ///   - placements: What goes where; neighbours are written together when their places adjoin.
  ///   - progress: Told of the bytes done.
  /// - Returns: Both sums of the bytes of each tensor.
  /// - Throws: `StateError` as ``copy(_:progress:)``.
  /// - Complexity: O(bytes) time, O(tensors + bytes / 1 MiB) memory.
  public static func copyIntoArchive(
    _ placements: [Placement],
    progress: Progress? = nil
  ) throws -> [ArchiveSums] {
    try copy(placements, progress: progress, summing: ArchiveSums.self) { $0.crc32c }
  }

  private static func copy<Sum: RunningSum>(
    _ placements: [Placement],
    progress: Progress?,
    summing type: Sum.Type,
    recorded: (Sum) -> CRC32C
  ) throws -> [Sum] {
    let tensors = placements.map(\.tensor)
    try verifyOrigins(of: tensors)
    let plan = WindowPlan(tensors.map(\.tensor.byteCount), capacity: windowBytes) { next, last in
      placements[next].file === placements[last].file
        && placements[next].offset == placements[last].offset + tensors[last].tensor.byteCount
    }
    let sums = try unsafe run(tensors, plan, progress, summing: type) { window, bytes in
      let first = plan.pieces[window.lowerBound]
      let place = placements[first.tensor]
      try unsafe place.file.write(bytes, at: place.offset + first.offset)
    }
    for (tensor, sum) in zip(tensors, sums) { try check(tensor, recorded(sum)) }
    return sums
  }

  /// Compares a sum with the one on record.
  ///
  /// - Parameters:
  ///   - tensor: The tensor whose bytes were summed.
  ///   - sum: The sum of its bytes.
  /// - Throws: `StateError` with code `checksumMismatch`.
  public static func check(_ tensor: NamedTensor, _ sum: CRC32C) throws {
    guard let checksum = tensor.tensor.checksum, checksum != sum.value else { return }
    throw StateError(
      .checksumMismatch,
      "the data does not match its CRC-32C",
      tensor: tensor.name,
      expected: hexadecimal(checksum),
      found: hexadecimal(sum.value),
      remedy: "the file is damaged: restore it from a copy"
    )
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
