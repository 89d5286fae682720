internal import Tensors
internal import TrainingState

/// The names under which TensorFlow's optimizers keep their slots: a suffix behind the variable's name.
///
/// Sources: `tf.compat.v1.train` optimizers (the slot's name is the optimizer's, numbered from the
/// second slot on), and google-research/bert `optimization.py`.
enum TensorFlowSlots {
  /// A checkpoint whose names are known, to pair slots with.
  struct Pairing {
    let variable: String
    let slot: SlotName
  }

  /// Scalars that Adam keeps for all variables together.
  private static let optimizerScalars = ["beta1_power", "beta2_power"]

  /// The variable that a tensor is a slot of, `nil` where it is a variable itself.
  ///
  /// - Parameters:
  ///   - name: Name of the tensor.
  ///   - names: All names of the checkpoint.
  /// - Returns: Variable and slot, or `nil`.
  static func pairing(of name: String, among names: Set<ExactName>) -> Pairing? {
    guard let slash = name.lastIndex(of: "/") else { return nil }
    let suffix = String(name[name.index(after: slash)...])
    let base = String(name[..<slash])
    guard let slot = slot(suffix, of: base, among: names) else { return nil }
    if let variable = owner(of: base, among: names) {
      return Pairing(variable: variable, slot: slot)
    }
    // BERT's own suffixes cannot be anything else, even where the variable itself is missing.
    return suffix == "adam_m" || suffix == "adam_v" ? Pairing(variable: base, slot: slot) : nil
  }

  /// Whether a tensor belongs to the optimizer as a whole; a scope may stand before its name and a
  /// number behind it.
  static func isOptimizerScalar(_ name: String) -> Bool {
    let last = name.split(separator: "/").last ?? ""
    return optimizerScalars.contains { scalar in
      last == scalar || last.hasPrefix(scalar + "_") && Int(last.dropFirst(scalar.count + 1)) != nil
    }
  }

  private static func slot(_ suffix: String, of base: String, among names: Set<ExactName>)
    -> SlotName?
  {
    switch suffix {
    case "adam_m", "Adam": .firstMoment
    case "adam_v", "Adam_1": .secondMoment
    case "Momentum": .momentum
    case "RMSProp": .meanSquare
    // The momentum always comes last; only the centered rule has a slot before it.
    case "RMSProp_1": names.contains(ExactName(base + "/RMSProp_2")) ? .meanGradient : .momentum
    case "RMSProp_2": .momentum
    case "Adagrad", "Adadelta", "Ftrl": .accumulator
    case "Adadelta_1": .updateAccumulator
    case "Ftrl_1": .linear
    case "ExponentialMovingAverage": .average
    default: nil
    }
  }

  /// The variable of a slot's path: the path itself, or what follows the scope that was open when the
  /// slots were made and that now stands before the variable's own.
  private static func owner(of base: String, among names: Set<ExactName>) -> String? {
    var rest = Substring(base)
    while true {
      if names.contains(ExactName(String(rest))) { return String(rest) }
      guard let slash = rest.firstIndex(of: "/") else { return nil }
      rest = rest[rest.index(after: slash)...]
    }
  }
}
