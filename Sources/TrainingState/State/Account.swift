internal import OptimizerCatalog
internal import Tensors

/// What every tensor and object of a state is taken for: each is in one column.
///
/// What looks like an optimizer's and is in no entry of the catalogue is unrecognized. Nobody can vouch for it, and what
/// would have to change it refuses.
public struct Account: Sendable {
  /// What a tensor or object is taken for.
  public enum Column: String, Sendable, Hashable, CaseIterable {
    /// A variable's own value.
    case parameter
    /// A slot that the catalogue describes.
    case slot
    /// A tensor of the optimizer as a whole.
    case optimizerTensor = "optimizer_tensor"
    /// A count of updates.
    case step
    /// A record of optimizer or schedule.
    case record
    /// Known, and not trained: statistics of the data, counters.
    case notTrained = "not_trained"
    /// Brought along without being looked at.
    case carried = "carried_along"
    /// An optimizer's by its looks, and not known.
    case unrecognized
  }

  /// How many there are of each, and their bytes; objects that are not counted in bytes add none.
  public private(set) var totals: [Column: (count: Int, bytes: Int)] = [:]

  /// The names of what is unrecognized, in the state's order.
  public private(set) var unrecognized: [String] = []

  /// Draws up the account of a state; no tensor is read.
  ///
  /// - Parameter state: The state.
  /// - Complexity: O(number of tensors).
  public init(_ state: TrainingState) {
    for variable in state.variables {
      if let value = variable.value {
        add(variable.canBeTrained ? .parameter : .notTrained, value.tensor.byteCount)
      }
      for slot in variable.slots {
        let bytes = slot.kept("").reduce(0) { $0 + $1.tensor.byteCount }
        if SlotDescription.of(slot.name) != nil {
          add(.slot, bytes)
        } else {
          add(.unrecognized, bytes, name: "\(variable.name)/\(slot.name)")
        }
      }
      if variable.step != nil { add(.step, 0) }
    }
    for tensor in state.optimizerTensors { add(.optimizerTensor, tensor.tensor.byteCount) }
    if state.globalStep != nil { add(.step, 8) }
    if state.optimizer != nil { add(.record, 0) }
    if state.schedule != nil { add(.record, 0) }
    for extra in state.extras {
      let isOptimizer = extra.looksLikeAnOptimizers
      let bytes = extra.tensor.byteCount
      add(isOptimizer ? .unrecognized : .carried, bytes, name: isOptimizer ? extra.name : nil)
    }
  }

  private mutating func add(_ column: Column, _ bytes: Int, name: String? = nil) {
    let old = totals[column] ?? (0, 0)
    totals[column] = (old.count + 1, old.bytes + bytes)
    if let name { unrecognized.append(name) }
  }
}

extension TrainingState {
  /// The extras that look like an optimizer's state, which no reader took for one.
  public var unreadOptimizerState: [StateTensor] { extras.filter(\.looksLikeAnOptimizers) }
}

extension StateTensor {
  private static let words = SlotVocabulary(.bert, .torch, .transformers)

  /// Whether a name is that of an optimizer's state: `optimizer.bin`, `optimizer_g`, or a word that no parameter is called.
  fileprivate var looksLikeAnOptimizers: Bool {
    let parts = name.split { $0 == "/" || $0 == "." }
    // What is kept of an archive that was read is no state.
    if parts.contains(where: { $0.hasPrefix("~") }) { return false }
    if let last = parts.last, last.contains("_"), Self.words.hasRow(for: String(last)) {
      return true
    }
    return parts.contains { part in
      let word = part.lowercased()
      return ["optimizer", "optimizers", "optim", "opt"].contains { stem in
        word == stem || word.hasPrefix(stem + "_") || word.hasSuffix("_" + stem)
      }
    }
  }
}

extension Variable {
  /// Statistics of the data and helpers that live beside parameters, and that no optimizer touches.
  private static let statistics: Set<String> = [
    "moving_mean", "moving_variance", "moving_var", "running_mean", "running_var", "mean",
    "variance", "count", "weight_u", "weight_v", "u", "inv_freq", "masked_bias",
  ]

  /// Whether an optimizer could train the variable, by its type and its name.
  public var canBeTrained: Bool {
    guard let tensor = value?.tensor, tensor.elementType.isFloatingPoint else { return false }
    let bytes = name.utf8
    let mark = bytes.lastIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ".") }
    let role = mark.map { String(Substring(bytes[bytes.index(after: $0)...])) } ?? name
    return !Self.statistics.contains(role)
  }
}
