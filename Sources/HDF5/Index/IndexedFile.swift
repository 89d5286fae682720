internal import ByteIO
internal import Tensors

/// A file in which the indexes of chunks are walked through without libhdf5.
///
/// libhdf5 1.10 finds the chunk of a number by walking from the first one, so that listing all of them takes the square of
/// their number.
///
/// Source: HDF5 File Format Specification 3.0.
struct IndexedFile {
  private let file: PositionalFile
  private let start: Int
  /// Bytes that no block has taken yet: an index is no longer than its file, whatever it says.
  private var unread: Int

  /// Looks at a file's superblock.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - range: Where in it the HDF5 file lies.
  /// - Throws: ``Unfamiliar`` where addresses are not of eight bytes or do not count from the beginning.
  init(_ path: String, in range: Range<Int>) throws {
    file = try PositionalFile.open(path)
    start = range.lowerBound
    unread = range.count
    var cursor = try block(at: 0, count: 48)
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    guard Array(try cursor.take(8, "signature")) == signature else { throw Unfamiliar() }
    let version = try cursor.integer(UInt8.self, "version")
    guard version <= 3 else { throw Unfamiliar() }
    if version < 2 { _ = try cursor.take(4, "versions") }
    let widths = Array(try cursor.take(2, "widths"))
    // Version 0 has nine bytes of other numbers before the base, version 1 thirteen, later ones one.
    _ = try cursor.take([9, 13, 1, 1][Int(version)], "sizes of trees and flags")
    guard widths == [8, 8], try cursor.integer(UInt64.self, "base") == 0 else { throw Unfamiliar() }
  }

  /// A block of the file.
  mutating func block(at address: Int, count: Int) throws -> BlockCursor {
    guard address >= 0, count >= 0, count <= unread else { throw Unfamiliar() }
    unread -= count
    let bytes = try file.bytes(at: start + address, count: count)
    return BlockCursor(bytes, base: address)
  }

  /// The layout message of a dataset.
  ///
  /// - Parameter header: Address of the dataset's header.
  /// - Returns: The message.
  /// - Throws: ``Unfamiliar`` where there is none or the header is of a version that is not known.
  mutating func layout(ofHeader header: Int) throws -> ArraySlice<UInt8> {
    var start = try block(at: header, count: 16)
    let first = try start.take(4, "signature")
    if Array(first) == Array("OHDR".utf8) { return try layoutOfSecond(header) }
    guard first.first == 1 else { throw Unfamiliar() }
    _ = try start.take(4, "references")
    var pending = [(header + 16, Int(try start.integer(UInt32.self, "size")))]
    while let (address, count) = pending.popLast() {
      var cursor = try block(at: address, count: count)
      while cursor.remaining >= 8 {
        let type = try cursor.integer(UInt16.self, "type")
        let size = Int(try cursor.integer(UInt16.self, "size"))
        _ = try cursor.take(4, "flags")
        let content = try cursor.take(size, "message")
        if type == 0x08 { return content }
        if type == 0x10 { pending.append(try Self.continuation(content)) }
      }
    }
    throw Unfamiliar()
  }

  private mutating func layoutOfSecond(_ header: Int) throws -> ArraySlice<UInt8> {
    var start = try block(at: header, count: 6)
    _ = try start.take(4, "signature")
    let version = try start.integer(UInt8.self, "version")
    let flags = try start.integer(UInt8.self, "flags")
    guard version == 2 else { throw Unfamiliar() }
    let before = 6 + (flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0)
    let width = 1 << Int(flags & 3)
    var size = try block(at: header + before, count: width)
    let count = try DirectHeader.number(try size.take(width, "size"))
    let prefix = flags & 0x04 != 0 ? 6 : 4
    var pending = [(header + before + width, count)]
    while let (address, count) = pending.popLast() {
      var cursor = try block(at: address, count: count)
      while cursor.remaining >= prefix {
        let type = try cursor.integer(UInt8.self, "type")
        let size = Int(try cursor.integer(UInt16.self, "size"))
        _ = try cursor.take(prefix - 3, "flags")
        let content = try cursor.take(size, "message")
        if type == 0x08 { return content }
        guard type == 0x10 else { continue }
        let (next, length) = try Self.continuation(content)
        guard length >= 8 else { throw Unfamiliar() }
        // Between its signature and its sum.
        pending.append((next + 4, length - 8))
      }
    }
    throw Unfamiliar()
  }

  private static func continuation(_ content: ArraySlice<UInt8>) throws -> (Int, Int) {
    guard content.count >= 16 else { throw Unfamiliar() }
    return (
      try DirectHeader.number(content.prefix(8)),
      try DirectHeader.number(content.dropFirst(8).prefix(8))
    )
  }
}
