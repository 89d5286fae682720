import Tensors

/// PyTorch's `OneCycleLR`, the momentum left alone: up to the greatest rate, and in one phase or two to the least.
///
/// Within a phase the rate goes from `a` to `b` along `b + (a − b)/2·(1 + cos(π·x))`, or along a straight line, with
/// `x` = (t − start)/(end − start). Past `total_steps` PyTorch refuses to go on; the rate stays.
struct TorchOneCycleCurve: ScheduleCurve {
  enum Strategy: String, CaseIterable {
    case cos, linear
  }

  private let rates: [Double]
  private let ends: [Double]
  private let totalSteps: Int64
  private let strategy: Strategy

  init(from reader: inout RecordReader) throws {
    let initial = try reader.number("learning_rate")
    let greatest = try reader.number("max_learning_rate")
    let least = try reader.number("min_learning_rate")
    totalSteps = try reader.count("total_steps", atLeast: 1)
    ends = try reader.numbers("phase_ends")
    strategy = try reader.choice("anneal_strategy", default: .cos)
    rates = ends.count == 3 ? [initial, greatest, initial, least] : [initial, greatest, least]
    guard ends.count == rates.count - 1, ends[0] != 0,
      zip(ends, ends.dropFirst()).allSatisfy(<)
    else {
      throw StateError(.invalidArgument, "\(reader.subject) needs two or three rising phase_ends")
    }
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    let t = Double(min(step, totalSteps))
    let phase = ends.firstIndex { t <= $0 } ?? ends.count - 1
    let start = phase == 0 ? 0 : ends[phase - 1]
    let fraction = (t - start) / (ends[phase] - start)
    let (a, b) = (rates[phase], rates[phase + 1])
    switch strategy {
    case .cos: return Scalar(b + (a - b) / 2.0 * (Mathematics.cosine(.pi * fraction) + 1))
    case .linear: return Scalar((b - a) * fraction + a)
    }
  }

  var end: Int64? { totalSteps }
}
