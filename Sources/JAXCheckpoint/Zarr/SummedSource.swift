internal import ByteIO
internal import Synchronization
internal import Tensors

/// A chunk behind whose stored bytes their CRC-32C stands.
final class SummedSource: VerifiableSource {
  private let content: any TensorSource
  private let stored: StoredBytes
  private let sum: StoredBytes
  private let isVerified = Mutex(false)

  /// - Parameters:
  ///   - content: What delivers the chunk's elements.
  ///   - stored: The bytes that the sum is of.
  ///   - sum: The sum's four bytes.
  init(_ content: any TensorSource, of stored: StoredBytes, sum: StoredBytes) {
    self.content = content
    self.stored = stored
    self.sum = sum
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    try unsafe content.read(into: buffer, at: offset)
  }

  func verify() throws {
    try isVerified.withLock { isVerified in
      if isVerified { return }
      let buffer = WorkBuffer(byteCount: TensorPass.windowBytes)
      var found = CRC32C()
      for start in stride(from: 0, to: stored.count, by: TensorPass.windowBytes) {
        let count = min(TensorPass.windowBytes, stored.count - start)
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<count])
        try unsafe stored.read(into: part, at: start)
        unsafe found.add(UnsafeRawBufferPointer(part))
      }
      let expected = try ChunkSum.value(sum)
      guard found.value == expected else { throw ChunkSum.mismatch(stored, expected, found.value) }
      isVerified = true
    }
  }
}

/// The CRC-32C that zarr's codec `crc32c` puts behind bytes.
enum ChunkSum {
  /// The sum in four little-endian bytes.
  static func value(_ bytes: StoredBytes) throws -> UInt32 {
    try bytes.bytes(within: .headerBytes, "a checksum").reversed()
      .reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Bytes that have another sum.
  static func mismatch(_ bytes: StoredBytes, _ expected: UInt32, _ found: UInt32) -> StateError {
    StateError(
      .checksumMismatch,
      "a chunk does not match its CRC-32C",
      file: bytes.path,
      offset: bytes.offset,
      expected: "0x" + String(expected, radix: 16),
      found: "0x" + String(found, radix: 16),
      remedy: "the file is damaged: restore it from a copy"
    )
  }
}
