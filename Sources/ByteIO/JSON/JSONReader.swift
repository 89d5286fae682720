public import Tensors

/// Walks through a JSON text (RFC 8259) without trusting it.
///
/// Names may not repeat, nesting is bounded by `Limits/nesting`, and every error has its byte
/// offset. What a caller walks through member by member is never held as a whole.
public struct JSONReader: Sendable {
  private let bytes: [UInt8]
  private let base: Int
  private var position = 0
  private var depth = 0

  /// Begins at the start of a text.
  ///
  /// - Parameters:
  ///   - bytes: The text in UTF-8.
  ///   - base: Absolute offset of the first byte in its file, for messages.
  public init(_ bytes: [UInt8], base: Int = 0) {
    self.bytes = bytes
    self.base = base
  }

  /// The value that a whole text is.
  ///
  /// - Parameters:
  ///   - bytes: The text in UTF-8.
  ///   - base: Absolute offset of the first byte in its file, for messages.
  /// - Returns: The value.
  /// - Throws: `StateError` with code `malformed` or `limitExceeded` and the offset.
  public static func value(of bytes: [UInt8], base: Int = 0) throws -> JSONValue {
    var reader = JSONReader(bytes, base: base)
    let value = try reader.value()
    try reader.finish()
    return value
  }

  /// Absolute offset of the next byte.
  public var offset: Int { base + position }

  /// An error about the text at its present place.
  ///
  /// - Parameters:
  ///   - message: What is wrong.
  ///   - offset: Absolute offset, `nil` for the next byte's.
  /// - Returns: The error.
  public func malformed(_ message: String, at offset: Int? = nil) -> StateError {
    StateError(.malformed, message, offset: offset ?? self.offset)
  }

  /// Checks that nothing but white space is left.
  ///
  /// - Throws: `StateError` with code `malformed`.
  public mutating func finish() throws {
    guard peek() == nil else { throw malformed("the JSON text goes on behind its value") }
  }

  // MARK: Values

  /// The next value, whatever it is.
  ///
  /// - Returns: The value.
  /// - Throws: `StateError` with code `malformed` or `limitExceeded`.
  public mutating func value() throws -> JSONValue {
    switch peek() {
    case UInt8(ascii: "{"):
      var object = JSONObject()
      try self.object { reader, name in object[name] = try reader.value() }
      return .object(object)
    case UInt8(ascii: "["):
      var values: [JSONValue] = []
      try array { values.append(try $0.value()) }
      return .array(values)
    case UInt8(ascii: "\""): return .string(try string("a text"))
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  /// Walks through an object; the body takes the value of each member.
  ///
  /// - Parameter body: Given the reader before the value, and the member's name.
  /// - Throws: `StateError` with code `malformed` when it is no object or a name is there twice,
  ///   `limitExceeded` when it lies too deep, or what the body throws.
  public mutating func object(_ body: (inout JSONReader, String) throws -> Void) throws {
    var names: Set<ExactName> = []
    try sequence("{", "}", "an object") { reader in
      let start = reader.offset
      let name = try reader.string("a member's name")
      guard names.insert(ExactName(name)).inserted else {
        throw reader.malformed("the object has the name '\(name)' twice", at: start)
      }
      try reader.expect(":", "a colon")
      try body(&reader, name)
    }
  }

  /// Walks through a list; the body takes each value.
  ///
  /// - Parameter body: Given the reader before the value.
  /// - Throws: `StateError` with code `malformed` when it is no list, `limitExceeded` when it lies
  ///   too deep, or what the body throws.
  public mutating func array(_ body: (inout JSONReader) throws -> Void) throws {
    try sequence("[", "]", "a list", body)
  }

  /// The next value, which must be a whole number that is not negative.
  ///
  /// - Parameter what: What it is, for the message.
  /// - Returns: The number.
  /// - Throws: `StateError` with code `malformed`.
  public mutating func count(_ what: String) throws -> Int {
    _ = peek()
    let start = offset
    guard case .int(let number) = try value(), let count = Int(exactly: number), count >= 0 else {
      throw malformed("\(what) is no whole number from 0 to 2^63 - 1", at: start)
    }
    return count
  }

  /// Steps over the next value.
  ///
  /// - Throws: `StateError` with code `malformed` or `limitExceeded`.
  public mutating func skip() throws { _ = try value() }

  /// The next value, which must be a text.
  ///
  /// - Parameter what: What it is, for the message.
  /// - Returns: The text.
  /// - Throws: `StateError` with code `malformed`.
  public mutating func string(_ what: String) throws -> String {
    guard peek() == UInt8(ascii: "\"") else { throw malformed("\(what) is no text") }
    let start = offset
    position += 1
    var text: [UInt8] = []
    var plain = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        let rest = bytes[plain..<position]
        position += 1
        let content = text.isEmpty ? rest : (text + rest)[...]
        guard let result = String(validating: content, as: UTF8.self) else {
          throw malformed("\(what) is no valid UTF-8", at: start)
        }
        return result
      case UInt8(ascii: "\\"):
        text += bytes[plain..<position]
        position += 1
        text += try escape()
        plain = position
      case 0..<0x20: throw malformed("\(what) has a control character in it")
      default: position += 1
      }
    }
    throw malformed("\(what) has no end", at: start)
  }

