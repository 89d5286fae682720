internal import Tensors

/// A JSON value that keeps the order of its members and the spelling of its numbers and texts, so
/// that a configuration can be changed in one place and stay as it is everywhere else.
package indirect enum JSONTree: Sendable, Hashable {
  /// One named value of an object.
  package struct Member: Sendable, Hashable {
    /// The name as it is spelled between its quotes.
    package let spelling: String
    package var value: JSONTree

    package init(spelling: String, value: JSONTree) {
      self.spelling = spelling
      self.value = value
    }
  }

  case null
  case bool(Bool)
  /// A number as it is spelled; Python writes `NaN` and `Infinity` too.
  case number(String)
  /// A text as it is spelled between its quotes.
  case string(String)
  case array([JSONTree])
  case object([Member])

  /// A text that is not escaped yet.
  package init(text: String) {
    self = .string(Self.escape(text))
  }

  /// A number as Python spells it: always with a point or an exponent.
  package init(number: Double) {
    switch number {
    case _ where number.isNaN: self = .number("NaN")
    case .infinity: self = .number("Infinity")
    case -.infinity: self = .number("-Infinity")
    default: self = .number("\(number)")
    }
  }

  /// The value of a member, `nil` where there is none or the value is no object.
  package subscript(_ name: String) -> JSONTree? {
    guard case .object(let members) = self else { return nil }
    let spelling = Self.escape(name)
    return members.first { $0.spelling == spelling }?.value
  }

  /// The value at the end of a path of members.
  package func at(_ path: [String]) -> JSONTree? {
    var value: JSONTree? = self
    for name in path { value = value?[name] }
    return value
  }

  /// The same value with one member replaced, or added where its object lacks it.
  package func replacing(_ path: [String], with value: JSONTree) -> JSONTree {
    guard let name = path.first else { return value }
    guard case .object(var members) = self else { return self }
    let spelling = Self.escape(name)
    let rest = Array(path.dropFirst())
    if let index = members.firstIndex(where: { $0.spelling == spelling }) {
      members[index].value = members[index].value.replacing(rest, with: value)
    } else if rest.isEmpty {
      members.append(Member(spelling: spelling, value: value))
    }
    return .object(members)
  }

  // MARK: Plain values

  /// The text without its escapes, `nil` for anything else.
  package var text: String? {
    guard case .string(let spelling) = self else { return nil }
    return Self.unescape(spelling)
  }

  /// The number, `nil` for anything else.
  package var number: Double? {
    guard case .number(let spelling) = self else { return nil }
    switch spelling {
    case "NaN": return .nan
    case "Infinity": return .infinity
    case "-Infinity": return -.infinity
    default: return Double(spelling)
    }
  }

  /// The truth value, `nil` for anything else.
  package var flag: Bool? {
    if case .bool(let flag) = self { flag } else { nil }
  }

  /// The elements, `nil` for anything else.
  package var elements: [JSONTree]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The members by their unescaped names, `nil` for anything else.
  package var members: [(name: String, value: JSONTree)]? {
    guard case .object(let members) = self else { return nil }
    return members.map { (Self.unescape($0.spelling), $0.value) }
  }
}
