import Tensors

/// A learning-rate schedule: the rate of an update from the number of updates before it.
///
/// Kinds and their parameters (defaults in brackets):
///
/// | kind | parameters |
/// |---|---|
/// | `constant` | `learning_rate` |
/// | `exponential` | `learning_rate`, `decay_steps`, `decay_rate`, `staircase` [false] |
/// | `piecewise_constant` | `boundaries`, `values` |
/// | `piecewise_linear` | `learning_rate`, `steps`, `multiples` |
/// | `polynomial` | `learning_rate`, `decay_steps`, `end_learning_rate` [1e-4], `power` [1], `cycle` [false] |
/// | `cosine` | `learning_rate`, `decay_steps`, `alpha` [0] |
/// | `cosine_restarts` | `learning_rate`, `first_decay_steps`, `t_mul` [2], `m_mul` [1], `alpha` [0] |
/// | `inverse_sqrt` | `learning_rate`, `timescale` [10000] |
/// | `inverse_time` | `learning_rate`, `decay_steps`, `decay_rate`, `staircase` [false] |
/// | `bert` | `learning_rate`, `num_train_steps`, `num_warmup_steps` [0], `step_reading` [before], `folding` [true] |
/// | `keras_bert` | `learning_rate`, `decay_steps`, `warmup_steps` [0], `min_learning_rate` [0] |
/// | `hf_…` | `learning_rate`, `num_training_steps`, `num_warmup_steps` [0], and what the kind has |
/// | `torch_…` | `learning_rate`, and what PyTorch's scheduler calls its own numbers |
/// | `torch_sequential` | `learning_rate`, `schedules`, a list of specs of `torch_…`, `milestones` |
/// | `torch_chained` | `learning_rate`, `schedules` |
///
/// The first nine take a linear warm-up: `warmup_steps` [0], `warmup_learning_rate` [0],
/// `warmup_counting` [zero] and `decay_origin` [warmup_end]; see ``WarmupCounting`` and
/// ``DecayOrigin``.
public struct Schedule: Sendable {
  /// The schedule with every default filled in.
  public let record: ScheduleRecord

  private let curve: any ScheduleCurve

  /// Makes a schedule from its record.
  ///
  /// - Parameter record: Kind and parameters.
  /// - Throws: `StateError` with code `invalidArgument` when the kind is unknown, a key is none of
  ///   the kind's or a value makes no sense; the message lists what there is.
  public init(_ record: ScheduleRecord) throws {
    guard let kind = ScheduleKind(rawValue: record.kind) else {
      throw StateError(
        .invalidArgument,
        "there is no schedule '\(record.kind)'",
        expected: ScheduleKind.allCases.map(\.rawValue).joined(separator: ", ")
      )
    }
    var reader = RecordReader("schedule '\(record.kind)'", record.parameters)
    curve = try kind.curve(from: &reader)
    try reader.finish()
    self.record = ScheduleRecord(kind: record.kind, parameters: reader.resolved)
  }

  /// The rate of the next update, every operation in `Double`.
  ///
  /// - Parameter step: Updates already done.
  /// - Returns: The rate.
  /// - Throws: `StateError` with code `invalidArgument` when the step is negative or too large.
  public func learningRate(at step: Int64) throws -> Double {
    try Self.check(step)
    return curve.rate(at: step)
  }

  /// The rate of the next update as TensorFlow computes it: every operation rounded to `Float`.
  ///
  /// Hugging Face's kinds are computed in `Double` and rounded once. A power or a cosine is the
  /// correctly rounded one, TensorFlow's may be 1 ULP off.
  ///
  /// - Parameter step: Updates already done.
  /// - Returns: The rate.
  /// - Throws: `StateError` with code `invalidArgument` when the step is negative or too large.
  public func roundedLearningRate(at step: Int64) throws -> Float {
    try Self.check(step)
    return curve.rate(at: step)
  }

  /// The rate of the next update as an arithmetic uses it.
  ///
  /// - Parameters:
  ///   - step: Updates already done.
  ///   - arithmetic: Whose rounding to follow.
  /// - Returns: ``roundedLearningRate(at:)`` for TensorFlow's family, ``learningRate(at:)`` else.
  /// - Throws: `StateError` with code `invalidArgument` when the step is negative or too large, or the arithmetic is optax'
  ///   and the rate is not the same throughout.
  public func learningRate(at step: Int64, in arithmetic: Arithmetic) throws -> Double {
    guard !arithmetic.isOptax || end == 0 else {
      throw StateError(
        .invalidArgument,
        "schedule '\(record.kind)' is not optax' bit for bit",
        expected: "a constant rate"
      )
    }
    return arithmetic.convention == .tensorflow
      ? Double(try roundedLearningRate(at: step)) : try learningRate(at: step)
  }

  /// The step from which the rate stays as it is, `nil` when it never does.
  public var end: Int64? { curve.end }

  /// The same schedule for another base rate, as parameter groups with a rate of their own have.
  ///
  /// - Parameter learningRate: What replaces the parameter `learning_rate`.
  /// - Returns: The schedule.
  /// - Throws: `StateError` with code `invalidArgument` when the kind has no base rate.
  public func withLearningRate(_ learningRate: Double) throws -> Schedule {
    var record = record
    record.parameters["learning_rate"] = .double(learningRate)
    return try curve.rebased(learningRate).map { Schedule(record, $0) } ?? Schedule(record)
  }

  private init(_ record: ScheduleRecord, _ curve: any ScheduleCurve) {
    self.record = record
    self.curve = curve
  }

  /// Where a scheduler of PyTorch's stands at a step, `nil` where the schedule consists of no such rules.
  ///
  /// - Parameter step: Updates already done.
  /// - Returns: The rate and what each part gave.
  /// - Throws: `StateError` with code `invalidArgument` when the step is negative or too large.
  package func torchPosition(at step: Int64) throws -> TorchPosition? {
    try Self.check(step)
    return (curve as? TorchCurve)?.position(at: step)
  }

  private static func check(_ step: Int64) throws {
    guard step >= 0, step < .max else {
      throw StateError(
        .invalidArgument,
        "a schedule is asked for step \(step)",
        expected: "a step from 0 to \(Int64.max - 1)"
      )
    }
  }
}
