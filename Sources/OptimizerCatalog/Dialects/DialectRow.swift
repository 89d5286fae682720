public import Tensors

/// A dialect's words for the slots that an optimizer keeps there, in its order.
///
/// Where an optimizer has one word for several things, depending on its settings, it has a row for each of them.
public struct DialectRow: Sendable, Hashable {
  /// A slot and its word.
  public struct Word: Sendable, Hashable {
    /// The word.
    public let text: String

    /// What it means.
    public let slot: SlotName
  }

  /// The dialect.
  public let dialect: Dialect

  /// The words, in the dialect's order.
  public let words: [Word]

  init(_ dialect: Dialect, _ words: KeyValuePairs<String, SlotName>) {
    self.dialect = dialect
    self.words = words.map { Word(text: $0.key, slot: $0.value) }
  }
}
