internal import ByteIO

/// Finds the table of links of a group in HDF5's first layout.
///
/// The table's root is made with the group and stays where it is, and is larger than most gaps that libhdf5 fills: groups
/// that are made one after another have tables at rising places, but for a few.
///
/// Source: HDF5 File Format Specification 3.0, IV.A.1.a and IV.A.2.r.
struct LinkTable {
  private let file: PositionalFile
  private let range: Range<Int>

  /// - Parameters:
  ///   - file: The file.
  ///   - range: Where in it the HDF5 file lies.
  init(_ file: PositionalFile, in range: Range<Int>) {
    self.file = file
    self.range = range
  }

  /// Where a group's table begins, counted from the HDF5 file's beginning.
  ///
  /// - Parameter header: The address of the group's header.
  /// - Returns: The address; `nil` where the header has another layout.
  /// - Throws: `StateError` when the file cannot be read.
  func address(ofGroupAt header: UInt64) throws -> Int? {
    guard let start = Int(exactly: header), start <= range.count - 16 else { return nil }
    let prefix = try file.bytes(at: range.lowerBound + start, count: 16)
    guard prefix[0] == 1 else { return nil }
    var block = (start: start + 16, count: Int(Self.number(prefix[8..<12])))
    // An attribute pushes the table's message out of the first block into another.
    for _ in 0..<Self.blockLimit {
      let messages = try self.messages(in: block)
      if let table = messages.first(where: { $0.type == 0x11 && $0.content.count == 16 }) {
        return Int(exactly: Self.number(table.content.prefix(8)))
      }
      guard let next = messages.first(where: { $0.type == 0x10 && $0.content.count == 16 }),
        let start = Int(exactly: Self.number(next.content.prefix(8))),
        let count = Int(exactly: Self.number(next.content.suffix(8)))
      else { return nil }
      block = (start, count)
    }
    return nil
  }

  /// Blocks of a header that are looked at, and bytes of each.
  private static let blockLimit = 4
  private static let byteLimit = 1 << 10

  /// The first messages of a block of a header.
  private func messages(
    in block: (start: Int, count: Int)
  ) throws -> [(type: UInt64, content: ArraySlice<UInt8>)] {
    guard block.start <= range.count else { return [] }
    let count = min(block.count, range.count - block.start, Self.byteLimit)
    let bytes = try file.bytes(at: range.lowerBound + block.start, count: count)
    var found: [(type: UInt64, content: ArraySlice<UInt8>)] = []
    var rest = bytes[...]
    while rest.count >= 8 {
      let content = rest.dropFirst(8).prefix(Int(Self.number(rest.dropFirst(2).prefix(2))))
      found.append((Self.number(rest.prefix(2)), content))
      rest = rest.dropFirst(8 + content.count)
    }
    return found
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
