public import ByteIO
internal import Tensors

/// A safetensors file, opened and checked; no tensor is read.
///
/// Its specification is the article <doc:SafetensorsFormat>.
public struct SafetensorsFile: Sendable {
  /// Bytes that a header has at most, as in the reference implementation.
  public static let maximumHeaderBytes = 100_000_000

  /// The member of the header that is no tensor.
  static let metadataName = "__metadata__"

  /// The tensors in the order of their data.
  public let tensors: [SafetensorsTensor]

  /// Free texts by name in the file's order, `nil` where it has none.
  public let metadata: [(name: String, text: String)]?

  /// Whose header it has, `nil` where it is nobody's to the last byte.
  public let style: SafetensorsStyle?

  /// Opens a file.
  ///
  /// - Parameter path: The file.
  /// - Returns: The file.
  /// - Throws: `StateError` with code `notFound`, `truncated`, `malformed`, `limitExceeded` or
  ///   `unsupported`, with the offset where there is one.
  public static func open(_ path: String) throws -> SafetensorsFile {
    do {
      return try SafetensorsFile(try PositionalFile.open(path))
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// Whether a file begins as a safetensors file does.
  ///
  /// - Parameter file: The file.
  /// - Returns: Whether it does; what is wrong with the rest, reading says.
  /// - Throws: `StateError` when the file cannot be read.
  public static func recognizes(_ file: PositionalFile) throws -> Bool {
    let size = try file.size()
    guard size >= 10 else { return false }
    let start = try file.bytes(at: 0, count: min(size, 64))
    let text = start[8...].drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    guard text.first == UInt8(ascii: "{") else { return false }
    // Either the length makes sense, or what follows is a header with a damaged length.
    let length = start[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if length <= UInt64(size - 8) { return true }
    let next = text.dropFirst().first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    return next == UInt8(ascii: "\"") || next == UInt8(ascii: "}")
  }

  private init(_ file: PositionalFile) throws {
    let size = try file.size()
    guard size >= 8 else {
      throw StateError(
        .truncated,
        "a safetensors file has at least its header's length",
        offset: 0,
        expected: "8 bytes",
        found: "\(size)"
      )
    }
    var cursor = BlockCursor(try file.bytes(at: 0, count: 8), base: 0)
    let stated = try cursor.integer(UInt64.self, "the header's length")
    guard let length = Int(exactly: stated), length <= Limits[.headerBytes] else {
      throw StateError.exceeded(
        .headerBytes,
        "the header is too long",
        offset: 0,
        found: Int(clamping: stated)
      )
    }
    guard length <= size - 8 else {
      throw StateError(
        .truncated,
        "the file ends inside its header",
        offset: size,
        expected: "\(length) bytes of header",
        found: "\(size - 8)"
      )
    }
    let text = try file.bytes(at: 8, count: length)
    var header = SafetensorsHeader()
    try header.read(text)
    metadata = header.metadata
    tensors = try header.tensors(in: file, from: 8 + length, count: size - 8 - length)
    var style: SafetensorsStyle?
    for candidate in SafetensorsStyle.allCases where style == nil {
      let image = try? SafetensorsImage(
        tensors,
        metadata: metadata,
        style: candidate,
        keepsOrder: true
      )
      if let image, image.header.dropFirst(8).elementsEqual(text) { style = candidate }
    }
    self.style = style
  }
}
