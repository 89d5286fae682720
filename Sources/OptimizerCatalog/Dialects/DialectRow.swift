public import Tensors

/// A dialect's words for the slots that an optimizer keeps there, in its order.
///
/// Where an optimizer has one word for several things, depending on its settings, it has a row for each of them.
public struct DialectRow: Sendable, Hashable {
  /// A slot and its word.
  public struct Word: Sendable, Hashable {
    /// The variables that have the slot.
    public enum Owners: Sendable, Hashable {
      /// All whose shape allows.
      case all
      /// What is no matrix, and embeddings: the variables that Muon leaves to Adam.
      case leftToAdam
    }

    /// The word.
    public let text: String

    /// What it means.
    public let slot: SlotName

    /// The variables that have it.
    public let owners: Owners

    /// Whether the axis that a mean was taken over stays, one element long.
    public let keepsAxis: Bool

    /// Whether the slot is kept without its variable's axes, as a vector.
    public let isFlat: Bool

    /// What the slot is before the first update where the dialect's is something else than others'.
    public let beginning: Double?

    init(
      _ text: String,
      _ slot: SlotName,
      of owners: Owners = .all,
      keepsAxis: Bool = false,
      isFlat: Bool = false,
      beginning: Double? = nil
    ) {
      self.text = text
      self.slot = slot
      self.owners = owners
      self.keepsAxis = keepsAxis
      self.isFlat = isFlat
      self.beginning = beginning
    }
  }

  /// What an optimizer keeps under some settings.
  public struct Arrangement: Sendable, Hashable {
    /// The settings that are on, of those that the row depends on.
    public let settings: Set<String>

    /// The parts of the list.
    public let sections: [ListSection]

    /// The words, in the dialect's order.
    public var words: [Word] { sections.flatMap(\.words) }
  }

  /// The dialect.
  public let dialect: Dialect

  /// The parts of the list in which the dialect keeps the optimizer's variables.
  public let sections: [ListSection]

  /// The words, in the dialect's order.
  public let words: [Word]

  /// Words of a state that the dialect keeps apart, and that mean so only where the row's are beside it.
  public let beside: [Word]

  init(
    _ dialect: Dialect,
    _ words: KeyValuePairs<String, SlotName>,
    beside: KeyValuePairs<String, SlotName> = [:]
  ) {
    self.init(dialect, list: [.each(words)], beside: beside)
  }

  init(
    _ dialect: Dialect,
    list sections: [ListSection],
    beside: KeyValuePairs<String, SlotName> = [:]
  ) {
    self.dialect = dialect
    self.sections = sections
    self.beside = beside.map { Word($0.key, $0.value) }
    words = sections.flatMap(\.words)
  }

  /// The words of the scalars that the dialect keeps for the optimizer as a whole.
  public var scalars: [String] {
    sections.compactMap { if case .scalar(let word) = $0.content { word } else { nil } }
  }

  /// What the optimizer keeps by each choice of the settings that the row depends on, the plainest first.
  ///
  /// - Parameter base: What the dialect keeps for every optimizer, before the row's own.
  /// - Returns: The arrangements.
  public func arrangements(behind base: [ListSection] = []) -> [Arrangement] {
    let all = base + sections
    var settings: [String] = []
    for case .setting(let name, _) in all.map(\.presence) where !settings.contains(name) {
      settings.append(name)
    }
    return (0..<1 << settings.count).map { mask in
      let on = Set(settings.indices.filter { mask & 1 << $0 != 0 }.map { settings[$0] })
      return Arrangement(settings: on, sections: all.filter { $0.isThere(on) })
    }
  }

  /// Whether slots of the row depend on a setting.
  ///
  /// - Parameter setting: The hyper-parameter.
  /// - Returns: Whether some do.
  public func depends(on setting: String) -> Bool {
    sections.contains { if case .setting(setting, _) = $0.presence { true } else { false } }
  }
}
