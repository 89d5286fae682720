public import ByteIO
internal import StateTools
internal import Tensors
public import TrainingState

/// What correcting the bias of moments means for the updates to come.
public struct DebiasReport: Sendable {
  /// What was done.
  public let plan: DebiasPlan

  /// What the moments make of an update before.
  public let before: UpdateSize

  /// What they make of it after; for a declaration, what a corrected update is.
  public let after: UpdateSize

  /// Whether an epsilon was not known and left out.
  public let lacksEpsilon: Bool

  /// What rounding costs, `nil` where nothing was unfolded.
  public let loss: RoundingLoss?

  /// The rate of the next update before, `nil` where it is not known.
  public let rateBefore: Double?

  /// The rate of the next update after.
  public let rateAfter: Double?

  /// Reads the moments and measures.
  ///
  /// - Parameters:
  ///   - plan: What is done.
  ///   - before: The state before, its records completed.
  ///   - after: The state after.
  ///   - progress: Told of the elements done.
  /// - Throws: `StateError` when a tensor cannot be read or the schedule makes no sense.
  public init(
    _ plan: DebiasPlan,
    before: TrainingState,
    after: TrainingState,
    progress: (@Sendable (Int, Int) throws -> Void)? = nil
  ) throws {
    self.plan = plan
    let sizes = try UpdateSize.measure(plan, progress: progress)
    self.before = sizes.before
    self.after = sizes.after
    lacksEpsilon = sizes.lacksEpsilon
    loss =
      plan.operation == .unfold ? try sizes.loss ?? RoundingLoss(plan, progress: progress) : nil
    rateBefore = try before.nextLearningRate()
    rateAfter = try after.nextLearningRate()
  }

  /// The factors in the order of their steps, with the number of variables that have them.
  private var factors: [(factors: DebiasPlan.Factors, variables: Int)] {
    plan.variables.map { ($0.key, $0.value) }.sorted {
      ($0.0.step1, $0.0.step2, $0.0.beta1, $0.0.beta2)
        < ($1.0.step1, $1.0.step2, $1.0.beta1, $1.0.beta2)
    }
  }

  /// What the effective rate is multiplied by.
  private func rateFactor(_ factors: DebiasPlan.Factors) -> Double {
    plan.operation == .unfold ? factors.inflation : 1 / factors.inflation
  }

  /// The report as a person reads it.
  public var lines: [String] {
    guard let operation = plan.operation else {
      return [
        "learning rate   \(number(rateBefore)) -> \(number(rateAfter)), "
          + "times \(number(plan.rateFactor)): the frozen factor sqrt(1 - beta2)/(1 - beta1) is in it now"
      ]
    }
    var lines: [String] = []
    switch operation {
    case .fold: lines.append("folded          m / (1 - beta1^t), v / (1 - beta2^t)")
    case .unfold: lines.append("unfolded        m * (1 - beta1^t), v * (1 - beta2^t)")
    default:
      lines.append("declared        the optimizer corrects from t on; the moments are as they were")
    }
    for (factors, variables) in self.factors {
      let t =
        factors.step1 == factors.step2 ? "\(factors.step1)" : "\(factors.step1)/\(factors.step2)"
      lines.append(
        "t = \(t)".padding(to: 16) + "1 - \(factors.beta1)^t = \(number(factors.first)), "
          + "1 - \(factors.beta2)^t = \(number(factors.second)); \(variables) variables"
      )
      lines.append(
        "effective rate".padding(to: 16)
          + "times \(number(rateFactor(factors))) (uncorrected updates "
          + "are \(number(factors.inflation)) times corrected ones)"
      )
    }
    if plan.alreadyFolded > 0, operation == .fold {
      lines.append("left alone".padding(to: 16) + "\(plan.alreadyFolded) variables, folded before")
    }
    if plan.untouched > 0 {
      lines.append("left alone".padding(to: 16) + "\(plan.untouched) variables without updates")
    }
    if before.rms > 0 || after.rms > 0 { lines += updates }
    if let loss {
      lines.append(
        "rounding".padding(to: 16)
          + "folding again would give back "
          + "\(loss.elements - loss.changed) of \(loss.elements) elements, the others within "
          + "\(loss.largestULP) ULP"
      )
    }
    return lines
  }

  private var updates: [String] {
    let epsilon = lacksEpsilon ? " (epsilon is not known and left out)" : ""
    var lines = [
      "m/(sqrt(v)+eps)".padding(to: 16)
        + "rms \(number(before.rms)) -> \(number(after.rms)), largest \(number(before.largest)) -> "
        + "\(number(after.largest)) in \(before.variable ?? "-")\(epsilon)"
    ]
    if let rateBefore, let rateAfter {
      lines.append(
        "next update".padding(to: 16)
          + "rms \(number(before.rms * rateBefore)) -> \(number(after.rms * rateAfter)) at a rate of "
          + "\(number(rateAfter)), gradients like those so far"
      )
    }
    return lines
  }

  /// The report for programs.
  public var json: JSONValue {
    .object([
      "operation": .string(plan.operation?.rawValue ?? "translate-frozen"),
      "rate_factor": .double(plan.rateFactor),
      "factors": .array(
        factors.map { factors, variables in
          .object([
            "t_m": .int(factors.step1), "t_v": .int(factors.step2), "beta1": .double(factors.beta1),
            "beta2": .double(factors.beta2), "factor_m": .double(factors.first),
            "factor_v": .double(factors.second), "inflation": .double(factors.inflation),
            "effective_rate": .double(rateFactor(factors)), "variables": .int(Int64(variables)),
          ])
        }
      ),
      "already_folded": .int(Int64(plan.alreadyFolded)),
      "without_updates": .int(Int64(plan.untouched)),
      "update": .object(["before": size(before), "after": size(after)]),
      "epsilon_known": .bool(!lacksEpsilon),
      "learning_rate": .object(["before": JSONValue(rateBefore), "after": JSONValue(rateAfter)]),
      "loss": loss.map {
        .object([
          "elements": .int(Int64($0.elements)), "changed": .int(Int64($0.changed)),
          "max_ulp": .int(Int64(clamping: $0.largestULP)),
        ])
      } ?? .null,
    ])
  }

  private func size(_ size: UpdateSize) -> JSONValue {
    .object([
      "rms": .double(size.rms), "largest": .double(size.largest),
      "variable": JSONValue(size.variable),
    ])
  }

  private func number(_ value: Double?) -> String { value.map { "\(Float($0))" } ?? "not known" }
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(1, width - count))
  }
}
