internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// What a slot is before the first update.
enum SlotBeginning {
  /// One number everywhere.
  case number(Double)
  /// The variable's own value.
  case value

  /// Finds out how a slot begins.
  ///
  /// - Throws: `StateError` with code `unsupported` when the state does not say and nobody declared it.
  init(
    _ slot: Slot,
    of variable: Variable,
    in state: TrainingState,
    _ optimizer: ResolvedOptimizer,
    declared: Double?
  ) throws {
    let known = SlotDescription.of(slot.name)?.beginning
    if case .number(0)? = known {
      self = .number(0)
    } else if let declared {
      self = .number(declared)
    } else if case .number(let number)? = known {
      self = .number(number)
    } else if let number = Self.initial(slot, of: variable, optimizer) {
      self = .number(number)
    } else if known == .weights {
      self = .value
    } else if let number = Self.word(slot)?.beginning {
      self = .number(number)
    } else if case .various(let usual?)? = known {
      self = .number(usual)
    } else {
      throw StateError(
        .unsupported,
        "the state does not say at what value the slot begins",
        tensor: "\(variable.name)/\(slot.name)",
        remedy: "pass --initial, or --optimizer such as adagrad:initial_accumulator_value=0.1"
      )
    }
  }

  /// What TensorFlow calls the slot, where that tells of which optimizer it is.
  private static func word(_ slot: Slot) -> DialectRow.Word? {
    guard let suffix = slot.tensor.sourceName?.split(separator: "/").last.map(String.init) else {
      return nil
    }
    return vocabulary.hasRow(for: suffix) ? vocabulary.word(suffix) { _ in false } : nil
  }

  private static let vocabulary = SlotVocabulary(.tensorFlow)

  /// What the recorded rule says of an accumulator or a mean square.
  private static func initial(
    _ slot: Slot,
    of variable: Variable,
    _ optimizer: ResolvedOptimizer
  ) -> Double? {
    guard slot.name == .meanSquare || slot.name == .accumulator,
      let kind = optimizer.kind(for: variable.name)
    else { return nil }
    if let number = optimizer.value("initial_accumulator_value", for: variable.name)?.value.number {
      return number
    }
    return OptimizerCatalog.description(of: kind)?.slots.first { $0.name == slot.name }?
      .beginning
  }

  /// The tensor that a slot becomes.
  func tensor(like slot: Slot, of variable: Variable) throws -> Tensor {
    let old = slot.tensor.tensor
    if let quantization = old.quantization {
      guard case .number(0) = self else {
        throw StateError(
          .unsupported,
          "the slot is kept in eight bits and begins at another number than zero",
          tensor: "\(variable.name)/\(slot.name)"
        )
      }
      return try quantization.cleared().values()
    }
    switch self {
    case .number(let number): return try Tensor.constant(number, old.elementType, old.shape)
    case .value:
      guard let value = variable.value?.tensor, value.shape == old.shape else {
        throw StateError(
          .unsupported,
          "the slot begins as its variable, which is not there or has another shape",
          tensor: "\(variable.name)/\(slot.name)",
          remedy: "pass --initial"
        )
      }
      return try value.cast(to: old.elementType)
    }
  }
}
