internal import ByteIO

/// A B-tree of version 2: of the chunks of a dataset that can grow along several axes.
struct SecondTree {
  private let nodeBytes: Int
  private let recordBytes: Int
  /// Bytes of the number of records of a child, and of all those below it, by the depth of the child.
  private var widths: [(own: Int, all: Int)] = []

  /// Bytes of signature, version, type and sum.
  private static let overhead = 10

  /// Hands out every record.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - header: Address of the tree's header.
  ///   - take: Given a record.
  /// - Throws: ``Unfamiliar``, or what `take` throws.
  @discardableResult
  init(
    _ file: inout IndexedFile,
    _ header: Int,
    take: (ArraySlice<UInt8>) throws -> Void
  ) throws {
    var cursor = try file.block(at: header, count: 38)
    guard Array(try cursor.take(5, "signature")) == Array("BTHD".utf8) + [0] else {
      throw Unfamiliar()
    }
    _ = try cursor.take(1, "type")
    nodeBytes = Int(try cursor.integer(UInt32.self, "node"))
    recordBytes = Int(try cursor.integer(UInt16.self, "record"))
    let depth = Int(try cursor.integer(UInt16.self, "depth"))
    _ = try cursor.take(2, "shares")
    let root = try cursor.take(8, "root")
    let count = Int(try cursor.integer(UInt16.self, "records"))
    if DirectHeader.isUndefined(root) || count == 0 { return }
    guard recordBytes > 0, nodeBytes > Self.overhead + recordBytes, depth < 32 else {
      throw Unfamiliar()
    }
    try measure(depth)
    var pending = [(address: try DirectHeader.number(root), count: count, depth: depth)]
    while let node = pending.popLast() {
      let pointer = node.depth > 0 ? 8 + widths[node.depth - 1].own + widths[node.depth - 1].all : 0
      let size = 6 + node.count * recordBytes + (node.depth > 0 ? (node.count + 1) * pointer : 0)
      var body = try file.block(at: node.address, count: size)
      let signature = node.depth > 0 ? "BTIN" : "BTLF"
      guard Array(try body.take(5, "signature")) == Array(signature.utf8) + [0] else {
        throw Unfamiliar()
      }
      _ = try body.take(1, "type")
      for _ in 0..<node.count { try take(try body.take(recordBytes, "record")) }
      guard node.depth > 0 else { continue }
      for _ in 0...node.count {
        let child = try DirectHeader.number(try body.take(8, "child"))
        let records = try DirectHeader.number(try body.take(widths[node.depth - 1].own, "records"))
        _ = try body.take(widths[node.depth - 1].all, "all records")
        guard records <= nodeBytes else { throw Unfamiliar() }
        pending.append((child, records, node.depth - 1))
      }
    }
  }

  /// Finds out how wide the counts of each level are, which follows from the greatest that they can be.
  private mutating func measure(_ depth: Int) throws {
    func bytes(_ greatest: Int) -> Int { (Int.bitWidth - 1 - greatest.leadingZeroBitCount) / 8 + 1 }
    var greatest = (nodeBytes - Self.overhead) / recordBytes
    // The count of a node's own records is as wide at every level as in the leaves.
    let own = bytes(greatest)
    widths = [(own, 0)]
    var all = greatest
    for level in 1..<max(depth, 1) {
      let pointer = 8 + own + widths[level - 1].all
      greatest = (nodeBytes - Self.overhead - pointer) / (recordBytes + pointer)
      guard greatest > 0 else { throw Unfamiliar() }
      let (product, first) = (greatest + 1).multipliedReportingOverflow(by: all)
      let (sum, second) = product.addingReportingOverflow(greatest)
      guard !first, !second else { throw Unfamiliar() }
      all = sum
      widths.append((own, bytes(all)))
    }
  }
}
