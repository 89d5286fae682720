public import Tensors

/// Schedule-free AdamW: gradients are taken between a fast sequence and its mean.
///
///     v' = beta2·v + (1 − beta2)·g²
///     u  = g/(√v̂ + epsilon) + weight_decay·y,  v̂ = v'/(1 − beta2ᵗ)
///     c  = w/W',  w = tʳ·γ^weight_lr_power,  W' = W + w,  γ the greatest rate so far
///     y' = y + c·(z − y) + α·(beta1·(1 − c) − 1)·u,  z' = z − α·u
///     α  = learning_rate·min(1, t/warmup_steps)
///
/// The weights are `y`, as they are in training; the mean that the model is used with is formed by the optimizer's
/// `eval()`, after which a state must not be gone on with. `W` and `γ` are the record's `weight_sum` and `lr_max`, `k` the
/// updates of the group: every update changes them.
///
/// - SeeAlso: Defazio et al., 2024 (arXiv:2405.15682), algorithm 1; `schedulefree.AdamWScheduleFree`, version 1.4.
public struct ScheduleFreeAdamW: UpdateRule {
  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic
  /// The rate where the step brings none.
  public let learningRate: Double
  /// Where between the fast sequence and its mean gradients are taken.
  public let beta1: Double
  /// Decay of the second moment.
  public let beta2: Double
  /// Guards the division, outside the root.
  public let epsilon: Double
  /// Weight decay, at `y` and scaled by the rate.
  public let weightDecay: Double
  /// Updates until the rate is full.
  public let warmupSteps: Int64
  /// Power of the step in the mean's weights.
  public let r: Double
  /// Power of the greatest rate in the mean's weights.
  public let weightPower: Double
  /// The sum of the mean's weights before this update.
  public let weightSum: Double
  /// The greatest rate before this update.
  public let greatestRate: Double
  /// Updates before this one, where the record counts them.
  public let updates: Int64?
  /// Whether PyTorch's foreach path is meant.
  public let isForeach: Bool

  init(from reader: inout RecordReader) throws {
    arithmetic = reader.arithmetic
    learningRate = try reader.number("learning_rate", default: 0.0025)
    beta1 = try reader.number("beta1", default: 0.9)
    beta2 = try reader.number("beta2", default: 0.999)
    epsilon = try reader.number("epsilon", default: 1e-8)
    weightDecay = try reader.number("weight_decay", default: 0)
    warmupSteps = try reader.count("warmup_steps", default: 0, atLeast: 0)
    r = try reader.number("r", default: 0)
    weightPower = try reader.number("weight_lr_power", default: 2)
    weightSum = try reader.number("weight_sum", default: 0)
    greatestRate = try reader.number("lr_max", default: -1)
    updates = try reader.optionalCount("k", atLeast: 0)
    isForeach = try reader.flag("foreach", default: true)
    // The rate of the last update, which is written for people to read.
    _ = try reader.optionalNumber("scheduled_lr")
    guard try reader.flag("train_mode", default: true) else {
      throw StateError(
        .invalidArgument,
        "\(reader.subject) is in evaluation: its weights are the mean, not what training goes on from",
        remedy: "save the state after the optimizer's train()"
      )
    }
  }

  /// `schedule_free_z`, `adam_v`.
  ///
  /// - Parameter shape: The variable's shape.
  /// - Returns: The slots.
  public func slots(for shape: Shape) -> [SlotDefinition] {
    [SlotDefinition(.baseWeights, shape), SlotDefinition(.secondMoment, shape)]
  }

  /// The sum of weights and the greatest rate after a step.
  ///
  /// - Parameter context: The step.
  /// - Returns: The record's `weight_sum`, `lr_max`, `scheduled_lr` and `k`.
  public func nextHyperparameters(_ context: StepContext) -> [String: HyperparameterValue] {
    let c = Coefficients(self, context)
    var next: [String: HyperparameterValue] = [
      "weight_sum": .double(c.weightSum), "lr_max": .double(c.greatestRate),
      "scheduled_lr": .double(c.rate),
    ]
    if let updates { next["k"] = .int(updates &+ 1) }
    return next
  }

  /// Updates the weights, the fast sequence and the second moment.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - context: The step.
  public func update<Scalar: BinaryFloatingPoint>(_ block: Block<Scalar>, _ context: StepContext) {
    let tensors = TensorOperations(arithmetic, block, isForeach: isForeach)
    let c = Coefficients(self, context)
    let correction = Scalar(1 - BetaPower.exact(beta2, step: number(context)))
    let (b2, share2) = (Scalar(beta2), Scalar(1 - beta2))
    let (eps, decay) = (tensors.number(epsilon), tensors.number(weightDecay))
    let weight = Scalar(c.share)
    let factor = tensors.number(c.rate * (beta1 * (1 - c.share) - 1))
    let minusRate = tensors.number(-c.rate)
    let begins = number(context) == 1
    for i in 0..<block.count {
      let g = block.gradient[i]
      let y = block.parameter[i]
      let z = begins ? y : block.slots[0][i]
      let v = tensors.sum(tensors.scaled(block.slots[1][i], by: b2), product: g, g, factor: share2)
      let d = tensors.sum(tensors.root(tensors.quotient(v, correction)), eps)
      var u = tensors.quotient(g, d)
      if decay != 0 { u = tensors.sum(u, decay, times: y, at: i) }
      let mean = tensors.lerp(y, z, weight: weight)
      block.parameter[i] = tensors.sum(mean, factor, times: u, at: i)
      block.slots[0][i] = tensors.sum(z, minusRate, times: u, at: i)
      block.slots[1][i] = v
    }
  }

  /// The number of an update, counted from 1.
  private func number(_ context: StepContext) -> Int64 { updates.map { $0 &+ 1 } ?? context.step }

  /// The scalars of a step, in `Double` as Python forms them.
  private struct Coefficients {
    let rate: Double
    let greatestRate: Double
    let weightSum: Double
    let share: Double

    init(_ rule: ScheduleFreeAdamW, _ context: StepContext) {
      let number = rule.number(context)
      let t = Double(number)
      let warmth = number <= rule.warmupSteps ? t / Double(rule.warmupSteps) : 1
      rate = rule.rate(context) * warmth
      greatestRate = max(rate, rule.greatestRate)
      let weight =
        Mathematics.power(t, rule.r) * Mathematics.power(greatestRate, rule.weightPower)
      weightSum = rule.weightSum + weight
      share = weightSum == 0 ? 0 : weight / weightSum
    }
  }
}
