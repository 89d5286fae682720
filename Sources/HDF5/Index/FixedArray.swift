internal import ByteIO

/// An array of a fixed number of elements: of the chunks of a dataset that cannot grow.
struct FixedArray {
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
    var cursor = try file.block(at: header, count: 28)
    guard Array(try cursor.take(5, "signature")) == Array("FAHD".utf8) + [0] else {
      throw Unfamiliar()
    }
    _ = try cursor.take(1, "client")
    let width = Int(try cursor.integer(UInt8.self, "element"))
    let pageBits = Int(try cursor.integer(UInt8.self, "page bits"))
    let count = try DirectHeader.number(try cursor.take(8, "elements"))
    let bytes = try cursor.take(8, "block")
    if DirectHeader.isUndefined(bytes) { return }
    guard width >= 8, (1...24).contains(pageBits) else { throw Unfamiliar() }
    let address = try DirectHeader.number(bytes)
    var head = try file.block(at: address, count: 14)
    guard Array(try head.take(5, "signature")) == Array("FADB".utf8) + [0] else {
      throw Unfamiliar()
    }
    let page = 1 << pageBits
    guard count > page else {
      let (size, overflow) = count.multipliedReportingOverflow(by: width)
      guard !overflow else { throw Unfamiliar() }
      var body = try file.block(at: address + 14, count: size)
      for number in 0..<count { try take(try body.take(width, "element"), number) }
      return
    }
    let pages = (count - 1) / page + 1
    let mapBytes = (pages + 7) / 8
    var map = try file.block(at: address + 14, count: mapBytes)
    let bits = Array(try map.take(mapBytes, "pages"))
    // Behind the map its sum, and behind each page its own.
    var place = address + 14 + mapBytes + 4
    for number in 0..<pages {
      let first = number * page
      let inside = min(page, count - first)
      if bits[number / 8] & (0x80 >> UInt8(number % 8)) != 0 {
        var body = try file.block(at: place, count: inside * width)
        for index in 0..<inside { try take(try body.take(width, "element"), first + index) }
      }
      let (behind, overflow) = place.addingReportingOverflow(inside * width + 4)
      guard !overflow else { throw Unfamiliar() }
      place = behind
    }
  }
}
