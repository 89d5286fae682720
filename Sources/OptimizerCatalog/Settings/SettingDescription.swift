/// What a hyper-parameter of a record is, whichever optimizer has it.
public struct SettingDescription: Sendable, Hashable {
  /// The values that it can have.
  public enum Domain: Sendable, Hashable {
    /// A number within bounds.
    case number(ClosedRange<Double>)
    /// A whole number, and the least.
    case count(atLeast: Int64)
    /// True or false.
    case flag
    /// One of some words, which the rule has.
    case choice
    /// A list of words.
    case words
    /// A list of numbers.
    case numbers
  }

  /// A word of Keras' configurations for it.
  public struct KerasWord: Sendable, Hashable {
    /// How a value changes on the way.
    public enum Form: Sendable, Hashable {
      /// Not at all.
      case plain
      /// Keras has the negative.
      case negated
      /// Keras has a truth value, the record where the powers come from.
      case correction
    }

    /// The word.
    public let text: String

    /// How a value changes on the way.
    public let form: Form

    /// Whether only other classes than today's have it.
    public let isOutdated: Bool

    static func word(_ text: String, _ form: Form = .plain) -> KerasWord {
      KerasWord(text: text, form: form, isOutdated: false)
    }

    static func outdated(_ text: String) -> KerasWord {
      KerasWord(text: text, form: .plain, isOutdated: true)
    }
  }

  /// The record's word for it.
  public let key: String

  /// The values that it can have.
  public let domain: Domain

  /// What it means, in a line.
  public let meaning: String

  /// Keras' words where they are others.
  public let kerasWords: [KerasWord]

  /// Whether it means nothing unless somebody asks for it, the slots prove it, or it has done its work by the first step.
  public let isUnasked: Bool

  init(
    _ key: String,
    _ domain: Domain,
    _ meaning: String,
    keras: KerasWord...,
    isUnasked: Bool = false
  ) {
    self.key = key
    self.domain = domain
    self.meaning = meaning
    kerasWords = keras
    self.isUnasked = isUnasked
  }

  /// Finds a hyper-parameter.
  ///
  /// - Parameter key: The record's word for it.
  /// - Returns: `nil` where the catalogue has none of that word.
  /// - Complexity: O(1).
  public static func of(_ key: String) -> SettingDescription? { byKey[key] }

  /// Finds a hyper-parameter by what Keras' configurations call it.
  ///
  /// - Parameter word: Keras' word.
  /// - Returns: The hyper-parameter and the word, `nil` where Keras' word is the record's own or none.
  /// - Complexity: O(1).
  public static func of(kerasWord word: String) -> (SettingDescription, KerasWord)? { byWord[word] }

  /// The bounds of its numbers, `nil` where it is no number or has none.
  public var range: ClosedRange<Double>? {
    if case .number(let range) = domain { range } else { nil }
  }

  private static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

  private static let byWord = Dictionary(
    uniqueKeysWithValues: all.flatMap { setting in
      setting.kerasWords.map { ($0.text, (setting, $0)) }
    }
  )
}

extension SettingDescription.Domain: CustomStringConvertible {
  /// `number`, `number from 0 to 1`, `whole number from 1`, `true or false`, `word`, `list of words` or `list of numbers`.
  public var description: String {
    switch self {
    case .number(let range) where range == -.infinity ... .infinity: "number"
    case .number(let range) where range.upperBound == .infinity:
      "number from \(text(range.lowerBound))"
    case .number(let range) where range.lowerBound == -.infinity:
      "number up to \(text(range.upperBound))"
    case .number(let range): "number from \(text(range.lowerBound)) to \(text(range.upperBound))"
    case .count(let least): "whole number from \(least)"
    case .flag: "true or false"
    case .choice: "word"
    case .words: "list of words"
    case .numbers: "list of numbers"
    }
  }

  private func text(_ bound: Double) -> String {
    Int(exactly: bound).map(String.init) ?? "\(bound)"
  }
}
