internal import Tensors

/// What the variables of one layer have in common in their names.
enum LayerName {
  /// The beginning of a name up to its first number, or else its scope, two components at most.
  static func of(_ name: String) -> String {
    let separators = name.contains("/") ? "/" : "."
    let parts = name.split(separator: Character(separators), omittingEmptySubsequences: false)
    let scope = parts.dropLast()
    let numbered = scope.firstIndex { part in
      part.utf8.contains { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
    let end = numbered.map { $0 + 1 } ?? min(2, scope.count)
    return end == 0 ? name : parts[..<end].joined(separator: separators)
  }

  /// What a variable is in its layer, such as `attention/self/query/kernel`: its name after the number of the layer.
  static func part(of name: String) -> String {
    let (layer, separators) = (of(name), name.contains("/") ? "/" : ".")
    let rest = name.dropFirst(layer.count)
    return rest.isEmpty ? name : String(rest.drop { String($0) == separators })
  }

  /// Whether a name comes first when runs of digits count as numbers.
  static func precedes(_ first: String, _ second: String) -> Bool {
    func key(_ name: String) -> [String] {
      name.split { !$0.isNumber || !$0.isASCII }.map { digits in
        String(repeating: "0", count: max(0, 20 - digits.count)) + digits
      }
    }
    func stem(_ name: String) -> String { String(name.filter { !($0.isNumber && $0.isASCII) }) }
    let (one, other) = (stem(first), stem(second))
    if one != other { return ExactName(one) < ExactName(other) }
    return key(first).lexicographicallyPrecedes(key(second))
  }
}
