public import Tensors

/// The words of some dialects, read and written by the same rows.
///
/// A word may mean different things in two rows: what else is there decides, and where that does not either, the first
/// row of the catalogue. The hub's own names are words of every vocabulary.
public struct SlotVocabulary: Sendable {
  /// What an optimizer keeps under some settings.
  private struct Row {
    let kind: String?
    let sections: [ListSection]
    let words: [DialectRow.Word]
  }

  private let rows: [Row]
  private let places: [String: [Int]]

  /// Takes the rows of dialects together; of equal fits the earlier dialect's is taken.
  ///
  /// - Parameter dialects: The dialects.
  public init(_ dialects: Dialect...) { self.init(dialects) }

  /// Takes the rows of dialects together; of equal fits the earlier dialect's is taken.
  ///
  /// - Parameter dialects: The dialects.
  public init(_ dialects: [Dialect]) {
    let known =
      OptimizerCatalog.all.flatMap { known in known.rows.map { (kind: known.kind, row: $0) } }
      + OptimizerCatalog.wrapperRows.map { (kind: nil, row: $0) }
    rows = dialects.flatMap { dialect in
      known.filter { $0.row.dialect == dialect }.flatMap { kind, row in
        row.arrangements().map { Row(kind: kind, sections: $0.sections, words: $0.words) }
      }
    }
    var places: [String: [Int]] = [:]
    for (place, row) in rows.enumerated() {
      for word in row.words { places[word.text, default: []].append(place) }
    }
    self.places = places
  }

  /// Every word, longer ones before those that they end in.
  public var texts: [String] {
    places.keys.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
  }

  /// The slot that a word means.
  ///
  /// - Parameters:
  ///   - word: The word.
  ///   - kind: The optimizer, `nil` where it is not known; its own rows go first.
  ///   - isPresent: Tells whether the variable has another word, too.
  /// - Returns: The slot, `nil` where the word is none of the vocabulary.
  /// - Complexity: O(number of rows that have the word), which is a few.
  public func slot(
    _ word: String,
    of kind: String? = nil,
    isPresent: (String) -> Bool
  ) -> SlotName? {
    self.word(word, of: kind, isPresent: isPresent)?.slot
  }

  /// What a word means, and how its slot is kept.
  ///
  /// - Parameters:
  ///   - word: The word.
  ///   - kind: The optimizer, `nil` where it is not known; its own rows go first.
  ///   - isPresent: Tells whether the variable has another word, too.
  /// - Returns: The word of a row, or the hub's own name; `nil` where it is none of the vocabulary.
  /// - Complexity: O(number of rows that have the word), which is a few.
  public func word(
    _ word: String,
    of kind: String? = nil,
    isPresent: (String) -> Bool
  ) -> DialectRow.Word? {
    if var places = places[word] {
      // Most words are of one row: nobody has to look at what else is there.
      if places.count == 1 { return rows[places[0]].words.first { $0.text == word } }
      if let kind {
        let own = places.filter { rows[$0].kind == kind }
        if !own.isEmpty { places = own }
      }
      // The row that explains most of what is there, if all of it is there.
      let whole = places.filter {
        rows[$0].words.allSatisfy { $0.text == word || isPresent($0.text) }
      }
      let best = whole.max { rows[$0].words.count < rows[$1].words.count } ?? places[0]
      return rows[best].words.first { $0.text == word }
    }
    let name = SlotName(rawValue: word)
    let isKnown = SlotDescription.of(name) != nil || name.isUnknown
    return isKnown ? DialectRow.Word(word, name) : nil
  }

  /// The words for a variable's slots, such that ``slot(_:of:isPresent:)`` finds each of them again.
  ///
  /// - Parameters:
  ///   - slots: The slots.
  ///   - kind: The optimizer, `nil` where it is not known; its own rows go first.
  /// - Returns: A word for each; the hub's own where no row has all that it would need.
  public func words(for slots: Set<SlotName>, of kind: String? = nil) -> [SlotName: String] {
    let pairs = rounds(for: slots, of: kind).joined().map { ($0.slot, $0.text) }
    return Dictionary(pairs) { first, _ in first }
  }

  /// The words for slots in the order of a list: rounds of them, each of which every variable has in turn.
  ///
  /// - Parameters:
  ///   - slots: The slots.
  ///   - kind: The optimizer, `nil` where it is not known; its own rows go first.
  /// - Returns: Rounds with a word for each slot; those that no row has come last, under the hub's own names.
  public func rounds(for slots: Set<SlotName>, of kind: String? = nil) -> [[DialectRow.Word]] {
    var rounds: [[DialectRow.Word]] = []
    var rest = slots
    while let row = best(within: rest, of: kind) {
      rounds += row.sections.map(\.words).filter { !$0.isEmpty }
      rest.subtract(row.words.map(\.slot))
    }
    // A row that was cut apart would be read as what it is not.
    return rounds + rest.sorted().map { [DialectRow.Word($0.rawValue, $0)] }
  }

  /// The longest row that asks for nothing else than there is, the optimizer's own before others'; the first of
  /// equals.
  private func best(within slots: Set<SlotName>, of kind: String?) -> Row? {
    var best: Row?
    func rank(_ row: Row) -> (Int, Int) {
      (kind != nil && row.kind == kind ? 1 : 0, row.words.count)
    }
    for row in rows where !row.words.isEmpty && row.words.allSatisfy({ slots.contains($0.slot) }) {
      if let best, rank(row) <= rank(best) { continue }
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
