internal import ByteIO
internal import Tensors

/// The chunks of a dataset as its index lists them.
struct ChunkIndex {
  /// The dataset's extent.
  let shape: [Int]
  /// The greatest extent along each axis, `nil` for none.
  let maximum: [Int?]
  /// Elements of a chunk along each axis.
  let chunk: [Int]
  /// Bytes of a chunk without filters.
  let chunkBytes: Int
  /// Chunks that the dataset has when it is whole.
  let count: Int

  /// What the index found.
  private(set) var chunks: [HDF5DatasetInfo.Chunk] = []

  /// An address that stands for nothing.
  private static let nowhere = [UInt8](repeating: 0xFF, count: 8)

  /// Describes a dataset.
  init(shape: [Int], maximum: [Int?], chunk: [Int], chunkBytes: Int, count: Int) {
    self.shape = shape
    self.maximum = maximum
    self.chunk = chunk
    self.chunkBytes = chunkBytes
    self.count = count
  }

  /// Walks through the index.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - layout: The dataset's layout message.
  ///   - isFiltered: Whether chunks pass filters, so that each has a size of its own.
  /// - Throws: ``Unfamiliar`` where the index is of a kind that is not known, or contradicts itself.
  /// - Complexity: O(number of chunks).
  mutating func walk(
    _ file: inout IndexedFile,
    _ layout: ArraySlice<UInt8>,
    isFiltered: Bool
  ) throws {
    var cursor = BlockCursor(layout, base: 0)
    let version = try cursor.integer(UInt8.self, "version")
    guard try cursor.integer(UInt8.self, "class") == 2 else { throw Unfamiliar() }
    switch version {
    case 3:
      guard try cursor.integer(UInt8.self, "axes") == shape.count + 1 else { throw Unfamiliar() }
      let root = try address(&cursor)
      if let root { try walkTree(&file, root, level: nil) }
    case 4:
      let flags = try cursor.integer(UInt8.self, "flags")
      guard try cursor.integer(UInt8.self, "axes") == shape.count + 1 else { throw Unfamiliar() }
      let width = Int(try cursor.integer(UInt8.self, "width"))
      _ = try cursor.take(width * (shape.count + 1), "chunk")
      try walkNewer(&file, &cursor, flags, isFiltered)
    default: throw Unfamiliar()
    }
  }

  private mutating func walkNewer(
    _ file: inout IndexedFile,
    _ cursor: inout BlockCursor,
    _ flags: UInt8,
    _ isFiltered: Bool
  ) throws {
    switch try cursor.integer(UInt8.self, "index") {
    case 1:
      var size = chunkBytes
      var mask: UInt32 = 0
      if flags & 0x02 != 0 {
        size = try DirectHeader.number(try cursor.take(8, "size"))
        mask = try cursor.integer(UInt32.self, "mask")
      }
      if let place = try address(&cursor) {
        add([Int](repeating: 0, count: shape.count), place, size, mask)
      }
    case 2:
      guard let first = try address(&cursor) else { return }
      for number in 0..<count {
        let start = try position(number, grid(shape), chunk)
        add(start, first + number * chunkBytes, chunkBytes, 0)
      }
    case 3:
      _ = try cursor.take(1, "page bits")
      if let header = try address(&cursor) {
        try FixedArray(&file, header) { try self.take($0, at: $1, isFiltered) }
      }
    case 4:
      _ = try cursor.take(5, "parameters")
      if let header = try address(&cursor) {
        try ExtensibleArray(&file, header) { try self.take($0, at: $1, isFiltered) }
      }
    case 5:
      _ = try cursor.take(6, "parameters")
      guard let header = try address(&cursor) else { return }
      try SecondTree(&file, header) { record in
        var cursor = BlockCursor(record, base: 0)
        guard let place = try address(&cursor) else { throw Unfamiliar() }
        let (size, mask) = try filtered(&cursor, isFiltered, behind: 8 * shape.count)
        let position = try chunk.map { extent in
          let scaled = try DirectHeader.number(try cursor.take(8, "place"))
          let (start, overflow) = scaled.multipliedReportingOverflow(by: extent)
          guard !overflow else { throw Unfamiliar() }
          return start
        }
        add(position, place, size, mask)
      }
    default: throw Unfamiliar()
    }
  }

  // MARK: Elements

