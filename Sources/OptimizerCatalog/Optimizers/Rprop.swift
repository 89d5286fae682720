internal import Tensors

extension OptimizerDescription {
  /// Riedmiller & Braun, 1993.
  static let rprop = OptimizerDescription(
    "rprop",
    "Rprop: a step for every weight, by the signs of its gradients (Riedmiller & Braun, 1993)",
    slots: [.always(.previousGradient), .always(.stepSize)],
    rows: [DialectRow(.torch, ["prev": .previousGradient, "step_size": .stepSize])],
    settings: [
      SettingRow(
        .torch,
        [
          .rate(0.01), SettingWord("etas", .numbers(["eta_minus", "eta_plus"]), [0.5, 1.2]),
          SettingWord("step_sizes", .numbers(["step_size_min", "step_size_max"]), [1e-6, 50]),
          .anyForeach, .maximize, .differentiable, .capturable,
        ],
        toldBy: ["etas", "step_sizes"]
      )
    ]
  )
}
