internal import Tensors

extension OptimizerDescription {
  /// Riedmiller & Braun, 1993.
  static let rprop = OptimizerDescription(
    "rprop",
    "Rprop: a step for every weight, by the signs of its gradients (Riedmiller & Braun, 1993)",
    slots: [.always(.previousGradient), .always(.stepSize)],
    rows: [DialectRow(.torch, ["prev": .previousGradient, "step_size": .stepSize])]
  )
}
