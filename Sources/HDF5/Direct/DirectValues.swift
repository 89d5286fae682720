internal import ByteIO
internal import Tensors

/// Types, extents and attribute values as our own writer's files have them.
struct DirectValues {
  private let file: PositionalFile
  private let size: Int
  private var heaps: [Int: [Int: [UInt8]]] = [:]
  private var heapBytes = 0
  private var textBytes = 0

  init(_ file: PositionalFile, size: Int) {
    self.file = file
    self.size = size
  }

  // MARK: Types

  private static func integer(_ width: UInt8, isSigned: Bool) -> [UInt8] {
    [0x10, isSigned ? 8 : 0, 0, 0, width, 0, 0, 0, 0, 0, 8 * width, 0]
  }

  private static let float64: [UInt8] = [
    0x11, 0x20, 0x3F, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xFF, 0x03, 0, 0,
  ]
  private static let text: [UInt8] =
    [0x19, 1, 1, 0, 16, 0, 0, 0] + integer(1, isSigned: false)

  private static let boolean: [UInt8] =
    [0x38, 2, 0, 0, 1, 0, 0, 0] + integer(1, isSigned: true) + Array("FALSE\0TRUE\0".utf8) + [0, 1]

  /// Bytes that one value of an attribute takes, by the bytes that describe its type.
  private static let widths: [[UInt8]: Int] = [
    integer(8, isSigned: true): 8, integer(4, isSigned: false): 4, boolean: 1, float64: 8, text: 16,
  ]

  /// The types by the bytes that describe them.
  private static let elementTypes: [[UInt8]: ElementType] = [
    [0x11, 0x20, 0x0F, 0, 2, 0, 0, 0, 0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0]: .float16,
    [0x11, 0x20, 0x1F, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0]: .float32,
    float64: .float64, boolean: .bool,
    integer(1, isSigned: true): .int8, integer(2, isSigned: true): .int16,
    integer(4, isSigned: true): .int32, integer(8, isSigned: true): .int64,
    integer(1, isSigned: false): .uint8, integer(2, isSigned: false): .uint16,
    integer(4, isSigned: false): .uint32, integer(8, isSigned: false): .uint64,
  ]

  /// The type that a message describes.
  static func elementType(_ message: ArraySlice<UInt8>) throws -> ElementType {
    guard let type = elementTypes[Array(message)] else { throw Unfamiliar() }
    return type
  }

  /// The dimensions that a message describes, none for a scalar.
  static func dimensions(_ message: ArraySlice<UInt8>) throws -> [Int] {
    var cursor = BlockCursor(message, base: 0)
    let version = try cursor.integer(UInt8.self, "version")
    let rank = Int(try cursor.integer(UInt8.self, "rank"))
    let flags = try cursor.integer(UInt8.self, "flags")
    let kind = try cursor.integer(UInt8.self, "kind")
    guard version == 2, flags <= 1, kind == (rank == 0 ? 0 : 1), rank <= Limits.rank else {
      throw Unfamiliar()
    }
    let dimensions = try (0..<rank).map { _ in
      try DirectHeader.number(try cursor.take(8, "dimension"))
    }
    // A greatest extent, if there is one, is the extent itself.
    for dimension in dimensions where flags == 1 {
      guard try DirectHeader.number(try cursor.take(8, "maximum")) == dimension else {
        throw Unfamiliar()
      }
    }
    guard cursor.remaining == 0 else { throw Unfamiliar() }
    return dimensions
  }

  // MARK: Attributes

