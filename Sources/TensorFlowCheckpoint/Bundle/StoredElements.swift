internal import ByteIO
internal import Synchronization
internal import Tensors

/// A tensor of strings or variants, decoded and verified as a whole before any part of it is handed out.
final class StoredElements: TensorSource {
  private let file: PositionalFile
  private let place: BundleReader.Placement
  private let type: ElementType
  private let shape: Shape
  private let sum: CRC32C

  /// What was decoded, until its last byte has been read: a pass asks for one piece after another.
  private let decoded = Mutex<[UInt8]?>(nil)

  init(
    file: PositionalFile,
    place: BundleReader.Placement,
    type: ElementType,
    shape: Shape,
    sum: CRC32C
  ) {
    self.file = file
    self.place = place
    self.type = type
    self.shape = shape
    self.sum = sum
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    do {
      let bytes = try decoded.withLock { decoded in
        let bytes = try decoded ?? verifiedBytes()
        decoded = offset + buffer.count < bytes.count ? bytes : nil
        return bytes
      }
      guard offset + buffer.count <= bytes.count else {
        throw StateError(
          .malformed,
          "strings are shorter than their lengths say",
          offset: place.offset
        )
      }
      try unsafe MemorySource(bytes).read(into: buffer, at: offset)
    } catch let error as StateError {
      throw error.inContext(file: file.path)
    }
  }

  /// All elements in the hub's layout, compared with the sums that are stored with them.
  func verifiedBytes() throws -> [UInt8] {
    let stored = try file.bytes(at: place.offset, count: place.size)
    if type == .string {
      return try StringCoding.decode(
        stored,
        count: shape.elementCount,
        expected: sum,
        at: place.offset
      )
    }
    guard try VariantCoding.sum(stored, count: shape.elementCount, at: place.offset) == sum else {
      throw StateError(
        .checksumMismatch,
        "variants do not match their CRC-32C",
        offset: place.offset
      )
    }
    return stored
  }
}
