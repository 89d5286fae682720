/// An exponential moving average of the weights, taken after every update.
///
///     a' = decay·a + (1 − decay)·p          Keras; the first update sets a' = p
///     a' = a − (1 − decay)·(a − p)          TensorFlow; the first update sets a = p before
///     a' = lerp(a, p, 1 − decay)            PyTorch; the first update sets a' = p
///
/// - SeeAlso: `tf.train.ExponentialMovingAverage`, Keras' `use_ema`,
///   `torch.optim.swa_utils.get_ema_multi_avg_fn`.
public struct WeightAverage: Sendable, Hashable {
  /// Share of the old average that stays.
  public let decay: Double

  init?(from reader: inout RecordReader) throws {
    guard let decay = try reader.optionalNumber("ema_decay") else { return nil }
    self.decay = decay
  }

  func apply<Scalar: BinaryFloatingPoint>(
    to average: Lane<Scalar>,
    _ parameter: Lane<Scalar>,
    _ step: Int64,
    _ arithmetic: Arithmetic
  ) {
    let mu = Scalar(decay)
    let share = Scalar(1 - decay)
    for i in 0..<average.count {
      let (a, p) = (average[i], parameter[i])
      if step == 1 {
        average[i] = p
        continue
      }
      switch arithmetic {
      case .keras, .optax, .optaxEager: average[i] = mu * a + (1 - mu) * p
      case .tensorflow: average[i] = a - share * (a - p)
      case .pytorch, .pytorchMKL, .pytorchFused: average[i] = .lerp(a, p, weight: share)
      }
    }
  }
}
