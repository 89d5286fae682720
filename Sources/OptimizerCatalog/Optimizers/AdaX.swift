internal import Tensors

extension OptimizerDescription {
  /// Li et al., 2020, Algorithm 1.
  static let adax = OptimizerDescription(
    "adax",
    "AdaX: Adam with a second moment that grows (arXiv:2004.09740)",
    slots: [.always(.firstMoment), .always(.growingSecondMoment)]
  )
}
