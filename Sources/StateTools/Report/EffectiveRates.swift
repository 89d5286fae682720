internal import OptimizerCore
internal import TrainingState

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What a learning rate amounts to with and without bias correction.
///
/// Moments that begin at zero are too small by `1 − betaᵗ`; without a correction an update is
/// `(1 − beta1ᵗ)/√(1 − beta2ᵗ)` times what the rate says.
struct EffectiveRates {
  /// The step of the state.
  let step: Int64?

  /// The scheduled rate of the next update, or the recorded one.
  let rate: Double?

  private let schedule: Schedule?
  private let decays: (beta1: Double, beta2: Double)?

  init(_ state: TrainingState, _ decays: SurveyedDecays) {
    step = state.globalStep?.value
    schedule = state.schedule.flatMap { try? Schedule($0) }
    let recorded = state.optimizer?.hyperparameters["learning_rate"]?.number
    rate = step.flatMap { [schedule] in try? schedule?.learningRate(at: $0) } ?? recorded
    self.decays = decays.bound(of: "").map { ($0.beta1, $0.beta2) }
  }

  /// By how much an update without correction is too large after a number of updates.
  func inflation(_ updates: Int64) -> Double? {
    guard let decays, updates >= 1 else { return nil }
    let first = 1 - pow(decays.beta1, Double(updates))
    let second = 1 - pow(decays.beta2, Double(updates))
    return first / second.squareRoot()
  }

  /// The last step that a chart shows.
  private var last: Int64 {
    let end = schedule?.end.flatMap { $0 > 1 ? $0 : nil } ?? 10_000
    return max(min(end, .max / 4), step ?? 0, 100)
  }

  /// Points of the chart: the number of an update, the rate as it is with a correction and without.
  var curve: [(update: Double, corrected: Double, uncorrected: Double)] {
    guard decays != nil else { return [] }
    let count = 400
    var seen: Set<Int64> = []
    return (0...count).compactMap { index in
      let position = exp(log(Double(last)) * Double(index) / Double(count)).rounded()
      guard let update = Int64(exactly: position), seen.insert(update).inserted,
        let inflation = inflation(update)
      else { return nil }
      let scheduled = schedule.flatMap { try? $0.learningRate(at: update - 1) }
      let rate = scheduled ?? rate ?? 1
      return (Double(update), rate, rate * inflation)
    }
  }

  /// Whether the curve's rates are real ones, not multiples of an unknown rate.
  var isAbsolute: Bool { rate != nil || schedule != nil }
}
