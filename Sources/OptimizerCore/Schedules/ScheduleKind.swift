/// The learning-rate schedules that this library computes.
///
/// The raw value is the record's ``ScheduleRecord/kind``.
public enum ScheduleKind: String, Sendable, Hashable, CaseIterable {
  /// One rate throughout.
  case constant
  /// A power of the step, as TensorFlow's `exponential_decay`.
  case exponential
  /// One rate between each two boundaries.
  case piecewiseConstant = "piecewise_constant"
  /// Straight lines between points.
  case piecewiseLinear = "piecewise_linear"
  /// A power of what is left, as TensorFlow's `polynomial_decay`.
  case polynomial
  /// Half a cosine, as TensorFlow's `cosine_decay`.
  case cosine
  /// A cosine that starts anew, as TensorFlow's `cosine_decay_restarts`.
  case cosineRestarts = "cosine_restarts"
  /// The inverse square root of the step.
  case inverseSquareRoot = "inverse_sqrt"
  /// The inverse of the time, as TensorFlow's `inverse_time_decay`.
  case inverseTime = "inverse_time"
  /// Warm-up and a straight fall, as BERT's `optimization.py`.
  case bert
  /// Warm-up and a straight fall, as keras-bert counts them.
  case kerasBERT = "keras_bert"
  /// The schedule of transformers without a change.
  case huggingFaceConstant = "hf_constant"
  /// The schedule of transformers with warm-up only.
  case huggingFaceConstantWithWarmup = "hf_constant_with_warmup"
  /// The schedule of transformers falling to zero in a straight line.
  case huggingFaceLinear = "hf_linear"
  /// The schedule of transformers along a cosine.
  case huggingFaceCosine = "hf_cosine"
  /// The schedule of transformers along a cosine that starts anew.
  case huggingFaceCosineWithRestarts = "hf_cosine_with_restarts"
  /// The schedule of transformers along a power.
  case huggingFacePolynomial = "hf_polynomial"
  /// The schedule of transformers along an inverse square root.
  case huggingFaceInverseSquareRoot = "hf_inverse_sqrt"
  /// PyTorch's `StepLR`.
  case torchStep = "torch_step"
  /// PyTorch's `MultiStepLR`.
  case torchMultiStep = "torch_multi_step"
  /// PyTorch's `ConstantLR`.
  case torchConstant = "torch_constant"
  /// PyTorch's `LinearLR`.
  case torchLinear = "torch_linear"
  /// PyTorch's `ExponentialLR`.
  case torchExponential = "torch_exponential"
  /// PyTorch's `PolynomialLR`.
  case torchPolynomial = "torch_polynomial"
  /// PyTorch's `CosineAnnealingLR`.
  case torchCosine = "torch_cosine"
  /// PyTorch's `CosineAnnealingWarmRestarts`.
  case torchCosineRestarts = "torch_cosine_restarts"
  /// PyTorch's `CyclicLR`.
  case torchCyclic = "torch_cyclic"
  /// PyTorch's `OneCycleLR`.
  case torchOneCycle = "torch_one_cycle"
  /// PyTorch's `SequentialLR`.
  case torchSequential = "torch_sequential"
  /// PyTorch's `ChainedScheduler`.
  case torchChained = "torch_chained"

  /// Makes the curve from a record's values.
  func curve(from reader: inout RecordReader) throws -> any ScheduleCurve {
    switch self {
    case .constant: try WarmedCurve(ConstantCurve(from: &reader), from: &reader)
    case .exponential: try WarmedCurve(ExponentialCurve(from: &reader), from: &reader)
    case .piecewiseConstant: try WarmedCurve(PiecewiseConstantCurve(from: &reader), from: &reader)
    case .piecewiseLinear: try WarmedCurve(PiecewiseLinearCurve(from: &reader), from: &reader)
    case .polynomial: try WarmedCurve(PolynomialCurve(from: &reader), from: &reader)
    case .cosine: try WarmedCurve(CosineCurve(from: &reader), from: &reader)
    case .cosineRestarts: try WarmedCurve(CosineRestartsCurve(from: &reader), from: &reader)
    case .inverseSquareRoot: try WarmedCurve(InverseSquareRootCurve(from: &reader), from: &reader)
    case .inverseTime: try WarmedCurve(InverseTimeCurve(from: &reader), from: &reader)
    case .bert: try BERTCurve(from: &reader)
    case .kerasBERT: try KerasBERTCurve(from: &reader)
    case .huggingFaceConstant, .huggingFaceConstantWithWarmup, .huggingFaceLinear,
      .huggingFaceCosine, .huggingFaceCosineWithRestarts, .huggingFacePolynomial,
      .huggingFaceInverseSquareRoot:
      try HuggingFaceCurve(self, from: &reader)
    case .torchStep, .torchMultiStep, .torchConstant, .torchLinear, .torchExponential,
      .torchPolynomial, .torchCosine, .torchCosineRestarts, .torchSequential, .torchChained:
      try TorchCurve(self, from: &reader)
    case .torchCyclic: try TorchCyclicCurve(from: &reader)
    case .torchOneCycle: try TorchOneCycleCurve(from: &reader)
    }
  }
}
