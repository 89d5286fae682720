internal import ByteIO
internal import Tensors

/// Bytes of a file or of memory from front to back, of which large parts may be passed over unread.
struct MessagePackInput {
  /// Bytes that are read ahead: structure lies between arrays in small pieces.
  private static let ahead = 1 << 14

  private let file: PositionalFile?
  private var window: [UInt8]
  private var start = 0

  /// Where the next byte lies.
  private(set) var position = 0

  /// Where the bytes end.
  let end: Int

  init(_ file: PositionalFile) throws {
    self.file = file
    window = []
    end = try file.size()
  }

  init(_ bytes: [UInt8]) {
    file = nil
    window = bytes
    end = bytes.count
  }

  /// Takes the next bytes.
  mutating func take(_ count: Int, _ field: String) throws -> ArraySlice<UInt8> {
    guard count <= end - position else { throw truncated(count, field) }
    if let file, position < start || count > start + window.count - position {
      window = try file.bytes(at: position, count: min(max(count, Self.ahead), end - position))
      start = position
    }
    defer { position += count }
    return window[position - start..<position - start + count]
  }

  /// Passes over the next bytes.
  mutating func skip(_ count: Int, _ field: String) throws {
    guard count <= end - position else { throw truncated(count, field) }
    position += count
  }

  private func truncated(_ count: Int, _ field: String) -> StateError {
    StateError(
      .truncated,
      "\(field) does not fit the file",
      offset: position,
      expected: "\(count) bytes",
      found: "\(end - position)"
    )
  }
}
