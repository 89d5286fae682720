internal import OptimizerCatalog
import Tensors

/// Takes values out of a record, checks them, and fills in what the record leaves out.
///
/// Reading a key declares it: what no reader asked for is unknown and an error.
struct RecordReader {
  /// What the record describes, for messages: `optimizer 'adam'`.
  let subject: String
  /// The arithmetic that defaults depend on.
  let arithmetic: Arithmetic
  private let values: [String: HyperparameterValue]
  /// What is known of a key's numbers, whichever rule has it.
  private let ranges: (String) -> ClosedRange<Double>?
  /// Every key that was asked for.
  private(set) var keys: Set<String> = []
  /// The words that a key may have, of those that have one of several.
  private(set) var choices: [String: [String]] = [:]
  /// Every value read, defaults included.
  private(set) var resolved: [String: HyperparameterValue] = [:]

  init(
    _ subject: String,
    _ values: [String: HyperparameterValue],
    arithmetic: Arithmetic = .tensorflow,
    ranges: @escaping (String) -> ClosedRange<Double>? = { _ in nil }
  ) {
    self.subject = subject
    self.values = values
    self.arithmetic = arithmetic
    self.ranges = ranges
  }

  /// A number within bounds.
  mutating func number(
    _ key: String,
    default standard: Double? = nil,
    in bounds: ClosedRange<Double>? = nil
  ) throws -> Double {
    guard let value = try optionalNumber(key, in: bounds) ?? standard else {
      throw missing(key)
    }
    resolved[key] = .double(value)
    return value
  }

  /// A number within bounds, or `nil` where the record has none.
  mutating func optionalNumber(
    _ key: String,
    in bounds: ClosedRange<Double>? = nil
  ) throws -> Double? {
    guard let value = take(key) else { return nil }
    guard let number = value.number else { throw wrong(key, value, "a number") }
    let bounds = bounds ?? ranges(key) ?? -.infinity ... .infinity
    guard bounds.contains(number) else {
      throw wrong(key, value, "a number from \(bounds.lowerBound) to \(bounds.upperBound)")
    }
    resolved[key] = .double(number)
    return number
  }

  /// A whole number, of a `double` as well where it has no fraction.
  mutating func count(
    _ key: String,
    default standard: Int64? = nil,
    atLeast least: Int64
  ) throws -> Int64 {
    guard let value = take(key) ?? standard.map(HyperparameterValue.int) else {
      throw missing(key)
    }
    let number: Int64?
    switch value {
    case .int(let integer): number = integer
    case .double(let double): number = Int64(exactly: double)
    default: number = nil
    }
    guard let number, number >= least else {
      throw wrong(key, value, "a whole number of at least \(least)")
    }
    resolved[key] = .int(number)
    return number
  }

  /// A whole number, or `nil` where the record has none.
  mutating func optionalCount(_ key: String, atLeast least: Int64) throws -> Int64? {
    guard take(key) != nil else { return nil }
    return try count(key, atLeast: least)
  }

  mutating func flag(_ key: String, default standard: Bool) throws -> Bool {
    let value = take(key) ?? .bool(standard)
    guard case .bool(let flag) = value else { throw wrong(key, value, "true or false") }
    resolved[key] = value
    return flag
  }

  /// One of the words that an enumeration spells.
  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String,
    default standard: Choice
  ) throws -> Choice where Choice.RawValue == String {
    choices[key] = Choice.allCases.map(\.rawValue)
    let value = take(key) ?? .string(standard.rawValue)
    guard let choice = value.word.flatMap(Choice.init) else {
      throw wrong(key, value, Choice.allCases.map(\.rawValue).joined(separator: " or "))
    }
    resolved[key] = value
    return choice
  }

  mutating func numbers(_ key: String) throws -> [Double] {
    guard let value = take(key) else { throw missing(key) }
    resolved[key] = value
    switch value {
    case .doubles(let numbers): return numbers
    case .strings(let words) where words.isEmpty: return []
    default: throw wrong(key, value, "a list of numbers")
    }
  }

  /// A list of strings, `nil` where the record has none.
  mutating func words(_ key: String, default standard: [String]? = nil) throws -> [String]? {
    guard let value = take(key) ?? standard.map(HyperparameterValue.strings) else { return nil }
    resolved[key] = value
    switch value {
    case .strings(let words): return words
    case .doubles(let numbers) where numbers.isEmpty: return []
    default: throw wrong(key, value, "a list of words")
    }
  }

  /// Replaces what a key says by what it means with every default filled in.
  mutating func complete(_ key: String, _ value: HyperparameterValue) { resolved[key] = value }

  /// Notes a key that is read elsewhere.
  mutating func allow(_ key: String) {
    if let value = take(key) { resolved[key] = value }
  }

  /// Refuses what nothing has read.
  func finish() throws {
    let unknown = Set(values.keys).subtracting(keys).sorted()
    guard let first = unknown.first else { return }
    throw StateError(
      .invalidArgument,
      "\(subject) has no '\(first)'",
      remedy: "its keys are " + keys.sorted().joined(separator: ", ")
    )
  }

  private mutating func take(_ key: String) -> HyperparameterValue? {
    keys.insert(key)
    return values[key]
  }

  private func missing(_ key: String) -> StateError {
    StateError(.invalidArgument, "\(subject) needs '\(key)'")
  }

  private func wrong(
    _ key: String,
    _ value: HyperparameterValue,
    _ expected: String
  ) -> StateError {
    StateError(
      .invalidArgument,
      "\(subject) has \(key)=\(value)",
      expected: expected
    )
  }
}
