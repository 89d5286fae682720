/// From which number a warm-up counts updates.
public enum WarmupCounting: String, Sendable, Hashable, CaseIterable {
  /// From 0: the first update has the warm-up's initial rate (BERT, Hugging Face, Keras).
  case zero
  /// From 1: the first update is already a step up (keras-bert).
  case one
}

/// From where the schedule behind a warm-up counts.
public enum DecayOrigin: String, Sendable, Hashable, CaseIterable {
  /// From step 0, so that the rate drops where the warm-up ends (BERT, keras-bert).
  case start
  /// From the end of the warm-up (Hugging Face, Keras' cosine).
  case warmupEnd = "warmup_end"
}

/// A curve that can stand behind a warm-up.
protocol BaseCurve: ScheduleCurve {
  /// The rate that a warm-up rises to.
  var base: Double { get }
}

/// A linear warm-up in front of any curve.
///
///     rate = r₀ + (base − r₀)·s/warmup_steps        while s < warmup_steps (counting one: s ≤)
///
/// with `r₀` = `warmup_learning_rate` and `s` counted from `warmup_counting`; behind it the curve, its
/// steps counted from `decay_origin`.
struct WarmedCurve: ScheduleCurve {
  private let inner: any BaseCurve
  private let steps: Int64
  private let initialRate: Double
  private let counting: WarmupCounting
  private let origin: DecayOrigin

  init(_ inner: some BaseCurve, from reader: inout RecordReader) throws {
    self.inner = inner
    steps = try reader.count("warmup_steps", default: 0, atLeast: 0)
    initialRate = try reader.number("warmup_learning_rate", default: 0)
    counting = try reader.choice("warmup_counting", default: .zero)
    origin = try reader.choice("decay_origin", default: .warmupEnd)
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    let s = counting == .one ? step + 1 : step
    let isWarm = counting == .one ? s > steps : s >= steps
    guard !isWarm else { return inner.rate(at: origin == .start ? s : s - steps) }
    let base = Scalar(inner.base)
    let fraction = Scalar(s) / Scalar(steps)
    guard initialRate != 0 else { return base * fraction }
    return (base - Scalar(initialRate)) * fraction + Scalar(initialRate)
  }

  var end: Int64? {
    guard let end = inner.end else { return nil }
    let shift = (origin == .start ? 0 : steps) - (counting == .one ? 1 : 0)
    let (moved, overflow) = end.addingReportingOverflow(shift)
    return overflow ? nil : max(steps, moved)
  }
}
