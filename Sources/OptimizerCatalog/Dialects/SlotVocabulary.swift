public import Tensors

/// The words of some dialects, read and written by the same rows.
///
/// A word may mean different things in two rows: what else is there decides, and where that does not either, the first
/// row of the catalogue. The hub's own names are words of every vocabulary.
public struct SlotVocabulary: Sendable {
  private let rows: [DialectRow]
  private let places: [String: [Int]]

  /// Takes the rows of dialects together; of equal fits the earlier dialect's is taken.
  ///
  /// - Parameter dialects: The dialects.
  public init(_ dialects: Dialect...) {
    let known = OptimizerCatalog.all.flatMap(\.rows) + OptimizerCatalog.wrapperRows
    rows = dialects.flatMap { dialect in known.filter { $0.dialect == dialect } }
    var places: [String: [Int]] = [:]
    for (place, row) in rows.enumerated() {
      for word in row.words { places[word.text, default: []].append(place) }
    }
    self.places = places
  }

  /// The slot that a word means.
  ///
  /// - Parameters:
  ///   - word: The word.
  ///   - isPresent: Tells whether the variable has another word, too.
  /// - Returns: The slot, `nil` where the word is none of the vocabulary.
  /// - Complexity: O(number of rows that have the word), which is a few.
  public func slot(_ word: String, isPresent: (String) -> Bool) -> SlotName? {
    if let places = places[word] {
      // Most words are of one row: nobody has to look at what else is there.
      if places.count == 1 { return rows[places[0]].words.first { $0.text == word }?.slot }
      // The row that explains most of what is there, if all of it is there.
      let whole = places.filter {
        rows[$0].words.allSatisfy { $0.text == word || isPresent($0.text) }
      }
      let best = whole.max { rows[$0].words.count < rows[$1].words.count } ?? places[0]
      return rows[best].words.first { $0.text == word }?.slot
    }
    let name = SlotName(rawValue: word)
    return SlotDescription.of(name) != nil || name.isUnknown ? name : nil
  }

  /// The words for a variable's slots, such that ``slot(_:isPresent:)`` finds each of them again.
  ///
  /// - Parameter slots: The slots.
  /// - Returns: A word for each; the hub's own where no row has all that it would need.
  public func words(for slots: Set<SlotName>) -> [SlotName: String] {
    var words: [SlotName: String] = [:]
    var rest = slots
    while let row = best(within: rest) {
      for word in row.words { words[word.slot] = word.text }
      rest.subtract(row.words.map(\.slot))
    }
    // A row that was cut apart would be read as what it is not.
    for slot in rest { words[slot] = slot.rawValue }
    return words
  }

  /// The longest row that asks for nothing else than there is; the first of equals.
  private func best(within slots: Set<SlotName>) -> DialectRow? {
    var best: DialectRow?
    for row in rows
    where row.words.allSatisfy({ slots.contains($0.slot) })
      && row.words.count > best?.words.count ?? 0
    {
      best = row
    }
    return best
  }

  /// Whether a row has a word; the hub's own names are in none.
  ///
  /// - Parameter word: The word.
  /// - Returns: Whether one does.
  public func hasRow(for word: String) -> Bool { places[word] != nil }
}
