internal import OptimizerCore
internal import TrainingState

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What TensorFlow's `beta1_power` and `beta2_power` tell: they begin at beta1 and beta2 and are multiplied
/// by them once per update.
struct BetaPowerReading {
  let beta1: Double
  let beta2: Double

  /// Updates since the powers began, `nil` where several optimizers disagree or a power has vanished.
  let step: Int64?

  /// Reads the powers of a state, `nil` where it has none that tell anything.
  init?(_ state: TrainingState) throws {
    let powers = BetaPowerTensors(state.optimizerTensors)
    let readings = try powers.pairs(in: state.optimizerTensors).compactMap { pair in
      Self.reading(pair.beta1, pair.beta2, state.globalStep?.value)
    }
    // Which optimizer owns which variable is not on record: the widest bound excuses the most.
    guard
      let widest = readings.max(by: {
        MomentBound(beta1: $0.beta1, beta2: $0.beta2)?.ratio ?? .infinity
          < MomentBound(beta1: $1.beta1, beta2: $1.beta2)?.ratio ?? .infinity
      })
    else { return nil }
    (beta1, beta2) = (widest.beta1, widest.beta2)
    step = readings.count == 1 ? widest.step : nil
  }

  /// Decays and step behind two powers: the usual decays where both powers agree on a step, else those
  /// that give the powers at the global step.
  private static func reading(
    _ first: Double,
    _ second: Double,
    _ globalStep: Int64?
  ) -> (beta1: Double, beta2: Double, step: Int64?)? {
    guard first > 0, first < 1, second > 0, second < 1 else { return nil }
    let steps = (log(first) / log(0.9) - 1, log(second) / log(0.999) - 1)
    if abs(steps.0 - steps.1) < 0.3 + 1e-3 * abs(steps.0), steps.0 > -0.5 {
      return (0.9, 0.999, Int64(exactly: steps.0.rounded()))
    }
    guard let globalStep, globalStep >= 0, globalStep < .max else { return nil }
    let count = Double(globalStep + 1)
    func root(_ power: Double) -> Double { (exp(log(power) / count) * 1e6).rounded() / 1e6 }
    let (beta1, beta2) = (root(first), root(second))
    guard MomentBound(beta1: beta1, beta2: beta2) != nil else { return nil }
    return (beta1, beta2, globalStep)
  }
}
