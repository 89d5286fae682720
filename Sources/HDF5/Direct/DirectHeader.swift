internal import ByteIO
internal import Tensors

/// What only libhdf5 can judge: the file is damaged, or has a feature that our own writer never uses.
struct Unfamiliar: Error {}

/// What contradicts itself, whoever reads it.
///
/// libhdf5 takes some of it without a word, down to values that lie behind an attribute's end.
struct Damage: Error {
  let message: String

  /// Path of the group or dataset, once it is known.
  var object: String?

  init(_ message: String) { self.message = message }
}

/// The messages of an object header of version 2.
struct DirectHeader {
  /// A message: its type and its content.
  struct Message {
    let type: UInt8
    let content: ArraySlice<UInt8>
  }

  private(set) var messages: [Message] = []

  /// Reads the header at an address, its continuations included; every block matches its sum.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - address: Absolute offset of the header.
  ///   - size: Bytes of the file.
  ///   - unread: Bytes that no header has taken yet: blocks do not overlap, not those of two headers either.
  /// - Throws: ``Unfamiliar``, or `StateError` when the file cannot be read.
  init(_ file: PositionalFile, at address: Int, size: Int, unread: inout Int) throws {
    let start = try file.bytes(at: address, count: min(512, size - address))
    var cursor = BlockCursor(start, base: address)
    guard try Array(cursor.take(4, "signature")) == Array("OHDR".utf8),
      try cursor.integer(UInt8.self, "version") == 2
    else { throw Unfamiliar() }
    let flags = try cursor.integer(UInt8.self, "flags")
    guard flags & 0xC0 == 0 else { throw Unfamiliar() }
    if flags & 0x20 != 0 { _ = try cursor.take(16, "times") }
    if flags & 0x10 != 0 { _ = try cursor.take(4, "phase change") }
    let width = 1 << Int(flags & 3)
    let length = try Self.number(try cursor.take(width, "size"))
    let prefix = cursor.offset - address
    guard length <= size - prefix else { throw Unfamiliar() }
    let first = try Self.block(file, address, prefix + length, size, start)
    var pending = try add(first.dropFirst(prefix), flags)
    unread -= first.count
    while let (next, count) = pending.popLast() {
      guard count >= 8, count <= unread else { throw Unfamiliar() }
      unread -= count
      let block = try Self.block(file, next, count - 4, size, [])
      guard block.starts(with: "OCHK".utf8) else { throw Unfamiliar() }
      pending += try add(block.dropFirst(4), flags)
    }
  }

  /// A block without its sum, which is compared.
  private static func block(
    _ file: PositionalFile,
    _ address: Int,
    _ count: Int,
    _ size: Int,
    _ known: [UInt8]
  ) throws -> ArraySlice<UInt8> {
    guard address >= 0, count >= 0, address <= size, count <= size - address - 4 else {
      throw Unfamiliar()
    }
    let bytes =
      known.count >= count + 4
      ? known[..<(count + 4)] : try file.bytes(at: address, count: count + 4)[...]
    let content = bytes.dropLast(4)
    guard try number(bytes.suffix(4)) == Int(Lookup3.of(content)) else {
      throw Unfamiliar()
    }
    return content
  }

  /// Keeps the messages of a block; returns where it is continued.
  private mutating func add(
    _ block: ArraySlice<UInt8>,
    _ flags: UInt8
  ) throws -> [(Int, Int)] {
    let prefix = flags & 0x04 != 0 ? 6 : 4
    var cursor = BlockCursor(block, base: 0)
    var continued: [(Int, Int)] = []
    // Fewer bytes than a message's prefix are a gap.
    while cursor.remaining >= prefix {
      let type = try cursor.integer(UInt8.self, "type")
      let count = Int(try cursor.integer(UInt16.self, "size"))
      let messageFlags = try cursor.integer(UInt8.self, "flags")
      if prefix == 6 { _ = try cursor.take(2, "order") }
      let content = try cursor.take(count, "message")
      // Shared messages lie elsewhere.
      guard messageFlags & 0x02 == 0 else { throw Unfamiliar() }
      if type == 0x10 {
        guard content.count == 16 else { throw Unfamiliar() }
        continued.append((try Self.number(content.prefix(8)), try Self.number(content.suffix(8))))
      } else if type != 0 {
        messages.append(Message(type: type, content: content))
      }
    }
    return continued
  }

  /// A little-endian number that an `Int` holds.
  static func number(_ bytes: ArraySlice<UInt8>) throws -> Int {
    let value = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let number = Int(exactly: value) else { throw Unfamiliar() }
    return number
  }

  /// Whether an address stands for nothing.
  static func isUndefined(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.count == 8 && bytes.allSatisfy { $0 == 0xFF }
  }
}
