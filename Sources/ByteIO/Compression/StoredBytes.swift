package import Tensors

/// Bytes that lie in memory, or in a file or a section of one.
package enum StoredBytes: Sendable {
  case memory([UInt8])
  /// The bytes of a file from its offset 0 on, and how many there are.
  case file(PositionalFile, count: Int)

  /// How many there are.
  package var count: Int {
    switch self {
    case .memory(let bytes): bytes.count
    case .file(_, let count): count
    }
  }

  /// Where they begin in their file, for messages.
  package var offset: Int {
    switch self {
    case .memory: 0
    case .file(let file, _): file.origin
    }
  }

  /// Their file, `nil` for those in memory.
  package var path: String? {
    if case .file(let file, _) = self { file.path } else { nil }
  }

  /// Fills a buffer with a range of them.
  ///
  /// - Parameters:
  ///   - buffer: The memory to fill.
  ///   - offset: Where in the bytes to begin.
  /// - Throws: `StateError` when the file ends too early or the system fails.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    switch self {
    case .memory(let bytes):
      try unsafe SpooledContent.memory(bytes).read(into: buffer, at: offset)
    case .file(let file, _): try unsafe file.read(into: buffer, at: offset)
    }
  }

  /// All of them in memory.
  ///
  /// - Parameters:
  ///   - limit: The bound on their number.
  ///   - subject: What messages call them.
  /// - Returns: The bytes.
  /// - Throws: `StateError` with code `limitExceeded`, or what reading throws.
  package func bytes(within limit: Limits.Name, _ subject: String) throws -> [UInt8] {
    guard count <= Limits[limit] else {
      throw StateError.exceeded(
        limit,
        "\(subject) is too large",
        file: path,
        offset: offset,
        found: count
      )
    }
    switch self {
    case .memory(let bytes): return bytes
    case .file(let file, let count): return try file.bytes(at: 0, count: count)
    }
  }

  /// A part of them.
  ///
  /// - Parameter range: The part.
  /// - Returns: The part.
  /// - Throws: `StateError` with code `malformed` when it leaves them.
  package func part(_ range: Range<Int>) throws -> StoredBytes {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw StateError(
        .malformed,
        "bytes \(range.lowerBound) to \(range.upperBound) lie outside of a chunk",
        file: path,
        offset: offset,
        expected: "at most \(count)"
      )
    }
    switch self {
    case .memory(let bytes): return .memory(Array(bytes[range]))
    case .file(let file, _): return .file(try file.section(range), count: range.count)
    }
  }
}

/// Bytes as they are stored.
package final class StoredBytesSource: TensorSource {
  private let stored: StoredBytes

  /// Wraps bytes.
  package init(_ stored: StoredBytes) { self.stored = stored }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    try unsafe stored.read(into: buffer, at: offset)
  }
}
