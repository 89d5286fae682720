import Tensors

/// The schedules of transformers, `get_scheduler`: `learning_rate · λ(s)`, in `Double` as Python has it.
///
///     λ = s/max(1, W)                                             s < W = num_warmup_steps
///     λ = 1                                                       hf_constant, hf_constant_with_warmup
///     λ = max(0, (T − s)/max(1, T − W))                           hf_linear, T = num_training_steps
///     λ = max(0, ½(1 + cos(2π·num_cycles·x)))                     hf_cosine, x = (s − W)/max(1, T − W)
///     λ = max(0, ½(1 + cos(π·(num_cycles·x mod 1)))), 0 from T    hf_cosine_with_restarts
///     λ = ((l − e)·(1 − (s − W)/(T − W))^power + e)/l             hf_polynomial, e = end_learning_rate
///     λ = 1/√((s + k − W)/k)                                      hf_inverse_sqrt, k = timescale
struct HuggingFaceCurve: ScheduleCurve {
  private let kind: ScheduleKind
  private let learningRate: Double
  private var warmupSteps: Int64 = 0
  private var trainingSteps: Int64 = 0
  private var cycles = 0.0
  private var power = 1.0
  private var endLearningRate = 0.0
  private var timescale = 1.0

  init(_ kind: ScheduleKind, from reader: inout RecordReader) throws {
    self.kind = kind
    learningRate = try reader.number("learning_rate")
    if kind == .huggingFaceConstant { return }
    warmupSteps = try reader.count("num_warmup_steps", default: 0, atLeast: 0)
    switch kind {
    case .huggingFaceLinear, .huggingFaceCosine, .huggingFaceCosineWithRestarts,
      .huggingFacePolynomial:
      trainingSteps = try reader.count("num_training_steps", atLeast: 0)
    default: break
    }
    switch kind {
    case .huggingFaceCosine: cycles = try reader.number("num_cycles", default: 0.5)
    case .huggingFaceCosineWithRestarts: cycles = try reader.number("num_cycles", default: 1)
    case .huggingFacePolynomial:
      power = try reader.number("power", default: 1)
      endLearningRate = try reader.number("end_learning_rate", default: 1e-7)
      guard endLearningRate < learningRate else {
        throw StateError(.invalidArgument, "\(reader.subject) ends above its learning rate")
      }
    case .huggingFaceInverseSquareRoot:
      let standard = warmupSteps > 0 ? warmupSteps : 10_000
      timescale = Double(try reader.count("timescale", default: standard, atLeast: 1))
    default: break
    }
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    Scalar(learningRate * factor(at: step))
  }

  private func factor(at step: Int64) -> Double {
    if step < warmupSteps { return Double(step) / Double(max(1, warmupSteps)) }
    let s = Double(step)
    let (w, t) = (Double(warmupSteps), Double(trainingSteps))
    let progress = (s - w) / max(1, t - w)
    switch kind {
    case .huggingFaceLinear:
      return max(0, (t - s) / max(1, t - w))
    case .huggingFaceCosine:
      return max(0, 0.5 * (1 + Mathematics.cosine(.pi * cycles * 2 * progress)))
    case .huggingFaceCosineWithRestarts:
      if progress >= 1 { return 0 }
      let fraction = (cycles * progress).truncatingRemainder(dividingBy: 1)
      return max(0, 0.5 * (1 + Mathematics.cosine(.pi * fraction)))
    case .huggingFacePolynomial:
      if step > trainingSteps { return endLearningRate / learningRate }
      let remaining = 1 - (s - w) / (t - w)
      let range = learningRate - endLearningRate
      return (range * Mathematics.power(remaining, power) + endLearningRate) / learningRate
    case .huggingFaceInverseSquareRoot:
      let shift = timescale - w
      return 1 / ((s + shift) / timescale).squareRoot()
    default:
      return 1
    }
  }

  var end: Int64? {
    switch kind {
    case .huggingFaceConstant: 0
    case .huggingFaceConstantWithWarmup: warmupSteps
    case .huggingFaceLinear, .huggingFaceCosineWithRestarts: max(trainingSteps, warmupSteps)
    case .huggingFacePolynomial: trainingSteps < .max ? max(trainingSteps, warmupSteps) : nil
    default: nil
    }
  }
}
