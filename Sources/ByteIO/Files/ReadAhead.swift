/// Reads small pieces of a file by blocks where they lie close together, one by one where they do not.
struct ReadAhead {
  private static let blockSize = 1 << 16

  private let file: PositionalFile
  private let size: Int
  private let isBlockwise: Bool
  private var block: [UInt8] = []
  private var start = 0

  /// Prepares to read.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - pieceCount: How many pieces of it will be read.
  /// - Throws: `StateError` with code `ioFailed` where the file has no size.
  init(_ file: PositionalFile, pieceCount: Int) throws {
    self.file = file
    size = try file.size()
    // With a page or more between two of them a block would mostly be read in vain.
    isBlockwise = size / max(1, pieceCount) < 4096
  }

  /// A piece.
  ///
  /// - Parameters:
  ///   - offset: Where in the file to begin.
  ///   - count: Bytes to read.
  /// - Returns: The bytes.
  /// - Throws: `StateError` as ``PositionalFile/read(into:at:)``.
  /// - Complexity: Blocks follow one another, so that all of them are no more than the file, whatever the pieces' order.
  mutating func bytes(at offset: Int, count: Int) throws -> ArraySlice<UInt8> {
    guard isBlockwise, offset >= start else { return try file.bytes(at: offset, count: count)[...] }
    if offset - start > block.count - count {
      block = try file.bytes(at: offset, count: max(count, min(Self.blockSize, size - offset)))
      start = offset
    }
    return block[(offset - start)..<(offset - start + count)]
  }
}
