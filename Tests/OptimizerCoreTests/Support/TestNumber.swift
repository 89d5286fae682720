/// The two types that updates are computed in, as tests compare them.
protocol TestNumber: BinaryFloatingPoint, Sendable {
  static func read(_ bits: Bits) -> [Self]
  /// The number's place in the order of all numbers of its type.
  var place: Int64 { get }
}

extension Float: TestNumber {
  static func read(_ bits: Bits) -> [Float] { bits.floats }

  var place: Int64 {
    let magnitude = Int64(bitPattern & 0x7FFF_FFFF)
    return sign == .minus ? -1 - magnitude : magnitude
  }
}

extension Double: TestNumber {
  static func read(_ bits: Bits) -> [Double] { bits.doubles }

  var place: Int64 {
    let magnitude = Int64(bitPattern & 0x7FFF_FFFF_FFFF_FFFF)
    return sign == .minus ? -1 - magnitude : magnitude
  }
}

/// How two arrays differ.
struct Difference: Equatable, CustomStringConvertible {
  var elements = 0
  var differing = 0
  var greatestULP: Int64 = 0

  mutating func add<Number: TestNumber>(_ found: [Number], _ expected: [Number]) {
    precondition(found.count == expected.count, "arrays of equal length are compared")
    elements += found.count
    for (a, b) in zip(found, expected) where a.place != b.place {
      differing += 1
      greatestULP = max(greatestULP, abs(a.place - b.place))
    }
  }

  var description: String { "\(differing) of \(elements) differ, by \(greatestULP) ULP at most" }
}

extension Difference {
  static func between<Number: TestNumber>(_ found: [Number], _ expected: [Number]) -> Difference {
    var difference = Difference()
    difference.add(found, expected)
    return difference
  }
}