  /// The name and the value of an attribute.
  mutating func attribute(_ message: ArraySlice<UInt8>) throws -> (name: String, value: HDF5Value) {
    var cursor = BlockCursor(message, base: 0)
    guard try Array(cursor.take(2, "version and flags")) == [3, 0] else { throw Unfamiliar() }
    let nameLength = Int(try cursor.integer(UInt16.self, "name"))
    let typeLength = Int(try cursor.integer(UInt16.self, "type"))
    let spaceLength = Int(try cursor.integer(UInt16.self, "space"))
    _ = try cursor.integer(UInt8.self, "encoding")
    guard nameLength + typeLength + spaceLength <= cursor.remaining else {
      throw Damage("an attribute's name, type and extent are longer than its message")
    }
    let terminated = try cursor.take(nameLength, "name")
    guard terminated.last == 0, !terminated.dropLast().contains(0),
      let name = String(validating: terminated.dropLast(), as: UTF8.self)
    else { throw Unfamiliar() }
    let type = Array(try cursor.take(typeLength, "type"))
    let dimensions = try Self.dimensions(try cursor.take(spaceLength, "space"))
    guard dimensions.count <= 1 else { throw Unfamiliar() }
    let count = dimensions.first ?? 1
    let isScalar = dimensions.isEmpty
    if let width = Self.widths[type], count > cursor.remaining / width {
      throw Damage("the attribute '\(name)' has fewer bytes than its extent says")
    }
    switch type {
    case Self.integer(8, isSigned: true):
      let numbers = try elements(&cursor, count, 8).map { Int64(bitPattern: $0) }
      return (name, isScalar ? .integer(numbers[0]) : .integers(numbers))
    case Self.integer(4, isSigned: false) where isScalar:
      return (name, .unsigned(UInt32(truncatingIfNeeded: try elements(&cursor, 1, 4)[0])))
    case Self.boolean where isScalar:
      return (name, .bool(try elements(&cursor, 1, 1)[0] != 0))
    case Self.float64:
      let numbers = try elements(&cursor, count, 8).map { Double(bitPattern: $0) }
      return (name, isScalar ? .real(numbers[0]) : .reals(numbers))
    case Self.text:
      let texts = try (0..<count).map { _ in try text(&cursor, of: name) }
      return (name, isScalar ? .text(texts[0]) : .texts(texts))
    default: throw Unfamiliar()
    }
  }

  private func elements(_ cursor: inout BlockCursor, _ count: Int, _ width: Int) throws -> [UInt64]
  {
    try (0..<count).map { _ in
      try cursor.take(width, "number").reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
  }

  /// A text in a global heap: its length, the heap's address, its number there.
  private mutating func text(_ cursor: inout BlockCursor, of name: String) throws -> String {
    let length = Int(try cursor.integer(UInt32.self, "length"))
    let address = try DirectHeader.number(try cursor.take(8, "heap"))
    let number = Int(try cursor.integer(UInt32.self, "number"))
    let objects = try heap(at: address)
    guard number == 0 || objects[number] != nil else {
      throw Damage("a text of the attribute '\(name)' is not in the heap where it should be")
    }
    // No two texts are one object of a heap, so that together they are no longer than the file.
    guard length <= size - textBytes else { throw Unfamiliar() }
    textBytes += length
    guard let bytes = objects[number], length <= bytes.count,
      !bytes[..<length].contains(0),
      let text = String(validating: bytes[..<length], as: UTF8.self)
    else { throw Unfamiliar() }
    return text
  }

  private mutating func heap(at address: Int) throws -> [Int: [UInt8]] {
    if let known = heaps[address] { return known }
    guard address > 0, address <= size - 16 else { throw Unfamiliar() }
    var prefix = BlockCursor(try file.bytes(at: address, count: 16), base: address)
    guard try Array(prefix.take(8, "signature")) == Array("GCOL".utf8) + [1, 0, 0, 0] else {
      throw Unfamiliar()
    }
    let length = try DirectHeader.number(try prefix.take(8, "size"))
    // Heaps do not overlap, so that together they have no more bytes than the file.
    guard length >= 16, length <= size - address, length <= size - heapBytes else {
      throw Unfamiliar()
    }
    heapBytes += length
    var cursor = BlockCursor(
      try file.bytes(at: address + 16, count: length - 16),
      base: address + 16
    )
    var objects: [Int: [UInt8]] = [:]
    while cursor.remaining >= 16 {
      let number = Int(try cursor.integer(UInt16.self, "number"))
      _ = try cursor.take(6, "references")
      let count = try DirectHeader.number(try cursor.take(8, "size"))
      // Number 0 is the room that is left.
      if number == 0 { break }
      guard count <= cursor.remaining else { throw Unfamiliar() }
      objects[number] = Array(try cursor.take(count, "object"))
      _ = try cursor.take(min((8 - count % 8) % 8, cursor.remaining), "padding")
    }
    heaps[address] = objects
    return objects
  }
}
