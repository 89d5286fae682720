internal import OptimizerCatalog
internal import Tensors

/// What the last component of a flat name says about the tensor being a slot: the words of google-research/bert and
/// `tf.compat.v1.train` (behind a slash), the keys of PyTorch's optimizer states and of MLX's (behind a dot), and this
/// library's own names behind either.
enum FlatSlots {
  private static let vocabulary = SlotVocabulary(.bert, .torch, .transformers, .tensorFlow)
  private static let states = SlotVocabulary(.bert, .torch, .transformers)

  private static let mlx: [(kind: String, row: DialectRow)] = OptimizerCatalog.all.flatMap {
    known in
    known.rows.filter { $0.dialect == .mlx }.map { (known.kind, $0) }
  }

  /// MLX's one-letter words, whose meaning depends on the optimizer.
  static let letters = Set(mlx.flatMap { $0.row.words.map(\.text) })

  /// The slot that a word means.
  ///
  /// - Parameters:
  ///   - word: The word.
  ///   - all: All words of the variable.
  /// - Returns: `nil` where it is none or a letter.
  static func meaning(of word: String, among all: Set<String>) -> SlotName? {
    // Layers have tensors called `sum` and `variance`, too.
    word.contains("_") || !states.hasRow(for: word)
      ? vocabulary.slot(word, isPresent: all.contains) : nil
  }

  /// Whether a word is a slot even where the variable is missing: no parameter is called so.
  static func isUnmistakable(_ word: String) -> Bool {
    word.contains("_") && states.hasRow(for: word)
  }

  /// The slot that a letter means beside the other letters of its variable.
  ///
  /// - Parameters:
  ///   - letter: One of ``letters``.
  ///   - all: All letters of the variable.
  ///   - optimizer: The optimizer's name in lower case, where the file says it.
  /// - Returns: The slot; the letter itself where it could be of several natures.
  static func meaning(of letter: String, among all: Set<String>, optimizer: String?) -> SlotName {
    let fitting = mlx.filter { Set($0.row.words.map(\.text)) == all }
    let named = fitting.filter { $0.kind == optimizer }
    let slots = (named.isEmpty ? fitting : named).compactMap { fit in
      fit.row.words.first { $0.text == letter }?.slot
    }
    // Of one nature the first is meant: Adam's, not Adamax'.
    let natures = Set(slots.map { SlotDescription.of($0)?.isNeverNegative })
    return slots.first.flatMap { natures.count == 1 ? $0 : nil } ?? SlotName(rawValue: letter)
  }
}
