/// The two sums of what is copied into an archive: the one that its source is verified by, and the
/// one that the archive keeps.
public struct ArchiveSums: RunningSum, Hashable {
  /// The sum that states keep.
  public private(set) var crc32c = CRC32C()

  /// The sum that zip archives keep.
  public private(set) var crc32 = CRC32()

  /// The sums of nothing.
  public init() {}

  /// Adds bytes to both.
  ///
  /// - Parameter bytes: The bytes that follow.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    unsafe crc32c.add(bytes)
    unsafe crc32.add(bytes)
  }

  /// Adds bytes of which only the sums and the number are known.
  ///
  /// - Parameters:
  ///   - other: Their sums.
  ///   - count: Their number.
  public mutating func add(_ other: ArchiveSums, count: Int) {
    crc32c.add(other.crc32c, count: count)
    crc32.add(other.crc32, count: count)
  }
}
