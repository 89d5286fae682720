/// A dialect's word for one or several settings of an optimizer.
public struct SettingWord: Sendable, Hashable {
  /// What stands behind the word, in the record's words.
  public enum Content: Sendable, Hashable {
    /// A number.
    case number(String)
    /// The negative of a number.
    case negated(String)
    /// A number in a tensor of one element.
    case vector(String)
    /// A bound, which a negative number turns off.
    case bound(String)
    /// A whole number.
    case count(String)
    /// A truth value.
    case flag(String)
    /// A truth value that is nothing where it is not on.
    case switched(String)
    /// Several numbers together.
    case numbers([String])
    /// A list of numbers.
    case list(String)
    /// A word, or nothing.
    case word(String)
    /// The weight decay, which ``SettingRow/decay`` says how it is applied.
    case decay
    /// Whether the decay is applied apart from the gradient.
    case decoupling
    /// Whether the bias of moments is corrected.
    case correction
    /// Whether the fused kernel computes.
    case fusing
    /// What records have no word for.
    case unrecorded
  }

  /// What a framework has where nobody asks for anything else.
  public enum Standard: Sendable, Hashable {
    /// Nothing.
    case none
    /// A truth value.
    case flag(Bool)
    /// A number.
    case number(Double)
    /// Several numbers, of which some may be nothing.
    case numbers([Double?])
    /// A word.
    case word(String)
  }

  /// The word.
  public let text: String

  /// What stands behind it.
  public let content: Content

  /// The framework's default.
  public let standard: Standard

  init(_ text: String, _ content: Content, _ standard: Standard = .none) {
    self.text = text
    self.content = content
    self.standard = standard
  }

  /// The record's words for the numbers behind it; for a decay the one of an optimizer that decays.
  public var numbers: [String] {
    switch content {
    case .number(let name), .negated(let name), .vector(let name), .bound(let name),
      .count(let name):
      [name]
    case .numbers(let names): names
    case .decay: ["weight_decay"]
    case .flag, .switched, .list, .word, .decoupling, .correction, .fusing, .unrecorded: []
    }
  }

  /// The record's words for all that is behind it and has one word of its own.
  public var settings: [String] {
    switch content {
    case .flag(let name), .switched(let name), .list(let name), .word(let name): [name]
    default: numbers
    }
  }

  /// Whether the framework has the negative of the record's number.
  public var isNegated: Bool { if case .negated = content { true } else { false } }

  /// The default of one of ``numbers``, in the record's sign.
  ///
  /// - Parameter name: The record's word.
  /// - Returns: The number, `nil` where the framework has none.
  public func standard(of name: String) -> Double? {
    guard let place = numbers.firstIndex(of: name) else { return nil }
    return switch standard {
    case .number(let number): if case .negated = content { -number } else { number }
    case .numbers(let numbers): numbers[place]
    case .none, .flag, .word: nil
    }
  }
}

extension SettingWord.Standard: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral
{
  /// Takes a whole number.
  ///
  /// - Parameter value: The number.
  public init(integerLiteral value: Int) { self = .number(Double(value)) }

  /// Takes a number.
  ///
  /// - Parameter value: The number.
  public init(floatLiteral value: Double) { self = .number(value) }

  /// Takes a truth value.
  ///
  /// - Parameter value: The truth value.
  public init(booleanLiteral value: Bool) { self = .flag(value) }

  /// Takes several numbers.
  ///
  /// - Parameter elements: The numbers.
  public init(arrayLiteral elements: Double?...) { self = .numbers(elements) }

  /// Takes a word.
  ///
  /// - Parameter value: The word.
  public init(stringLiteral value: String) { self = .word(value) }
}
