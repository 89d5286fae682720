import Tensors

/// The textual form of records: `kind:key=value,key=value`.
enum SpecText {
  /// Splits a spec into its kind and its values.
  ///
  /// - Parameter text: The spec.
  /// - Returns: The kind and the values by key.
  /// - Throws: `StateError` with code `invalidArgument`, naming the place in the text.
  static func parse(
    _ text: String
  ) throws -> (kind: String, values: [String: HyperparameterValue]) {
    var scanner = SpecScanner(text)
    let kind = try scanner.word("kind")
    var values: [String: HyperparameterValue] = [:]
    guard !scanner.isAtEnd else { return (kind, values) }
    try scanner.expect(":")
    repeat {
      let key = try scanner.word("key")
      try scanner.expect("=")
      guard values.updateValue(try scanner.value(), forKey: key) == nil else {
        throw scanner.error("key '\(key)' is given twice")
      }
    } while scanner.skip(",")
    guard scanner.isAtEnd else {
      throw scanner.error("expected ',' or the end")
    }
    return (kind, values)
  }

  /// Spells a spec, keys in alphabetical order.
  ///
  /// - Parameters:
  ///   - kind: What stands before the colon.
  ///   - values: What follows it.
  /// - Returns: The spec.
  static func print(_ kind: String, _ values: [String: HyperparameterValue]) -> String {
    let pairs = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return pairs.isEmpty ? kind : kind + ":" + pairs.joined(separator: ",")
  }

  /// Spells a string so that it is read back as the same string.
  ///
  /// - Parameter text: Any string.
  /// - Returns: The text itself, or the text in quotes where it could be misread.
  static func spelling(of text: String) -> String {
    if case .string = literal(text), !text.isEmpty, !text.contains(where: isSpecial) {
      return text
    }
    let escaped = text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
    return "\"" + String(escaped) + "\""
  }

  /// The value that an unquoted word stands for.
  ///
  /// - Parameter word: The word.
  /// - Returns: A value of the type that the word looks like.
  static func literal(_ word: String) -> HyperparameterValue {
    switch word {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "inf", "+inf", "-inf", "nan": return .double(Double(word) ?? .nan)
    default: break
    }
    guard let first = word.first, first.isNumber || "+-.".contains(first) else {
      return .string(word)
    }
    if let integer = Int64(word) { return .int(integer) }
    return Double(word).map(HyperparameterValue.double) ?? .string(word)
  }

  /// Whether a character ends an unquoted word.
  static func isSpecial(_ character: Character) -> Bool {
    ",;=[]\"\\:".contains(character) || character.isWhitespace
  }
}
