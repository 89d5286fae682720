import Tensors
import Testing

@testable import OptimizerCore

/// Roots that a framework does not round correctly are all that is left of the differences.
@Suite("Approximate square roots")
struct SquareRootTests {
  static let torch = Recording.torch.updates.filter {
    $0.type == nil && $0.after[0]["bias"]?["root"] != nil
  }

  @Test(arguments: torch)
  func torchWithItsOwnRootIsReproduced(_ test: Recording.Case) throws {
    try expectSame(test, .torch) { root, square in
      Difference.between([root], [square.squareRoot()]).greatestULP <= 1
    }
  }

  @Test
  func tensorFlowWithItsOwnReciprocalRootIsReproduced() throws {
    let test = try #require(Recording.keras.updates.first { $0.name == "tensorflow adagrad" })
    try expectSame(test, .keras) { root, square in
      Difference.between([root], [1 / square.squareRoot()]).greatestULP <= 3
    }
  }

  /// Goes from each recorded state to the next: slots as the rule has them, the step with the
  /// recorded root.
  private func expectSame(
    _ test: Recording.Case,
    _ recording: Recording,
    _ isClose: (_ root: Float, _ square: Float) -> Bool
  ) throws {
    let trainer = try Replay.trainer(test.record, recording, Float.self)
    var difference = Difference()
    for (index, after) in test.after.enumerated() {
      let before = recording.start.keys.map { ($0, trainer[$0, "value"]) }
      let context = try StepContext(step: Int64(index + 1), learningRate: test.rates?[index])
      try trainer.update(Replay.gradients(recording, index), context)
      for (name, values) in before {
        let arrays = try #require(after[name]).mapValues(\.floats)
        let plan = try #require(trainer.plans[name])
        let roots = try #require(arrays["root"])
        let step = StepByRoot(plan.rule, context, plan.regularization)
        for i in values.indices {
          let slots = plan.slots.map { trainer[name, $0.name.rawValue][i] }
          let gradient = recording.gradients[index][name]?.floats[i] ?? .nan
          #expect(isClose(roots[i], step.square(slots)))
          let old =
            index == 0
            ? [] : plan.slots.map { test.after[index - 1][name]?[$0.name.rawValue]?.floats[i] ?? 0 }
          let new = step.next(values[i], gradient, slots, old, root: roots[i])
          difference.add([new.parameter], [arrays["value"]?[i] ?? .nan])
          if let momentum = new.momentum {
            difference.add([momentum], [arrays[SlotName.momentum.rawValue]?[i] ?? .nan])
          }
        }
        for (key, bits) in arrays
        where key != "root" && key != "value" && key != SlotName.momentum.rawValue {
          difference.add(trainer[name, key], bits)
        }
        for (key, bits) in arrays { trainer[name, key] = bits }
      }
    }
    #expect(difference.elements > 0 && difference.differing == 0, "\(difference)")
  }
}

/// The last line of a rule with the root given.
private struct StepByRoot {
  let rule: any UpdateRule
  let context: StepContext
  let regularization: Regularization

  init(_ rule: any UpdateRule, _ context: StepContext, _ regularization: Regularization) {
    self.rule = rule
    self.context = context
    self.regularization = regularization
  }

  /// What the root is taken of.
  func square(_ slots: [Float]) -> Float {
    switch rule {
    case is Adam: slots[slots.count - 1]
    case let rule as RMSProp where rule.isCentered: .fma(-slots[2], slots[2], slots[0])
    default: slots[0]
    }
  }

  func next(
    _ p: Float,
    _ g: Float,
    _ slots: [Float],
    _ old: [Float],
    root: Float
  ) -> (parameter: Float, momentum: Float?) {
    switch rule {
    case let rule as Adam:
      let c = FusedAdamCoefficients<Float>(rule, context)
      let lr = context.learningRate ?? rule.learningRate
      let decay = DecoupledDecay<Float>(rule.weightDecay, learningRate: lr, rule.arithmetic)
      let d = root / c.rootCorrection + c.epsilon
      return (decay(p) - (c.stepSize * slots[0]) / d, nil)
    case let rule as RMSProp where rule.momentum != 0:
      let b = (old.isEmpty ? 0 : old[1]) * Float(rule.momentum) + g / (root + Float(rule.epsilon))
      return (.fma(-Float(rule.learningRate), b, p), b)
    case let rule as RMSProp:
      return (p - (Float(rule.learningRate) * g) / (root + Float(rule.epsilon)), nil)
    case let rule as Adagrad where rule.arithmetic == .tensorflow:
      return (p - (g * Float(rule.learningRate)) * root, nil)
    case let rule as Adagrad:
      let lr = rule.learningRate / (1 + Double(context.step - 1) * rule.learningRateDecay)
      return (p - (Float(lr) * g) / (root + Float(rule.epsilon)), nil)
    default:
      fatalError("no step by root for \(rule)")
    }
  }
}