  // MARK: Pieces

  /// The next byte that is no white space, not taken.
  private mutating func peek() -> UInt8? {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return bytes[position]
      }
    }
    return nil
  }

  private mutating func expect(_ sign: Unicode.Scalar, _ what: String) throws {
    guard peek() == UInt8(ascii: sign) else { throw malformed("\(what) is missing") }
    position += 1
  }

  private mutating func sequence(
    _ open: Unicode.Scalar,
    _ close: Unicode.Scalar,
    _ what: String,
    _ element: (inout JSONReader) throws -> Void
  ) throws {
    guard peek() == UInt8(ascii: open) else { throw malformed("\(what) is missing") }
    guard depth < Limits[.nesting] else {
      throw StateError.exceeded(.nesting, "the JSON text is nested too deeply", offset: offset)
    }
    position += 1
    if peek() == UInt8(ascii: close) {
      position += 1
      return
    }
    depth += 1
    while true {
      try element(&self)
      switch peek() {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: close):
        position += 1
        depth -= 1
        return
      default: throw malformed("\(what) has neither a comma nor its end")
      }
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else { throw malformed("no JSON value") }
    position += word.utf8.count
    return value
  }

  private mutating func number() throws -> JSONValue {
    let start = position
    let isPart = { (byte: UInt8) in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
        UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        true
      default: false
      }
    }
    let token = bytes[start...].prefix(while: isPart)
    position += token.count
    guard JSONNumber.isValid(token) else { throw malformed("no JSON value", at: base + start) }
    let text = String(decoding: token, as: UTF8.self)
    if let integer = Int64(text) { return .int(integer) }
    guard let double = Double(text), double.isFinite else {
      throw malformed("a number has no place in a Double", at: base + start)
    }
    return .double(double)
  }

  /// The bytes that an escape stands for.
  private mutating func escape() throws -> [UInt8] {
    let start = offset - 1
    guard position < bytes.count else { throw malformed("an escape has no end", at: start) }
    let sign = bytes[position]
    position += 1
    switch sign {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [sign]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var unit = try hexadecimal()
      if 0xD800..<0xDC00 ~= unit, bytes[position...].starts(with: [0x5C, 0x75]) {
        position += 2
        let low = try hexadecimal()
        guard 0xDC00..<0xE000 ~= low else { throw malformed("half a character", at: start) }
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(unit) else {
        throw malformed("half a character", at: start)
      }
      return Array(String(Character(scalar)).utf8)
    default: throw malformed("an unknown escape", at: start)
    }
  }

  private mutating func hexadecimal() throws -> UInt32 {
    let digits = bytes[position...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw malformed("an escape has no four digits") }
    position += 4
    return unit
  }
}
