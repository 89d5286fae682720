internal import OptimizerCore
internal import Tensors

/// Curves of learning rates as a self-contained SVG, or in characters.
public struct SchedulePlot: Sendable {
  /// A curve and what it is called.
  public struct Curve: Sendable {
    /// What the legend calls it.
    public let name: String
    /// Its points.
    public let samples: ScheduleSamples

    /// Names a curve.
    ///
    /// - Parameters:
    ///   - name: What the legend calls it.
    ///   - samples: Its points.
    public init(_ name: String, _ samples: ScheduleSamples) {
      self.name = name
      self.samples = samples
    }
  }

  let curves: [Curve]
  let current: Int64?
  let steps: ClosedRange<Double>
  let top: Double

  /// Describes a plot.
  ///
  /// - Parameters:
  ///   - curves: The curves, the first one in front.
  ///   - current: The step to mark, `nil` for none.
  public init(_ curves: [Curve], current: Int64? = nil) {
    self.curves = curves
    let points = curves.flatMap(\.samples.points)
    let all = points.map { Double($0.step) }
    let first = all.min() ?? 0
    let steps = first...max(all.max() ?? 1, first + 1)
    self.steps = steps
    self.current = current.flatMap { steps.contains(Double($0)) ? $0 : nil }
    let highest = points.lazy.map(\.rate).filter(\.isFinite).max() ?? 0
    top = highest > 0 ? highest : 1
  }

  /// The rate at the marked step on the first curve.
  var currentRate: Double? {
    guard let current else { return nil }
    return curves.first?.samples.points.first { $0.step == current }?.rate
  }

  /// Round numbers that divide a range into a handful of parts.
  static func ticks(_ range: ClosedRange<Double>, about count: Double) -> [Double] {
    let width = range.upperBound - range.lowerBound
    guard width > 0, width.isFinite else { return [range.lowerBound] }
    var unit = 1.0
    while unit * 10 <= width / count { unit *= 10 }
    while unit > width / count { unit /= 10 }
    let step = unit * ([1, 2, 5, 10].first { unit * $0 >= 0.7 * width / count } ?? 10)
    let first = (range.lowerBound / step).rounded(.up)
    let last = (range.upperBound / step * (1 + 1e-12)).rounded(.down)
    return stride(from: first, through: last, by: 1).map { $0 * step }
  }

  /// A step as an axis shows it.
  static func stepLabel(_ step: Double) -> String {
    let (value, unit) =
      step >= 1e6 && step.truncatingRemainder(dividingBy: 1e5) == 0
      ? (step / 1e6, " M")
      : step >= 1e4 && step.truncatingRemainder(dividingBy: 100) == 0
        ? (step / 1e3, " k") : (step, "")
    return (value == value.rounded() ? "\(Int64(value))" : "\(Float(value))") + unit
  }

  /// A rate as an axis shows it: few digits, with a power of ten where it is small.
  static func rateLabel(_ rate: Double) -> String {
    if rate == 0 { return "0" }
    var (mantissa, exponent) = (rate, 0)
    while abs(mantissa) < 1, exponent > -330 {
      (mantissa, exponent) = (mantissa * 10, exponent - 1)
    }
    while abs(mantissa) >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    mantissa = (mantissa * 1000).rounded() / 1000
    let digits = mantissa == mantissa.rounded() ? "\(Int(mantissa))" : "\(mantissa)"
    if (-2...2).contains(exponent) { return "\(Float((rate * 1e6).rounded() / 1e6))" }
    return "\(digits)e\(exponent)"
  }
}
