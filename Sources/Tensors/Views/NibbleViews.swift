/// Elements of four bits, of which a file packs two into a byte, as elements of a byte each.
final class UnpackedNibbles: TensorSource {
  private let packed: Tensor

  init(_ packed: Tensor) {
    self.packed = packed
  }

  var origins: [Tensor] { [packed] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let first = offset / 2
    let count = (offset + buffer.count + 1) / 2 - first
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { unsafe scratch.deallocate() }
    try unsafe packed.read(into: scratch, at: first)
    for place in 0..<buffer.count {
      let element = offset + place
      let byte = unsafe scratch[element / 2 - first]
      unsafe buffer[place] = element % 2 == 0 ? byte & 0x0F : byte >> 4
    }
  }
}

/// Elements of a byte each, of which the low four bits count, packed two into a byte.
final class PackedNibbles: TensorSource {
  private let elements: Tensor

  init(_ elements: Tensor) {
    self.elements = elements
  }

  var origins: [Tensor] { [elements] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let scratch = UnsafeMutableRawBufferPointer.allocate(
      byteCount: 2 * buffer.count,
      alignment: 16
    )
    defer { unsafe scratch.deallocate() }
    try unsafe elements.read(into: scratch, at: 2 * offset)
    for place in 0..<buffer.count {
      unsafe buffer[place] = scratch[2 * place] & 0x0F | scratch[2 * place + 1] << 4
    }
  }
}

extension Tensor {
  /// Elements of four bits that these bytes hold two by two, the first in the low half.
  ///
  /// - Parameters:
  ///   - type: Type of the elements, one that the hub keeps in a byte each.
  ///   - shape: Their shape; it has twice as many elements as this tensor has bytes.
  /// - Returns: The view.
  /// - Throws: ``StateError`` with code `malformed` when shape and bytes disagree.
  public func unpackingNibbles(as type: ElementType, _ shape: Shape) throws -> Tensor {
    guard type.byteWidth == 1, shape.elementCount % 2 == 0, shape.elementCount / 2 == byteCount
    else {
      throw StateError(
        .malformed,
        "\(type.rawValue)\(shape) does not fit its bytes, two elements in each",
        found: "\(byteCount) bytes"
      )
    }
    return try Tensor(type, shape, source: UnpackedNibbles(self))
  }

  /// The bytes of elements of four bits, two in each, the first in the low half.
  ///
  /// - Returns: The view, a vector of `uint8`.
  /// - Throws: ``StateError`` with code `unsupported` when elements have not a byte each or their
  ///   number is odd.
  public func packingNibbles() throws -> Tensor {
    guard elementType.byteWidth == 1, byteCount % 2 == 0 else {
      throw StateError(.unsupported, "\(elementType.rawValue)\(shape) cannot be packed in pairs")
    }
    return try Tensor(.uint8, .vector(byteCount / 2), source: PackedNibbles(self))
  }
}
