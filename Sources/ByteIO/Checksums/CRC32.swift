internal import CKernels

/// CRC-32 as zip archives keep it of every member (ISO 3309; PKWARE's APPNOTE.TXT, section 4.4.7).
public struct CRC32: RunningSum, Hashable {
  /// The sum of everything added so far.
  public private(set) var value: UInt32

  /// Continues from an earlier sum.
  ///
  /// - Parameter value: The sum of what came before, 0 for nothing.
  public init(_ value: UInt32 = 0) {
    self.value = value
  }

  /// The sum of nothing.
  public init() { self.init(0) }

  /// Adds bytes.
  ///
  /// O(*n*), by carry-less multiplication where the processor has it.
  ///
  /// - Parameter bytes: The bytes that follow.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    value = unsafe optstate_crc32(value, bytes.baseAddress, bytes.count)
  }

  /// Adds bytes of which only the sum and the number are known.
  ///
  /// O(log *n*).
  ///
  /// - Parameters:
  ///   - other: Their sum.
  ///   - count: Their number.
  public mutating func add(_ other: CRC32, count: Int) {
    value = optstate_crc32_combine(value, other.value, UInt64(count))
  }

  /// The sum of bytes.
  ///
  /// - Parameter bytes: The bytes.
  /// - Returns: The sum.
  public static func of(_ bytes: [UInt8]) -> CRC32 {
    var sum = CRC32()
    unsafe bytes.withUnsafeBytes { unsafe sum.add($0) }
    return sum
  }
}
