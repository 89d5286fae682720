extension JSONValue {
  /// The text, indented by two blanks a level, without a final newline.
  public var text: String { String(decoding: bytes(isCompact: false), as: UTF8.self) }

  /// The text in UTF-8.
  ///
  /// - Parameters:
  ///   - isCompact: Whether to leave out all white space.
  ///   - escapesNonASCII: Whether other than ASCII characters are written as escapes, as Python does.
  /// - Returns: The bytes, without a final newline.
  public func bytes(isCompact: Bool, escapesNonASCII: Bool = false) -> [UInt8] {
    var writer = JSONTextWriter(isCompact: isCompact, escapesNonASCII: escapesNonASCII)
    writer.write(self, level: 0)
    return writer.bytes
  }
}

/// Puts values into text.
struct JSONTextWriter {
  let isCompact: Bool
  let escapesNonASCII: Bool
  private(set) var bytes: [UInt8] = []

  init(isCompact: Bool, escapesNonASCII: Bool) {
    self.isCompact = isCompact
    self.escapesNonASCII = escapesNonASCII
  }

  mutating func write(_ value: JSONValue, level: Int) {
    switch value {
    case .null: bytes += "null".utf8
    case .bool(let flag): bytes += (flag ? "true" : "false").utf8
    case .int(let number): bytes += String(number).utf8
    case .double(let number): bytes += (number.isFinite ? "\(number)" : "null").utf8
    case .string(let text): write(text)
    case .array(let values):
      bytes += "[".utf8
      for (index, value) in values.enumerated() {
        begin(index, level)
        write(value, level: level + 1)
      }
      end("]", isEmpty: values.isEmpty, level)
    case .object(let object):
      bytes += "{".utf8
      for (index, member) in object.members.enumerated() {
        begin(index, level)
        write(member.name)
        bytes += (isCompact ? ":" : ": ").utf8
        write(member.value, level: level + 1)
      }
      end("}", isEmpty: object.members.isEmpty, level)
    }
  }

  private mutating func begin(_ index: Int, _ level: Int) {
    if index > 0 { bytes += ",".utf8 }
    breakLine(level + 1)
  }

  private mutating func end(_ sign: String, isEmpty: Bool, _ level: Int) {
    if !isEmpty { breakLine(level) }
    bytes += sign.utf8
  }

  private mutating func breakLine(_ level: Int) {
    guard !isCompact else { return }
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * level))
  }

  private mutating func write(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": bytes += "\\\"".utf8
      case "\\": bytes += "\\\\".utf8
      case "\u{08}": bytes += "\\b".utf8
      case "\t": bytes += "\\t".utf8
      case "\n": bytes += "\\n".utf8
      case "\u{0C}": bytes += "\\f".utf8
      case "\r": bytes += "\\r".utf8
      case "\u{00}"..<" ": escape(UInt16(scalar.value))
      case "\u{7F}"... where escapesNonASCII:
        for unit in String(scalar).utf16 { escape(unit) }
      default: bytes += UTF8.encode(scalar).map { Array($0) } ?? []
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func escape(_ unit: UInt16) {
    let digits = String(unit, radix: 16)
    bytes += "\\u".utf8
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.count))
    bytes += digits.utf8
  }
}
