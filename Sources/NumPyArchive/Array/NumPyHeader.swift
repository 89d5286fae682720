internal import ByteIO
internal import Tensors

/// The header of an `.npy` file: type, order of the axes, shape.
struct NumPyHeader {
  /// The bytes that every file begins with.
  static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]

  /// Characters that a header has at most, as NumPy itself reads them.
  private static let maximumBytes = 10_000

  let type: NumPyType
  let isFortranOrder: Bool
  let shape: Shape

  /// 1 to 3; what NumPy writes is the lowest that will do.
  let version: Int

  /// Bytes before the data.
  private(set) var byteCount = 0

  init(_ type: NumPyType, isFortranOrder: Bool, shape: Shape, version: Int = 1) {
    self.type = type
    self.isFortranOrder = isFortranOrder
    self.shape = shape
    self.version = version
  }

  /// Bytes that are enough to know how long a header is.
  static let prefixBytes = 12

  /// The length of a header that begins with these bytes, itself included.
  static func length(_ prefix: [UInt8]) throws -> Int {
    var cursor = BlockCursor(prefix, base: 0)
    guard try Array(cursor.take(6, "the magic bytes")) == magic else {
      throw StateError(.malformed, "the array does not begin as NumPy's do", offset: 0)
    }
    let major = try cursor.integer(UInt8.self, "the version")
    let minor = try cursor.integer(UInt8.self, "the version")
    guard 1...3 ~= major, minor == 0 else {
      throw StateError(
        .unsupported,
        "the array has an unknown version",
        offset: 6,
        expected: "1.0, 2.0 or 3.0",
        found: "\(major).\(minor)"
      )
    }
    let length =
      major == 1
      ? Int(try cursor.integer(UInt16.self, "the header's length"))
      : Int(try cursor.integer(UInt32.self, "the header's length"))
    guard length <= maximumBytes else {
      throw StateError(
        .limitExceeded,
        "the header is too long",
        offset: 8,
        expected: "at most \(maximumBytes) bytes",
        found: "\(length)"
      )
    }
    return cursor.offset + length
  }

  /// Reads a header.
  ///
  /// - Parameter bytes: The whole header.
  /// - Throws: `StateError` with code `malformed`, `unsupported` or `limitExceeded`, and the offset.
  init(_ bytes: [UInt8]) throws {
    let start = bytes.count > 6 && bytes[6] == 1 ? 10 : 12
    guard bytes.count >= start else {
      throw StateError(.truncated, "the header is cut off", offset: bytes.count)
    }
    var scanner = DictionaryScanner(bytes[start...])
    let entry = try scanner.entry()
    type = try NumPyType(entry.descr)
    isFortranOrder = entry.isFortranOrder
    shape = try Shape(entry.shape)
    version = Int(bytes[6])
    byteCount = bytes.count
  }

  /// Bytes of the data, `nil` where the header does not say it.
  func dataByteCount() throws -> Int? {
    if type.isOpaque { return nil }
    let (count, overflow) = shape.elementCount.multipliedReportingOverflow(by: type.width)
    guard !overflow else {
      throw StateError(.malformed, "shape \(shape) of \(type.descr) overflows")
    }
    return count
  }

  /// The bytes as NumPy writes them.
  var bytes: [UInt8] {
    let sizes = shape.dimensions.map(String.init)
    let tuple = sizes.count == 1 ? "(\(sizes[0]),)" : "(\(sizes.joined(separator: ", ")))"
    var text =
      "{'descr': \(type.literal), 'fortran_order': \(isFortranOrder ? "True" : "False"), "
      + "'shape': \(tuple), }"
    // Room for the axis along which a file can grow to have 21 digits.
    if let axis = isFortranOrder ? sizes.last : sizes.first {
      text += String(repeating: " ", count: max(0, 21 - axis.count))
    }
    let prefix = version == 1 ? 10 : 12
    text += String(repeating: " ", count: 64 - (prefix + text.utf8.count + 1) % 64) + "\n"
    let length = text.utf8.count
    let count = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    return Self.magic + [UInt8(version), 0] + count + text.utf8
  }
}
