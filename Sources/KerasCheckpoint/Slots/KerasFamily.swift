/// The implementations of Keras' optimizers, which keep their variables in different orders.
enum KerasFamily: Sendable, Hashable {
  /// Multi-backend Keras up to 2.3.1.
  case multiBackend
  /// `OptimizerV2`: tf.keras up to 2.10, `optimizers.legacy` later.
  case legacy
  /// tf.keras from 2.11 on.
  case current
  /// Keras 3.
  case keras3

  /// The family that an optimizer's first variable betrays, `nil` where it is no step counter.
  init?(counter: String) {
    let last = KerasNames.components(counter).last ?? ""
    switch last {
    case "iterations:0": self = .multiBackend
    case "iter:0": self = .legacy
    case "iteration:0": self = .current
    case "iteration": self = .keras3
    default: return nil
    }
  }

  /// Whether slots for a momentum are kept only where there is one.
  func hasOptionalMomentum(_ kind: String?) -> Bool {
    switch self {
    case .multiBackend: false
    case .legacy, .keras3: kind == "sgd" || kind == "rmsprop"
    case .current: kind == "rmsprop"
    }
  }
}
