internal import OptimizerCatalog
internal import Tensors
internal import TrainingState

/// An Adam that was given a name of its own: `layer/w/AdamW` and `layer/w/AdamW_1` beside the powers of its decays.
///
/// Only Adam and what is derived from it keep the two powers. The name must still say so: other optimizers that multiply
/// up powers keep something else.
struct NamedAdam {
  /// The name, `nil` where there is no such optimizer, or more than one could be it.
  private let name: String?

  /// Finds the optimizer of a checkpoint.
  ///
  /// - Parameters:
  ///   - tensors: The checkpoint's tensors.
  ///   - words: The words of slots that are nobody's.
  init(_ tensors: [StateTensor], unknown words: Set<String>) {
    let powers = Dictionary(
      grouping: tensors.filter { $0.tensor.shape.rank == 0 }
        .compactMap { BetaPowerName($0.name) },
      by: \.owner
    )
    let named = words.filter { words.contains($0 + "_1") && !words.contains($0 + "_2") }
    let isAlone = powers.count == 1 && powers.values.allSatisfy { $0.count == 2 }
    name = isAlone && named.count == 1 ? named.first { Self.isAdam($0) } : nil
  }

  private static func isAdam(_ name: String) -> Bool {
    let lower = name.lowercased()
    let known =
      OptimizerCatalog.description(ofKerasClass: name)
      ?? OptimizerCatalog.all.filter { lower.hasPrefix($0.kind) }
      .max { $0.kind.utf8.count < $1.kind.utf8.count }
    let usual = OptimizerCatalog.usual.kind
    return known?.kind == usual || known?.plainForm == usual
  }

  /// The moment behind a word, `nil` where it is another's.
  func slot(_ word: String) -> SlotName? {
    guard let name else { return nil }
    return word == name ? .firstMoment : word == name + "_1" ? .secondMoment : nil
  }
}
