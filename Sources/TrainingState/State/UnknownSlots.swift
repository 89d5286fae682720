internal import Tensors

extension TrainingState {
  /// Slots of Keras' optimizers of which nothing says whose they are.
  package var unownedSlots: [StateTensor] {
    guard origin.framework == .keras || origin.framework == .tensorFlow else { return [] }
    return optimizerTensors.filter { $0.index != nil && $0.tensor.shape.rank > 0 }
  }

  /// What decides whose slots are whose.
  package var orderAdvice: String {
    let names = "pass --names with the parameters in the optimizer's order"
    if !optimizers.isEmpty || attributes[TrainingState.openName] != nil {
      return names + ", one optimizer's behind the other's"
    }
    return origin.framework == .keras
      ? names + ", or, for a file of weights alone, look at the model's .keras archive" : names
  }

  /// Variables that are known by their number in an optimizer alone, beside a model whose parameters have names: nothing
  /// says for certain which one each of them is.
  public var numberedSlots: [Variable] {
    guard variables.contains(where: { $0.value != nil }) else { return [] }
    return variables.filter { variable in
      variable.value == nil && !variable.slots.isEmpty
        && variable.name.split { $0 == "." || $0 == "/" }.last?.utf8.allSatisfy {
          (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        } == true
    }
  }

  /// Refuses slots that are known by number alone, for a format that has no numbers.
  ///
  /// - Throws: `StateError` with code `unsupported` where there is such a slot.
  package func refuseNumberedSlots() throws {
    guard let loose = numberedSlots.first else { return }
    throw StateError(
      .unsupported,
      "nothing says for certain which parameter of the model the optimizer's number \(loose.name) is",
      tensor: loose.name,
      remedy:
        "pass --names with the parameters in the optimizer's order, or leave the slots out with "
        + "--only parameters"
    )
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
      remedy: "\(orderAdvice); or leave the slots out with --only parameters"
    )
  }

  /// Refuses slots in eight bits: a format that has no place for their parts would make other slots of them.
  ///
  /// - Throws: `StateError` with code `unsupported` where there is such a slot.
  package func refuseQuantizedSlots() throws {
    for variable in variables {
      guard let slot = variable.slots.first(where: { $0.tensor.tensor.quantization != nil }) else {
        continue
      }
      throw StateError(
        .unsupported,
        "the slot is kept in eight bits, codes and scales, for which the output has no place",
        tensor: "\(variable.name)/\(slot.name)",
        remedy:
          "name an optimizer of ordinary slots, such as --optimizer adamw, which takes the numbers as they are; or "
          + "leave the slots out with --only parameters"
      )
    }
  }

  /// The state with the numbers of slots in eight bits as ordinary slots.
  ///
  /// - Returns: The state; no number of it is another.
  /// - Throws: `StateError` never in practice.
  public func withoutQuantization() throws -> TrainingState {
    var copy = self
    for place in variables.indices {
      for index in variables[place].slots.indices {
        let tensor = variables[place].slots[index].tensor.tensor
        copy.variables[place].slots[index].tensor.tensor = try tensor.withoutQuantization()
      }
    }
    return copy
  }
}
