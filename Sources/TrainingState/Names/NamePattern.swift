internal import Tensors

/// A name with places for numbers: `encoder/layer_{n}/kernel`.
///
/// `{n}` stands for a whole number in decimal digits without leading zeros, `{n+1}` for that number
/// plus one, `{n:3}` for at least three digits, with zeros in front. A part in brackets, `[bert.]`, may be missing where a name is read; where one is
/// written, it is there.
package struct NamePattern: Sendable, Hashable {
  private enum Part: Hashable {
    case literal([UInt8])
    case optional([UInt8])
    case number(variable: String, offset: Int, width: Int)
  }

  private let parts: [Part]

  /// The text that the pattern was made from.
  package let text: String

  /// The letters that stand for numbers, in the order in which they first occur.
  package let variables: [String]

  package init(_ text: String) throws {
    self.text = text
    var parts: [Part] = []
    var variables: [String] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.first {
      switch byte {
      case UInt8(ascii: "["):
        parts.append(.optional(try Self.enclosed(&rest, until: "]", of: text)))
      case UInt8(ascii: "{"):
        let inside = String(decoding: try Self.enclosed(&rest, until: "}", of: text), as: UTF8.self)
        let sides = inside.split(separator: ":", omittingEmptySubsequences: false)
        let halves = sides[0].split(separator: "+", omittingEmptySubsequences: false)
        guard sides.count <= 2, halves.count <= 2, !halves[0].isEmpty,
          halves[0].allSatisfy(\.isLetter),
          let offset = halves.count == 2 ? Int(halves[1]) : 0, (0...1_000_000).contains(offset),
          let width = sides.count == 2 ? Int(sides[1]) : 1, (1...9).contains(width)
        else { throw Self.failure("'{\(inside)}' is neither {n} nor {n+1} nor {n:3}", text) }
        // Between two numbers without anything between them nothing could tell where one ends.
        if case .number = parts.last { throw Self.failure("two numbers touch", text) }
        let variable = String(halves[0])
        if !variables.contains(variable) { variables.append(variable) }
        parts.append(.number(variable: variable, offset: offset, width: width))
      default:
        let end = rest.firstIndex { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
        parts.append(.literal(Array(rest[..<(end ?? rest.endIndex)])))
        rest = rest[(end ?? rest.endIndex)...]
      }
    }
    guard !parts.isEmpty else { throw Self.failure("is empty", text) }
    self.parts = parts
    self.variables = variables
  }

  /// The numbers for which the pattern is the name, `nil` where it is none.
  package func numbers(in name: String) -> [String: Int]? {
    match(parts[...], Array(name.utf8)[...], [:])
  }

  /// The name for these numbers, `nil` where one is missing or out of range.
  package func name(_ numbers: [String: Int]) -> String? { name(numbers, isShort: false) }

  /// The name without what may be missing.
  package func shortName(_ numbers: [String: Int]) -> String? { name(numbers, isShort: true) }

  private func name(_ numbers: [String: Int], isShort: Bool) -> String? {
    var bytes: [UInt8] = []
    for part in parts {
      switch part {
      case .literal(let text): bytes += text
      case .optional(let text): if !isShort { bytes += text }
      case .number(let variable, let offset, let width):
        guard let number = numbers[variable] else { return nil }
        let (sum, overflows) = number.addingReportingOverflow(offset)
        if overflows { return nil }
        let digits = String(sum).utf8
        bytes += [UInt8](repeating: UInt8(ascii: "0"), count: max(0, width - digits.count))
        bytes += Array(digits)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func match(
    _ parts: ArraySlice<Part>,
    _ name: ArraySlice<UInt8>,
    _ known: [String: Int]
  ) -> [String: Int]? {
    guard let part = parts.first else { return name.isEmpty ? known : nil }
    switch part {
    case .literal(let text):
      return name.starts(with: text)
        ? match(parts.dropFirst(), name.dropFirst(text.count), known) : nil
    case .optional(let text):
      if name.starts(with: text),
        let found = match(parts.dropFirst(), name.dropFirst(text.count), known)
      {
        return found
      }
      return match(parts.dropFirst(), name, known)
    case .number(let variable, let offset, let width):
      let digits = name.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard let value = Int(String(decoding: digits, as: UTF8.self)), value >= offset,
        digits.count == width || digits.count > width && digits.first != UInt8(ascii: "0"),
        known[variable] ?? (value - offset) == value - offset
      else { return nil }
      var known = known
      known[variable] = value - offset
      return match(parts.dropFirst(), name.dropFirst(digits.count), known)
    }
  }

  /// What stands between brackets, which are taken off.
  private static func enclosed(
    _ rest: inout ArraySlice<UInt8>,
    until end: Unicode.Scalar,
    of text: String
  ) throws -> [UInt8] {
    guard let close = rest.firstIndex(of: UInt8(ascii: end)), close > rest.startIndex + 1 else {
      throw failure("a bracket is empty or has no end", text)
    }
    defer { rest = rest[(close + 1)...] }
    return Array(rest[(rest.startIndex + 1)..<close])
  }

  private static func failure(_ message: String, _ text: String) -> StateError {
    StateError(.malformed, "the pattern '\(text)': \(message)")
  }
}
