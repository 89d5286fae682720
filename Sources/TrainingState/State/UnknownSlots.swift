internal import Tensors

extension TrainingState {
  /// Slots of a list of Keras' of which nothing says whose they are; then no variable has any.
  package var unownedSlots: [StateTensor] {
    guard origin.framework == .keras, variables.allSatisfy(\.slots.isEmpty) else { return [] }
    return optimizerTensors.filter { $0.index != nil && $0.tensor.shape.rank > 0 }
  }

  /// Refuses slots of which no more is known than their place, or not even whose they are: a format
  /// that gives each a meaning has none for them.
  ///
  /// - Throws: `StateError` with code `unsupported` where there is such a slot.
  package func refuseUnknownSlots() throws {
    for variable in variables {
      guard let slot = variable.slots.first(where: { $0.name.isUnknown }) else { continue }
      throw StateError(
        .unsupported,
        "several optimizers keep such a list, and nothing says what '\(slot.name)' is",
        tensor: variable.name,
        remedy: "pass --optimizer with the settings that the run had, such as "
          + "rmsprop:momentum=0.9,centered=true or adam:amsgrad=true,ema_decay=0.99, convert the "
          + "model's .keras archive, or leave the slots out with --only parameters"
      )
    }
    guard let loose = unownedSlots.first else { return }
    throw StateError(
      .unsupported,
      "nothing says which variable the slot belongs to",
      tensor: loose.name,
      remedy: "pass --names with the parameters in the optimizer's order, convert the model's "
        + ".keras archive, or leave the slots out with --only parameters"
    )
  }
}
