internal import ByteIO
internal import OptimizerCore
internal import Tensors
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
    var readings: [(beta1: Double, beta2: Double, step: Int64?)] = []
    for tensor in state.optimizerTensors {
      guard let (stem, number) = Self.parts(of: tensor.name, "beta1_power"),
        let partner = state.optimizerTensors.first(where: {
          Self.parts(of: $0.name, "beta2_power").map { $0.stem == stem && $0.number == number }
            ?? false
        }),
        let first = try Self.value(tensor), let second = try Self.value(partner),
        let reading = Self.reading(first, second, state.globalStep?.value)
      else { continue }
      readings.append(reading)
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

  private static func parts(of name: String, _ word: String) -> (stem: String, number: String)? {
    let components = name.split(separator: "/", omittingEmptySubsequences: false)
    guard let last = components.last, last.hasPrefix(word) else { return nil }
    return (components.dropLast().joined(separator: "/"), String(last.dropFirst(word.count)))
  }

  private static func value(_ tensor: StateTensor) throws -> Double? {
    let data = tensor.tensor
    guard data.elementType == .float32, data.byteCount == 4 else { return nil }
    let bytes = try TensorPass.verifiedBytes(of: NamedTensor(tensor.name, data), limit: 4)
    let bits = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return Double(Float(bitPattern: bits))
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
