internal import Tensors

extension OptimizerDescription {
  /// You et al., 2020, Algorithm 2.
  ///
  /// It keeps Adam's moments.
  static let lamb = OptimizerDescription(
    "lamb",
    "LAMB: Adam's update scaled layer by layer (arXiv:1904.00962)",
    slots: [.always(.firstMoment), .always(.secondMoment)],
    biasCorrection: .always,
    kerasClass: "Lamb"
  )
}
