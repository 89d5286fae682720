internal import Tensors

/// A part of the list in which an implementation keeps an optimizer's variables, behind its counter of updates.
public struct ListSection: Sendable, Hashable {
  /// What the part holds.
  public enum Content: Sendable, Hashable {
    /// A scalar of the optimizer as a whole, by its word.
    case scalar(String)
    /// One round of slots for each variable in turn.
    case each([DialectRow.Word])
    /// For each variable a vector of one element that stands for a slot which is not kept.
    case placeholders(DialectRow.Word)
  }

  /// When the part is there.
  public enum Presence: Sendable, Hashable {
    /// Always.
    case always
    /// Where a setting is on, or where it is off.
    case setting(String, isOn: Bool)
  }

  /// What it holds.
  public let content: Content

  /// When it is there.
  public let presence: Presence

  /// Whether a variable whose shape allows no such slot has a scalar in its place.
  public let hasScalarPlaceholders: Bool

  /// The slots' words.
  public var words: [DialectRow.Word] {
    switch content {
    case .scalar, .placeholders: []
    case .each(let words): words
    }
  }

  /// Whether the part is there under some settings.
  ///
  /// - Parameter settings: Those that are on.
  /// - Returns: Whether it is.
  public func isThere(_ settings: Set<String>) -> Bool {
    switch presence {
    case .always: true
    case .setting(let name, let isOn): settings.contains(name) == isOn
    }
  }

  static func scalar(_ word: String) -> ListSection {
    ListSection(content: .scalar(word), presence: .always, hasScalarPlaceholders: false)
  }

  static func scalar(_ word: String, unless setting: String) -> ListSection {
    ListSection(
      content: .scalar(word),
      presence: .setting(setting, isOn: false),
      hasScalarPlaceholders: false
    )
  }

  static func each(
    _ words: KeyValuePairs<String, SlotName>,
    when setting: String? = nil,
    scalarPlaceholders: Bool = false
  ) -> ListSection {
    ListSection(
      content: .each(words.map { DialectRow.Word($0.key, $0.value) }),
      presence: setting.map { .setting($0, isOn: true) } ?? .always,
      hasScalarPlaceholders: scalarPlaceholders
    )
  }

  static func each(words: [DialectRow.Word]) -> ListSection {
    ListSection(content: .each(words), presence: .always, hasScalarPlaceholders: false)
  }

  static func placeholders(
    _ word: String,
    _ slot: SlotName,
    unless setting: String
  ) -> ListSection {
    ListSection(
      content: .placeholders(DialectRow.Word(word, slot)),
      presence: .setting(setting, isOn: false),
      hasScalarPlaceholders: false
    )
  }
}
