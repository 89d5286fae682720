internal import OptimizerCatalog
internal import Tensors

/// Which of Adafactor's means optax keeps for a parameter, in the hub's words.
///
/// `scale_by_factored_rms` takes the two longest axes: `v_row` is the mean over the longest, `v_col` that over the second,
/// of two equal ones the later being the longer. The hub calls them by the axis that they average over. What optax does
/// not use it keeps as one zero.
enum FactoredMeans {
  private static let row = OptimizerCatalog.all.lazy.flatMap { $0.rows(in: .optax) }
    .first { row in row.words.contains { $0.slot == .factoredRow } }

  private static func word(_ slot: SlotName) -> String? {
    row?.words.first { $0.slot == slot }?.text
  }

  /// The slot of a word, `nil` where the tensor stands for nothing.
  ///
  /// - Parameters:
  ///   - word: `v_row`, `v_col` or `v`.
  ///   - shapes: The shapes of the three.
  ///   - parameter: The parameter's shape, where that is known.
  /// - Returns: The slot, or one that is not recognized where the shapes do not fit.
  static func slot(
    _ word: String,
    shapes: [String: Shape],
    parameter: Shape?
  ) -> SlotName? {
    let isUnused = { (word: String?) in word.flatMap { shapes[$0] }?.dimensions == [1] }
    let isWhole = isUnused(self.word(.factoredRow)) && isUnused(self.word(.factoredColumn))
    if word == self.word(.secondMoment) {
      if !isWhole { return isUnused(word) ? nil : .unrecognized(word) }
      return parameter == nil || parameter == shapes[word] ? .secondMoment : .unrecognized(word)
    }
    if isWhole { return nil }
    guard let parameter, parameter.rank >= 2 else { return .unrecognized(word) }
    let axes = parameter.dimensions.indices.sorted {
      (parameter.dimensions[$0], $0) < (parameter.dimensions[$1], $1)
    }
    let averaged = axes[axes.count - (word == self.word(.factoredRow) ? 1 : 2)]
    var rest = parameter.dimensions
    rest.remove(at: averaged)
    guard shapes[word]?.dimensions == rest, axes.suffix(2).min() == parameter.rank - 2 else {
      return .unrecognized(word)
    }
    return averaged == parameter.rank - 1 ? .factoredRow : .factoredColumn
  }
}
