/// The learning-rate schedules that this library computes.
///
/// The raw value is the record's ``ScheduleRecord/kind``.
public enum ScheduleKind: String, Sendable, Hashable, CaseIterable {
  /// ``ConstantCurve``.
  case constant
  /// ``ExponentialCurve``.
  case exponential
  /// ``PiecewiseConstantCurve``.
  case piecewiseConstant = "piecewise_constant"
  /// ``PiecewiseLinearCurve``.
  case piecewiseLinear = "piecewise_linear"
  /// ``PolynomialCurve``.
  case polynomial
  /// ``CosineCurve``.
  case cosine
  /// ``CosineRestartsCurve``.
  case cosineRestarts = "cosine_restarts"
  /// ``InverseSquareRootCurve``.
  case inverseSquareRoot = "inverse_sqrt"
  /// ``InverseTimeCurve``.
  case inverseTime = "inverse_time"
  /// ``BERTCurve``.
  case bert
  /// ``KerasBERTCurve``.
  case kerasBERT = "keras_bert"
  /// ``HuggingFaceCurve`` without a change.
  case huggingFaceConstant = "hf_constant"
  /// ``HuggingFaceCurve`` with warm-up only.
  case huggingFaceConstantWithWarmup = "hf_constant_with_warmup"
  /// ``HuggingFaceCurve`` falling to zero in a straight line.
  case huggingFaceLinear = "hf_linear"
  /// ``HuggingFaceCurve`` along a cosine.
  case huggingFaceCosine = "hf_cosine"
  /// ``HuggingFaceCurve`` along a cosine that starts anew.
  case huggingFaceCosineWithRestarts = "hf_cosine_with_restarts"
  /// ``HuggingFaceCurve`` along a power.
  case huggingFacePolynomial = "hf_polynomial"
  /// ``HuggingFaceCurve`` along an inverse square root.
  case huggingFaceInverseSquareRoot = "hf_inverse_sqrt"
  /// ``TorchCurve`` of PyTorch's `StepLR`.
  case torchStep = "torch_step"
  /// ``TorchCurve`` of PyTorch's `MultiStepLR`.
  case torchMultiStep = "torch_multi_step"
  /// ``TorchCurve`` of PyTorch's `ConstantLR`.
  case torchConstant = "torch_constant"
  /// ``TorchCurve`` of PyTorch's `LinearLR`.
  case torchLinear = "torch_linear"
  /// ``TorchCurve`` of PyTorch's `ExponentialLR`.
  case torchExponential = "torch_exponential"
  /// ``TorchCurve`` of PyTorch's `PolynomialLR`.
  case torchPolynomial = "torch_polynomial"
  /// ``TorchCurve`` of PyTorch's `CosineAnnealingLR`.
  case torchCosine = "torch_cosine"
  /// ``TorchCurve`` of PyTorch's `CosineAnnealingWarmRestarts`.
  case torchCosineRestarts = "torch_cosine_restarts"
  /// ``TorchCyclicCurve``.
  case torchCyclic = "torch_cyclic"
  /// ``TorchOneCycleCurve``.
  case torchOneCycle = "torch_one_cycle"
  /// ``TorchCurve`` of PyTorch's `SequentialLR`.
  case torchSequential = "torch_sequential"
  /// ``TorchCurve`` of PyTorch's `ChainedScheduler`.
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
