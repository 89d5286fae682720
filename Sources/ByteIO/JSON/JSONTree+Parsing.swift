internal import Tensors

extension JSONTree {
  /// Parses a whole text.
  ///
  /// - Parameters:
  ///   - bytes: The text, UTF-8, as Python writes it: `NaN` and infinities are numbers.
  ///   - subject: What messages call it.
  /// - Returns: The value.
  /// - Throws: `StateError` with code `malformed` or `limitExceeded`.
  package static func parse(_ bytes: [UInt8], _ subject: String) throws -> JSONTree {
    try JSONTreeParser.parse(bytes, subject)
  }
}

/// Reads JSON as Python writes it, keeping its spelling, with bounded recursion.
private struct JSONTreeParser {
  private let bytes: [UInt8]
  private let subject: String
  private var position = 0

  static func parse(_ bytes: [UInt8], _ subject: String) throws -> JSONTree {
    var parser = JSONTreeParser(bytes: bytes, subject: subject)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == bytes.count else { throw parser.failure("has more behind its end") }
    return value
  }

  private init(bytes: [UInt8], subject: String) {
    self.bytes = bytes
    self.subject = subject
  }

  private func failure(_ what: String, _ code: StateError.Code = .malformed) -> StateError {
    StateError(code, "the JSON of \(subject) \(what)", found: "byte \(position) of \(bytes.count)")
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) {
      position += 1
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws -> JSONTree {
    guard depth <= Limits[.nesting] else {
      throw StateError.exceeded(.nesting, "\(subject) is nested too deeply", offset: position)
    }
    skipSpace()
    guard position < bytes.count else { throw failure("ends too early") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    default: return try word()
    }
  }

  private mutating func object(_ depth: Int) throws -> JSONTree {
    position += 1
    var members: [JSONTree.Member] = []
    var names: Set<ExactName> = []
    if take(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw failure("has a member without a name")
      }
      let name = try string()
      let plain = JSONTree.unescape(name)
      guard names.insert(ExactName(plain)).inserted else {
        throw failure("has the member '\(plain)' twice in one object")
      }
      guard take(UInt8(ascii: ":")) else { throw failure("has a member without a value") }
      members.append(JSONTree.Member(spelling: name, value: try value(depth: depth + 1)))
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw failure("has an object without an end") }
    return .object(members)
  }

  private mutating func array(_ depth: Int) throws -> JSONTree {
    position += 1
    var elements: [JSONTree] = []
    if take(UInt8(ascii: "]")) { return .array(elements) }
    repeat { elements.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw failure("has a list without an end") }
    return .array(elements)
  }

  private mutating func string() throws -> String {
    position += 1
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard position < bytes.count else { throw failure("has a text without an end") }
    guard let text = String(validating: bytes[start..<position], as: UTF8.self) else {
      throw failure("is not valid UTF-8")
    }
    position += 1
    return text
  }

  private mutating func word() throws -> JSONTree {
    let start = position
    while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    switch word {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "NaN", "Infinity", "-Infinity": return .number(word)
    default:
      guard let first = word.utf8.first, first == 0x2D || (0x30...0x39).contains(first),
        Double(word) != nil
      else {
        position = start
        throw failure("has a value that is none")
      }
      return .number(word)
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E: true
    default: false
    }
  }
}
