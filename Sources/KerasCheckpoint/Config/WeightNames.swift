internal import Tensors

/// What the names of Keras' weights say about them.
enum WeightNames {
  private static let untrained: Set = [
    "moving_mean", "moving_variance", "mean", "variance", "count", "seed_generator_state",
    "renorm_mean", "renorm_stddev", "adapt_mean", "adapt_variance",
  ]

  /// Whether a weight is one that training changes, as far as its name and type tell.
  static func isTrainable(_ name: String, _ tensor: Tensor) -> Bool {
    guard tensor.elementType.isFloatingPoint else { return false }
    return !untrained.contains(KerasNames.components(name).last ?? "")
  }

  /// Names of a layer's variables in the order in which it keeps them, by its class in snake case;
  /// `nil` where they are not known or are another number.
  static func variables(of className: String, count: Int) -> [String]? {
    let candidates: [[String]] =
      switch className {
      case "dense", "einsum_dense", "conv1d", "conv2d", "conv3d", "conv1d_transpose",
        "conv2d_transpose", "conv3d_transpose", "depthwise_conv1d", "depthwise_conv2d":
        [["kernel", "bias"], ["kernel"]]
      case "separable_conv1d", "separable_conv2d":
        [
          ["depthwise_kernel", "pointwise_kernel", "bias"],
          ["depthwise_kernel", "pointwise_kernel"],
        ]
      case "embedding": [["embeddings"]]
      case "layer_normalization", "group_normalization": [["gamma", "beta"]]
      case "batch_normalization":
        // One that has one of its first two does not say which.
        [
          ["gamma", "beta", "moving_mean", "moving_variance"],
          ["0", "moving_mean", "moving_variance"], ["moving_mean", "moving_variance"],
        ]
      case "rms_normalization": [["scale"]]
      case "p_re_lu": [["alpha"]]
      case "normalization": [["mean", "variance", "count"]]
      case "lstm_cell", "gru_cell", "simple_rnn_cell":
        [["kernel", "recurrent_kernel", "bias"], ["kernel", "recurrent_kernel"]]
      case "seed_generator": [["seed_generator_state"]]
      default: []
      }
    return candidates.first { $0.count == count }
  }
}
