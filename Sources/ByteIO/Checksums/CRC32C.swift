internal import CKernels

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4), the sum that TensorFlow keeps of every tensor.
public struct CRC32C: RunningSum, Hashable {
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
  /// O(*n*), by the processor's instruction where it has one.
  ///
  /// - Parameter bytes: The bytes that follow.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    value = unsafe optstate_crc32c(value, bytes.baseAddress, bytes.count)
  }

  /// Adds bytes.
  ///
  /// - Parameter bytes: The bytes that follow.
  public mutating func add(_ bytes: some Collection<UInt8>) {
    let isContiguous: Void? = bytes.withContiguousStorageIfAvailable { buffer in
      unsafe add(UnsafeRawBufferPointer(buffer))
    }
    if isContiguous == nil { add(Array(bytes)) }
  }

  /// Adds bytes of which only the sum and the number are known.
  ///
  /// O(log *n*).
  ///
  /// - Parameters:
  ///   - other: Their sum.
  ///   - count: Their number.
  public mutating func add(_ other: CRC32C, count: Int) {
    value = optstate_crc32c_combine(value, other.value, UInt64(count))
  }

  /// The sum of bytes.
  ///
  /// - Parameter bytes: The bytes.
  /// - Returns: The sum.
  public static func of(_ bytes: some Collection<UInt8>) -> CRC32C {
    var sum = CRC32C()
    sum.add(bytes)
    return sum
  }

  /// The sum in the masked form in which LevelDB and TensorFlow store it, so that summing a block
  /// that holds sums does not cancel out.
  public var masked: UInt32 { (value >> 15 | value << 17) &+ 0xA282_EAD8 }

  /// Takes the mask off a stored sum.
  ///
  /// - Parameter masked: The stored form.
  public init(masked: UInt32) {
    let rotated = masked &- 0xA282_EAD8
    value = rotated << 15 | rotated >> 17
  }
}
