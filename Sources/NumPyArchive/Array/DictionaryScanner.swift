internal import Tensors

/// Reads the one kind of Python dictionary that a header may be, and nothing else of Python.
struct DictionaryScanner {
  /// What the dictionary says.
  struct Entry {
    var descr: String
    var isFortranOrder: Bool
    var shape: [Int]
  }

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// Reads the dictionary, which must be all that there is but for white space.
  mutating func entry() throws -> Entry {
    var descr: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try expect("{")
    while !skip("}") {
      let start = position
      let key = try string()
      try expect(":")
      let isNew: Bool
      switch key {
      case "descr":
        isNew = descr == nil
        descr = try type()
      case "fortran_order":
        isNew = isFortranOrder == nil
        isFortranOrder = try flag()
      case "shape":
        isNew = shape == nil
        shape = try tuple()
      default: throw malformed("the header has the unknown key '\(key)'", at: start)
      }
      guard isNew else { throw malformed("the header has the key '\(key)' twice", at: start) }
      if !skip(",") {
        try expect("}")
        break
      }
    }
    guard next() == nil else { throw malformed("the header goes on behind its dictionary") }
    guard let descr, let isFortranOrder, let shape else {
      throw malformed("the header lacks descr, fortran_order or shape", at: bytes.startIndex)
    }
    return Entry(descr: descr, isFortranOrder: isFortranOrder, shape: shape)
  }

  private func malformed(_ message: String, at place: Int? = nil) -> StateError {
    StateError(.malformed, message, offset: place ?? position)
  }

  /// The next byte that is no white space, not taken.
  private mutating func next() -> UInt8? {
    while position < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
      position += 1
    }
    return position < bytes.endIndex ? bytes[position] : nil
  }

  private mutating func skip(_ sign: Unicode.Scalar) -> Bool {
    guard next() == UInt8(ascii: sign) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ sign: Unicode.Scalar) throws {
    guard skip(sign) else { throw malformed("the header has no '\(sign)' here") }
  }

  /// A text in quotes, without escapes.
  private mutating func string() throws -> String {
    guard let quote = next(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw malformed("the header has no text here")
    }
    let start = position + 1
    guard let end = bytes[start...].firstIndex(of: quote),
      bytes[start..<end].allSatisfy({ 0x20..<0x7F ~= $0 && $0 != UInt8(ascii: "\\") })
    else { throw malformed("a text of the header has no end or strange characters") }
    position = end + 1
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private mutating func type() throws -> String {
    next() == UInt8(ascii: "[") ? try fields() : try string()
  }

  /// The text of a list of fields, which is what the type of records is; its brackets are matched, and no more is asked
  /// of it.
  private mutating func fields() throws -> String {
    let start = position
    var open: [UInt8] = []
    repeat {
      guard let byte = next() else { throw malformed("a list of fields has no end", at: start) }
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""):
        _ = try string()
        continue
      case UInt8(ascii: "["): open.append(UInt8(ascii: "]"))
      case UInt8(ascii: "("): open.append(UInt8(ascii: ")"))
      case UInt8(ascii: "]"), UInt8(ascii: ")"):
        guard open.popLast() == byte else { throw malformed("a bracket closes another's list") }
      case UInt8(ascii: ","), UInt8(ascii: "0")...UInt8(ascii: "9"): break
      default: throw malformed("the list of fields has strange characters")
      }
      position += 1
    } while !open.isEmpty
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func flag() throws -> Bool {
    _ = next()
    for (word, value) in [("True", true), ("False", false)]
    where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw malformed("fortran_order is neither True nor False")
  }

  private mutating func tuple() throws -> [Int] {
    try expect("(")
    var sizes: [Int] = []
    while !skip(")") {
      guard sizes.count < Limits.rank else {
        throw StateError(
          .limitExceeded,
          "too many axes",
          offset: position,
          expected: "at most \(Limits.rank)"
        )
      }
      sizes.append(try size())
      if !skip(",") {
        try expect(")")
        // (3) is a number in brackets, (3,) a tuple.
        guard sizes.count > 1 else { throw malformed("shape is no tuple") }
        break
      }
    }
    return sizes
  }

  private mutating func size() throws -> Int {
    _ = next()
    let digits = bytes[position...].prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    guard let size = Int(String(decoding: digits, as: UTF8.self)) else {
      throw malformed("a size of the shape is no whole number from 0 to 2^63 - 1")
    }
    position += digits.count
    // Python 2 marked long integers.
    if position < bytes.endIndex, bytes[position] == UInt8(ascii: "L") { position += 1 }
    return size
  }
}