  private func address(_ cursor: inout BlockCursor) throws -> Int? {
    let bytes = try cursor.take(8, "address")
    return Array(bytes) == Self.nowhere ? nil : try DirectHeader.number(bytes)
  }

  private mutating func add(_ position: [Int], _ offset: Int, _ count: Int, _ mask: UInt32) {
    chunks.append(
      HDF5DatasetInfo.Chunk(
        position: position,
        offset: offset,
        byteCount: count,
        skippedFilters: mask
      )
    )
  }

  /// Size and mask of a chunk: what is left before the rest of its element.
  private func filtered(
    _ cursor: inout BlockCursor,
    _ isFiltered: Bool,
    behind rest: Int
  ) throws -> (size: Int, mask: UInt32) {
    guard isFiltered else { return (chunkBytes, 0) }
    let width = cursor.remaining - rest - 4
    guard (1...8).contains(width) else { throw Unfamiliar() }
    let size = try DirectHeader.number(try cursor.take(width, "size"))
    return (size, try cursor.integer(UInt32.self, "mask"))
  }

  /// Takes an element of an array by its number, which counts chunks within the greatest extent.
  private mutating func take(
    _ element: ArraySlice<UInt8>,
    at number: Int,
    _ isFiltered: Bool
  ) throws {
    var cursor = BlockCursor(element, base: 0)
    guard let place = try address(&cursor) else { return }
    let (size, mask) = try filtered(&cursor, isFiltered, behind: 0)
    // The axis without a greatest extent is the slowest, wherever it stands.
    let free = maximum.firstIndex { $0 == nil } ?? 0
    let axes = [free] + maximum.indices.filter { $0 != free }
    let whole = zip(maximum, shape).map { $0 ?? $1 }
    let counts = axes.map { grid(whole)[$0] }
    let swizzled = try position(number, counts, axes.map { chunk[$0] })
    var starts = [Int](repeating: 0, count: shape.count)
    for (axis, start) in zip(axes, swizzled) { starts[axis] = start }
    // Arrays may have room for chunks beyond the present extent.
    guard zip(starts, shape).allSatisfy({ $0 < $1 }) else { return }
    add(starts, place, size, mask)
  }

  private func grid(_ extent: [Int]) -> [Int] {
    zip(extent, chunk).map { $0 > 0 ? ($0 - 1) / $1 + 1 : 0 }
  }

  /// The first element of a chunk by its number; along the slowest axis there may be any number.
  private func position(_ number: Int, _ counts: [Int], _ chunk: [Int]) throws -> [Int] {
    var rest = number
    var position = [Int](repeating: 0, count: counts.count)
    for axis in counts.indices.reversed() {
      let count = axis == 0 ? Int.max : max(counts[axis], 1)
      let (start, overflow) = (rest % count).multipliedReportingOverflow(by: chunk[axis])
      guard !overflow else { throw Unfamiliar() }
      position[axis] = start
      rest /= count
    }
    return position
  }

  // MARK: The first tree

  /// Walks through a B-tree of version 1, whose keys are the chunks' places.
  private mutating func walkTree(_ file: inout IndexedFile, _ root: Int, level: Int?) throws {
    var pending = [(address: root, level: level)]
    let keyBytes = 8 + 8 * (shape.count + 1)
    while let node = pending.popLast() {
      var head = try file.block(at: node.address, count: 24)
      guard Array(try head.take(4, "signature")) == Array("TREE".utf8),
        try head.integer(UInt8.self, "type") == 1
      else { throw Unfamiliar() }
      let level = Int(try head.integer(UInt8.self, "level"))
      let count = Int(try head.integer(UInt16.self, "entries"))
      guard node.level.map({ $0 == level }) ?? true else { throw Unfamiliar() }
      var body = try file.block(at: node.address + 24, count: count * (keyBytes + 8))
      var children: [(address: Int, level: Int?)] = []
      for _ in 0..<count {
        let size = Int(try body.integer(UInt32.self, "size"))
        let mask = try body.integer(UInt32.self, "mask")
        let position = try shape.map { _ in try DirectHeader.number(try body.take(8, "place")) }
        _ = try body.take(8, "element")
        guard let child = try address(&body) else { throw Unfamiliar() }
        if level > 0 {
          children.append((child, level - 1))
        } else {
          add(position, child, size, mask)
        }
      }
      pending += children.reversed()
    }
  }
}
