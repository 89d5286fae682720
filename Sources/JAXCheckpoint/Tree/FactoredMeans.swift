internal import Tensors

/// Which of Adafactor's means optax keeps for a parameter, in the hub's words.
///
/// `scale_by_factored_rms` takes the two longest axes: `v_row` is the mean over the longest, `v_col` that over the second,
/// of two equal ones the later being the longer. The hub calls them by the axis that they average over. What optax does
/// not use it keeps as one zero.
enum FactoredMeans {
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
    let isUnused = { (word: String) in shapes[word]?.dimensions == [1] }
    let isWhole = isUnused("v_row") && isUnused("v_col")
    if word == "v" {
      if !isWhole { return isUnused(word) ? nil : .unrecognized(word) }
      return parameter == nil || parameter == shapes[word] ? .secondMoment : .unrecognized(word)
    }
    if isWhole { return nil }
    guard let parameter, parameter.rank >= 2 else { return .unrecognized(word) }
    let axes = parameter.dimensions.indices.sorted {
      (parameter.dimensions[$0], $0) < (parameter.dimensions[$1], $1)
    }
    let averaged = axes[axes.count - (word == "v_row" ? 1 : 2)]
    var rest = parameter.dimensions
    rest.remove(at: averaged)
    guard shapes[word]?.dimensions == rest, axes.suffix(2).min() == parameter.rank - 2 else {
      return .unrecognized(word)
    }
    return averaged == parameter.rank - 1 ? .factoredRow : .factoredColumn
  }
}
