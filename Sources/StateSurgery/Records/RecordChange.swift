public import OptimizerCore
internal import StateConversion
internal import StateTools
internal import Tensors
public import TrainingState

/// Counts and records of a state set by hand.
public struct RecordChange: Sendable {
  /// The number of updates, `nil` to leave it.
  public var step: Int64?
  /// The schedule, `nil` to leave it.
  public var schedule: ScheduleRecord?
  /// The optimizer with its groups, `nil` to leave it.
  public var optimizer: OptimizerRecord?
  /// The rate after warm-up, `nil` to leave it.
  public var learningRate: Double?
  /// When the rate reaches its end, `nil` to leave it.
  public var trainSteps: Int64?
  /// Updates of warm-up, `nil` to leave it.
  public var warmupSteps: Int64?
  /// Decays for TensorFlow's powers where the state does not say them.
  public var betas: (beta1: Double?, beta2: Double?) = (nil, nil)

  /// Changes nothing yet.
  public init() {}

  /// Whether there is nothing to change.
  public var isEmpty: Bool {
    step == nil && schedule == nil && optimizer == nil && !hasFlags
  }

  private var hasFlags: Bool { learningRate != nil || trainSteps != nil || warmupSteps != nil }

  /// Changes a state; no tensor is read.
  ///
  /// A slot whose reset is on record keeps the number of updates that it has seen; every other one has
  /// seen as many as the new step says.
  ///
  /// - Parameter state: The state.
  /// - Returns: The changed state.
  /// - Throws: `StateError` with code `invalidArgument` when a number makes no sense, `unsupported`
  ///   when the schedule has no place for it, or the state has several optimizers and none is chosen.
  public func apply(to state: TrainingState) throws -> TrainingState {
    try state.checkIsOfOneOptimizer()
    try state.refuseUnreadOptimizers()
    var copy = state
    if let optimizer { copy.optimizer = optimizer }
    if let schedule { copy.schedule = schedule }
    if hasFlags { try setFlags(&copy) }
    guard let step else { return copy }
    let counted = try copy.settingStep(
      step,
      keepsAges: false,
      optimizer: try ResolvedOptimizer(copy, betas: betas)
    )
    copy = counted
    if copy.globalStep == nil, copy.variables.allSatisfy({ $0.step == nil }) {
      copy.globalStep = GlobalStep(step)
    }
    return copy
  }

  /// The names under which a kind of schedule keeps what BERT calls `num_train_steps` and
  /// `num_warmup_steps`.
  private static func keys(_ kind: String) -> (train: String?, warmup: String?) {
    switch ScheduleKind(rawValue: kind) {
    case .bert: ("num_train_steps", "num_warmup_steps")
    case .kerasBERT: ("decay_steps", "warmup_steps")
    case .huggingFaceLinear, .huggingFaceCosine, .huggingFaceCosineWithRestarts,
      .huggingFacePolynomial:
      ("num_training_steps", "num_warmup_steps")
    case .huggingFaceConstantWithWarmup, .huggingFaceInverseSquareRoot: (nil, "num_warmup_steps")
    case .polynomial, .cosine: ("decay_steps", "warmup_steps")
    case .constant, .exponential, .piecewiseConstant, .piecewiseLinear, .cosineRestarts,
      .inverseSquareRoot, .inverseTime:
      (nil, "warmup_steps")
    case .torchCosine: ("T_max", nil)
    case .torchPolynomial: ("total_iters", nil)
    case .huggingFaceConstant, .torchStep, .torchMultiStep, .torchConstant, .torchLinear,
      .torchExponential, .torchCosineRestarts, .torchCyclic, .torchOneCycle, .torchSequential,
      .torchChained, nil:
      (nil, nil)
    }
  }

  private func setFlags(_ state: inout TrainingState) throws {
    if let learningRate, !(learningRate.isFinite && learningRate >= 0) {
      throw StateError(.invalidArgument, "a learning rate cannot be \(learningRate)")
    }
    guard var record = state.schedule else { return try makeSchedule(&state) }
    let keys = Self.keys(record.kind)
    if let learningRate {
      // These have several rates, of which none is the one that a person means.
      let kind = ScheduleKind(rawValue: record.kind)
      guard ![.piecewiseConstant, .torchCyclic, .torchOneCycle].contains(kind) else {
        throw Self.noPlace("a learning rate", record)
      }
      record.parameters["learning_rate"] = .double(learningRate)
      if state.optimizer?.hyperparameters["learning_rate"] != nil {
        state.optimizer?.hyperparameters["learning_rate"] = .double(learningRate)
      }
    }
    if let trainSteps {
      guard let key = keys.train else { throw Self.noPlace("a number of training steps", record) }
      record.parameters[key] = .int(trainSteps)
    }
    if let warmupSteps {
      guard let key = keys.warmup else { throw Self.noPlace("a number of warm-up steps", record) }
      record.parameters[key] = .int(warmupSteps)
    }
    do {
      state.schedule = try Schedule(record).record
    } catch {
      // The flags are to blame only where the schedule made sense without them.
      try state.schedule?.checkRecorded()
      throw error
    }
  }

  /// Without a schedule the flags mean BERT's, or, alone, the optimizer's own rate.
  private func makeSchedule(_ state: inout TrainingState) throws {
    if let learningRate, let trainSteps {
      let parameters: [String: HyperparameterValue] = [
        "learning_rate": .double(learningRate), "num_train_steps": .int(trainSteps),
        "num_warmup_steps": .int(warmupSteps ?? 0),
      ]
      state.schedule = try Schedule(ScheduleRecord(kind: "bert", parameters: parameters)).record
      if state.optimizer == nil {
        state.optimizer = OptimizerRecord(kind: RuleKind.bertAdamW.rawValue)
      }
    } else if let learningRate, trainSteps == nil, warmupSteps == nil, state.optimizer != nil {
      state.optimizer?.hyperparameters["learning_rate"] = .double(learningRate)
    } else {
      throw StateError(
        .invalidArgument,
        "the state has no schedule to change",
        remedy: "pass --schedule, or both --learning_rate and --num_train_steps"
      )
    }
  }

  private static func noPlace(_ what: String, _ record: ScheduleRecord) -> StateError {
    StateError(
      .unsupported,
      "schedule '\(record.kind)' has no place for \(what)",
      remedy: "give another with --schedule"
    )
  }
}

extension TrainingState {
  /// The rate of the next update: the schedule's, else the optimizer's own, `nil` where neither tells.
  ///
  /// - Throws: `StateError` when the schedule makes no sense or does not cover the step.
  public func nextLearningRate() throws -> Double? {
    if let schedule {
      guard let step = globalStep?.value ?? variables.lazy.compactMap(\.step).max() else {
        return nil
      }
      return try StateError.blamingData { try Schedule(schedule).learningRate(at: step) }
    }
    return optimizer?.hyperparameters["learning_rate"]?.number
  }
}
