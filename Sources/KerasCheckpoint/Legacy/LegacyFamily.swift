internal import Tensors
internal import TrainingState

/// Whose optimizer a state of a legacy file is.
enum LegacyFamily {
  /// The family, told by the counter's name.
  static func of(_ state: TrainingState) -> KerasFamily {
    if let name = state.globalStep?.tensor.sourceName, let family = KerasFamily(counter: name) {
      return family
    }
    if case .string(let version) = state.attributes[KerasNames.Attribute.version],
      version.hasPrefix("3.")
    {
      return .keras3
    }
    return .legacy
  }
}
