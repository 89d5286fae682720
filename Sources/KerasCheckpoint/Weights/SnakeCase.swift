/// Class names as Keras turns them into names of groups.
enum SnakeCase {
  /// `LayerNormalization` becomes `layer_normalization`.
  static func name(of className: String) -> String {
    let letters = className.unicodeScalars.filter { scalar in
      scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
    let plain = Array(letters)
    var first: [Unicode.Scalar] = []
    var index = 0
    // A capital that small letters follow begins a word, whatever stands before it.
    while index < plain.count {
      let isWord =
        index > 0 && isUpper(plain[index]) && index + 1 < plain.count && isLower(plain[index + 1])
      if isWord { first.append("_") }
      first.append(plain[index])
      index += 1
      while isWord, index < plain.count, isLower(plain[index]) {
        first.append(plain[index])
        index += 1
      }
    }
    var output = String.UnicodeScalarView()
    for (place, scalar) in first.enumerated() {
      if place > 0, isUpper(scalar), isLower(first[place - 1]) { output.append("_") }
      output.append(scalar)
    }
    return String(output).lowercased()
  }

  /// The name without the number that tells repeats apart.
  static func base(of name: String) -> String {
    guard let bar = name.lastIndex(of: "_"), bar != name.startIndex else { return name }
    let digits = name[name.index(after: bar)...]
    return !digits.isEmpty && digits.allSatisfy(\.isASCIIDigit) ? String(name[..<bar]) : name
  }

  /// The number that tells a repeat apart, 0 for the first.
  static func number(of name: String) -> Int {
    let base = base(of: name)
    return base == name ? 0 : Int(name.dropFirst(base.count + 1)) ?? 0
  }

  private static func isUpper(_ scalar: Unicode.Scalar) -> Bool { ("A"..."Z").contains(scalar) }
  private static func isLower(_ scalar: Unicode.Scalar) -> Bool { ("a"..."z").contains(scalar) }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
