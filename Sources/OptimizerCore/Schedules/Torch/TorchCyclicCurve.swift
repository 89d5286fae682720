import Tensors

/// PyTorch's `CyclicLR`, the momentum left alone: from the base rate to the greatest and back.
///
///     cycle = ⌊1 + t/total_size⌋,  x = 1 + t/total_size − cycle
///     scale = x/step_ratio         while x ≤ step_ratio, (x − 1)/(step_ratio − 1) after
///     rate  = base + (max − base)·scale·f
///
/// with f = 1 (`triangular`), 1/2^(cycle − 1) (`triangular2`) or γ^t (`exp_range`).
struct TorchCyclicCurve: ScheduleCurve {
  enum Mode: String, CaseIterable {
    case triangular, triangular2
    case range = "exp_range"
  }

  private let base: Double
  private let greatest: Double
  private let size: Double
  private let ratio: Double
  private let mode: Mode
  private let gamma: Double

  init(from reader: inout RecordReader) throws {
    base = try reader.number("learning_rate")
    greatest = try reader.number("max_learning_rate")
    size = try reader.number("total_size", in: 1...(.infinity))
    ratio = try reader.number("step_ratio", default: 0.5, in: 0...1)
    mode = try reader.choice("mode", default: .triangular)
    gamma = try reader.number("gamma", default: 1)
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    let t = Double(step)
    let cycle = (1 + t / size).rounded(.down)
    let x = 1.0 + t / size - cycle
    let scale = x <= ratio ? x / ratio : (x - 1) / (ratio - 1)
    let height = (greatest - base) * scale
    let factor =
      switch mode {
      case .triangular: 1.0
      case .triangular2: 1 / Mathematics.power(2.0, cycle - 1)
      case .range: Mathematics.power(gamma, t)
      }
    return Scalar(base + height * factor)
  }

  var end: Int64? { nil }
}
