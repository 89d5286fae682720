internal import ByteIO

/// An array that grows at its end: of the chunks of a dataset that can grow along one axis.
///
/// The first elements are in the index block itself; the others in data blocks, whose length doubles from one super block
/// to the next but one.
struct ExtensibleArray {
  /// A bit for each page of the data blocks of a super block.
  private struct PageMap {
    let bits: [UInt8]
    /// The page of the super block that is the data block's first.
    let first: Int

    func isWritten(_ page: Int) -> Bool {
      let (byte, bit) = (first + page).quotientAndRemainder(dividingBy: 8)
      return bits[byte] & (0x80 >> UInt8(bit)) != 0
    }
  }

  private let width: Int
  private let offsetBytes: Int
  private let pageBits: Int
  private let count: Int
  private var next = 0

  /// Hands out every element that has been written, with its number.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - header: Address of the array's header.
  ///   - take: Given an element and its number.
  /// - Throws: ``Unfamiliar``, or what `take` throws.
  @discardableResult
  init(
    _ file: inout IndexedFile,
    _ header: Int,
    take: (ArraySlice<UInt8>, Int) throws -> Void
  ) throws {
    var cursor = try file.block(at: header, count: 72)
    guard Array(try cursor.take(5, "signature")) == Array("EAHD".utf8) + [0] else {
      throw Unfamiliar()
    }
    _ = try cursor.take(1, "client")
    width = Int(try cursor.integer(UInt8.self, "element"))
    let countBits = Int(try cursor.integer(UInt8.self, "count bits"))
    let inIndex = Int(try cursor.integer(UInt8.self, "elements of the index"))
    let least = Int(try cursor.integer(UInt8.self, "elements of a block"))
    let pointers = Int(try cursor.integer(UInt8.self, "pointers of a block"))
    pageBits = Int(try cursor.integer(UInt8.self, "page bits"))
    _ = try cursor.take(32, "numbers of blocks")
    // The greatest index that was ever set, and one: later blocks have nothing.
    count = try DirectHeader.number(try cursor.take(8, "greatest index"))
    _ = try cursor.take(8, "elements")
    let index = try cursor.take(8, "index block")
    offsetBytes = (countBits + 7) / 8
    if DirectHeader.isUndefined(index) { return }
    guard width >= 8, least.nonzeroBitCount == 1, pointers.nonzeroBitCount == 1, countBits <= 48,
      (1..<32).contains(pageBits), countBits >= least.trailingZeroBitCount
    else { throw Unfamiliar() }
    let supers = 1 + countBits - least.trailingZeroBitCount
    let direct = min(2 * pointers.trailingZeroBitCount, supers)
    let blocks = 2 * (pointers - 1)
    let address = try DirectHeader.number(index)
    let size = inIndex * width + 8 * (blocks + supers - direct)
    var body = try file.block(at: address, count: 14 + size)
    guard Array(try body.take(5, "signature")) == Array("EAIB".utf8) + [0] else {
      throw Unfamiliar()
    }
    _ = try body.take(9, "header")
    for _ in 0..<inIndex { try hand(try body.take(width, "element"), take) }
    for place in 0..<supers where next < count {
      let numbers = 1 << (place / 2)
      let length = (1 << ((place + 1) / 2)) * least
      if place < direct {
        for _ in 0..<numbers {
          try readBlock(&file, try body.take(8, "block"), length, pages: nil, take)
        }
      } else {
        try readSuper(&file, try body.take(8, "super block"), numbers, length, take)
      }
    }
  }

  private mutating func hand(
    _ element: ArraySlice<UInt8>,
    _ take: (ArraySlice<UInt8>, Int) throws -> Void
  ) throws {
    if next < count { try take(element, next) }
    next += 1
  }

  private func pages(_ length: Int) -> Int {
    length > 1 << pageBits ? length >> pageBits : 0
  }

  private mutating func readSuper(
    _ file: inout IndexedFile,
    _ address: ArraySlice<UInt8>,
    _ numbers: Int,
    _ length: Int,
    _ take: (ArraySlice<UInt8>, Int) throws -> Void
  ) throws {
    if DirectHeader.isUndefined(address) {
      next += numbers * length
      return
    }
    let mapBytes = (pages(length) + 7) / 8
    let prefix = 14 + offsetBytes
    var body = try file.block(
      at: try DirectHeader.number(address),
      count: prefix + numbers * (mapBytes + 8)
    )
    guard Array(try body.take(5, "signature")) == Array("EASB".utf8) + [0] else {
      throw Unfamiliar()
    }
    _ = try body.take(prefix - 5, "header")
    let map = Array(try body.take(numbers * mapBytes, "pages"))
    for number in 0..<numbers where next < count {
      let written = PageMap(bits: map, first: number * pages(length))
      try readBlock(&file, try body.take(8, "block"), length, pages: written, take)
    }
  }

  /// Reads a data block; of one in pages those that have been written.
  private mutating func readBlock(
    _ file: inout IndexedFile,
    _ address: ArraySlice<UInt8>,
    _ length: Int,
    pages map: PageMap?,
    _ take: (ArraySlice<UInt8>, Int) throws -> Void
  ) throws {
    if DirectHeader.isUndefined(address) {
      next += length
      return
    }
    let place = try DirectHeader.number(address)
    let prefix = 14 + offsetBytes
    let pages = pages(length)
    var head = try file.block(at: place, count: prefix)
    guard Array(try head.take(5, "signature")) == Array("EADB".utf8) + [0] else {
      throw Unfamiliar()
    }
    guard pages > 0 else {
      var body = try file.block(at: place + prefix, count: length * width)
      for _ in 0..<length { try hand(try body.take(width, "element"), take) }
      return
    }
    guard let map else { throw Unfamiliar() }
    let page = 1 << pageBits
    // Behind the head its sum, and behind each page its own.
    var start = place + prefix + 4
    for number in 0..<pages {
      if map.isWritten(number) {
        var body = try file.block(at: start, count: page * width)
        for _ in 0..<page { try hand(try body.take(width, "element"), take) }
      } else {
        next += page
      }
      start += page * width + 4
    }
  }
}
