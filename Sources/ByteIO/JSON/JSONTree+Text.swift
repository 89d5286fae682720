extension JSONTree {
  /// The value as Python's `json.dumps` spells it.
  package var encoded: String {
    var output = ""
    encode(into: &output)
    return output
  }

  private func encode(into output: inout String) {
    switch self {
    case .null: output += "null"
    case .bool(let flag): output += flag ? "true" : "false"
    case .number(let spelling): output += spelling
    case .string(let spelling): output += "\"\(spelling)\""
    case .array(let elements):
      output += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { output += ", " }
        element.encode(into: &output)
      }
      output += "]"
    case .object(let members):
      output += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { output += ", " }
        output += "\"\(member.spelling)\": "
        member.value.encode(into: &output)
      }
      output += "}"
    }
  }

  /// A text between quotes, everything beyond ASCII escaped.
  package static func escape(_ text: String) -> String {
    var output = ""
    for unit in text.utf16 {
      switch unit {
      case 0x22: output += "\\\""
      case 0x5C: output += "\\\\"
      case 0x0A: output += "\\n"
      case 0x0D: output += "\\r"
      case 0x09: output += "\\t"
      case 0x20..<0x7F: output.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
      default:
        let digits = String(unit, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return output
  }

  /// The text that a spelling between quotes stands for; half a surrogate pair becomes U+FFFD.
  package static func unescape(_ spelling: String) -> String {
    guard spelling.utf8.contains(UInt8(ascii: "\\")) else { return spelling }
    var units: [UInt16] = []
    var rest = spelling.utf16[...]
    while let unit = rest.popFirst() {
      guard unit == 0x5C, let escaped = rest.popFirst() else {
        units.append(unit)
        continue
      }
      switch escaped {
      case 0x6E: units.append(0x0A)
      case 0x72: units.append(0x0D)
      case 0x74: units.append(0x09)
      case 0x62: units.append(0x08)
      case 0x66: units.append(0x0C)
      case 0x75:
        let digits = String(decoding: rest.prefix(4), as: UTF16.self)
        rest = rest.dropFirst(4)
        units.append(UInt16(digits, radix: 16) ?? 0xFFFD)
      default: units.append(escaped)
      }
    }
    return String(decoding: units, as: UTF16.self)
  }
}
