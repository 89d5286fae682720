public import Tensors

/// What Keras' optimizers call their slots, from `tf.compat.v1` to Keras 3.
///
/// Sources: `_create_slots` and `add_slot` of `tf_keras.optimizers.legacy`, `build` of
/// `tf_keras.optimizers` and of `keras.optimizers`; `tf.compat.v1.train` for slots in object graphs.
public enum KerasSlots {
  /// The hub's name of a slot.
  ///
  /// - Parameters:
  ///   - kind: What Keras calls the slot, such as `m`, `velocity` or `accumulated_grad`.
  ///   - optimizer: The optimizer's class or variable name, such as `AdamW` or `rmsprop`.
  ///   - siblings: The kinds of all slots of the optimizer, which tell where the name does not.
  /// - Returns: The name; a kind that is not known stays as it is.
  public static func name(
    _ kind: String,
    optimizer: String,
    siblings: Set<String>
  ) -> SlotName {
    let family = family(of: optimizer)
    switch kind {
    case "m", "momentum", "moment", "momentums":
      let keepsMomentumAlone =
        ["sgd", "rmsprop", "lion", "muon", "momentum"].contains(family)
        || !family.contains("ada") && siblings.isDisjoint(with: adamKinds)
      return keepsMomentumAlone ? .momentum : .firstMoment
    case "v", "velocity":
      if family == "rmsprop" { return .meanSquare }
      if family == "adamax" { return .infinityNorm }
      // Keras' RMSprop calls its mean of squares a velocity and has no momentum beside it by default.
      let isAlone = !family.contains("ada") && siblings.isDisjoint(with: ["m", "momentum"])
      return kind == "velocity" && isAlone ? .meanSquare : .secondMoment
    case "vhat", "vh", "velocity_hat": return .greatestSecondMoment
    case "u", "norm": return .infinityNorm
    case "rms": return .meanSquare
    case "mg", "average_gradient": return .meanGradient
    case "accumulator", "accum", "accum_grad", "accumulated_grad": return .accumulator
    case "accum_var", "accum_update", "accumulated_delta_var", "delta_accumulator":
      return .updateAccumulator
    case "linear": return .linear
    case "r": return .factoredRow
    case "c": return .factoredColumn
    case "average", "moving_average": return .average
    case "gradient_accumulator": return .gradientAccumulator
    default: return SlotName(rawValue: kind)
    }
  }

  /// The rule behind an optimizer's name: `rmsprop` for `RMSprop`, `rm_sprop` and `rm_sprop_2`.
  ///
  /// - Parameter optimizer: The name of a class or of an instance, which Keras numbers.
  /// - Returns: Lower-case letters and digits.
  public static func family(of optimizer: String) -> String {
    let parts = optimizer.lowercased().split(separator: "_")
    let isNumbered = parts.count > 1 && parts.last.flatMap { Int($0) } != nil
    return (isNumbered ? parts.dropLast() : parts[...]).joined()
  }

  private static let adamKinds: Set = ["v", "velocity", "u", "norm"]
}
