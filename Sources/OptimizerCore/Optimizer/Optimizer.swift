internal import OptimizerCatalog
public import Tensors

/// An optimizer ready to compute: a rule, its exceptions by variable, its clipping and its wrappers.
///
/// Beside the rule's own keys, every record may have
///
/// | key | meaning |
/// |---|---|
/// | `arithmetic` | ``Arithmetic`` |
/// | `l1`, `l2` | ``Regularization`` |
/// | `exclude_from_weight_decay` | regular expressions; a variable whose name one of them is found in has no weight decay |
/// | `weight_decay_pattern` | strings; only variables whose name contains one of them decay |
/// | `exclude_from_layer_adaptation` | regular expressions for ``LAMB``, by default those above |
/// | `global_clip_norm`, `clip_norm`, `clip_value`, `smooth_clip_norm` | ``Clipping``; 0 is none |
/// | `accumulation_steps` | ``GradientAccumulation`` |
/// | `lookahead_steps`, `lookahead_rate` | ``Lookahead`` |
/// | `ema_decay` | ``WeightAverage`` |
///
/// `bert_adamw` has `exclude_from_weight_decay=[LayerNorm;layer_norm;bias]` unless the record says
/// otherwise. It does not clip: BERT clips to a global norm of 1 before its optimizer is called, which
/// `global_clip_norm=1` asks for. A group's overrides replace the record's values for its members; a group of another
/// kind has no values but its own.
public struct Optimizer: Sendable {
  /// The optimizer with every default filled in, the groups as they were given.
  public let record: OptimizerRecord

  /// The kind of rule.
  public let kind: RuleKind

  /// The implementation that is reproduced.
  public let arithmetic: Arithmetic

  /// How gradients are bounded, `nil` when they are not.
  public let clipping: Clipping?

  /// How many gradients make an update, `nil` when each does.
  public let accumulation: GradientAccumulation?

  private let groupOfMember: [ExactName: Int]

  /// Makes an optimizer from its record.
  ///
  /// - Parameters:
  ///   - record: Kind, hyper-parameters and groups.
  ///   - convention: The arithmetic's family, `nil` for the record's own.
  /// - Throws: `StateError` with code `invalidArgument` when the kind is unknown, a key is none of
  ///   the kind's, a value makes no sense, a variable is in two groups, or the rule does not exist
  ///   in the convention; the message lists what there is.
  public init(_ record: OptimizerRecord, convention: Convention? = nil) throws {
    let kind = try Self.kind(of: record)
    let arithmetic = try Arithmetic.resolve(record, convention: convention)
    guard kind.exists(in: arithmetic) else {
      let form = arithmetic.isOptax ? arithmetic.rawValue : arithmetic.convention.rawValue
      throw StateError(
        .invalidArgument,
        "optimizer '\(record.kind)' has no \(form) form",
        expected: kind.onlyConvention?.rawValue ?? "tensorflow or pytorch"
      )
    }
    self.kind = kind
    self.arithmetic = arithmetic
    let settings = try Settings(kind, record.hyperparameters, arithmetic)
    clipping = settings.clipping
    accumulation = settings.accumulation
    self.record = OptimizerRecord(
      kind: record.kind,
      hyperparameters: settings.resolved,
      groups: record.groups
    )
    var groupOfMember: [ExactName: Int] = [:]
    for (index, group) in record.groups.enumerated() {
      try Self.checkIsOneTransformation(group, arithmetic)
      _ = try Self.settings(of: group, in: self.record, arithmetic)
      for member in group.members
      where groupOfMember.updateValue(index, forKey: ExactName(member)) != nil {
        throw StateError(.invalidArgument, "the variable is in two groups", tensor: member)
      }
    }
    self.groupOfMember = groupOfMember
  }

  /// What holds for the members of a group, or for the variables in none.
  private static func settings(
    of group: ParameterGroup?,
    in record: OptimizerRecord,
    _ arithmetic: Arithmetic,
    changing change: (inout [String: HyperparameterValue]) throws -> Void = { _ in }
  ) throws -> Settings {
    var values = group?.overrides ?? [:]
    var kind = try kind(of: record)
    if let own = group?.kind {
      kind = try self.kind(of: OptimizerRecord(kind: own))
      if let only = kind.onlyConvention, only != arithmetic.convention {
        throw StateError(
          .invalidArgument,
          "the group's optimizer '\(own)' has no \(arithmetic.convention.rawValue) form",
          expected: only.rawValue
        )
      }
    } else {
      values.merge(record.hyperparameters) { own, _ in own }
    }
    try change(&values)
    return try Settings(kind, values, arithmetic)
  }

  /// Throws where a group would be a transformation of its own in optax, whose arithmetic depends on how many arrays
  /// each of them has.
  private static func checkIsOneTransformation(
    _ group: ParameterGroup,
    _ arithmetic: Arithmetic
  ) throws {
    let others = group.overrides.keys.filter { $0 != "weight_decay" }.sorted()
    guard arithmetic.isOptax, let other = group.kind.map({ _ in "kind" }) ?? others.first else {
      return
    }
    throw StateError(
      .invalidArgument,
      "a group has its own '\(other)', which \(arithmetic.rawValue) does not reproduce",
      expected: "weight_decay alone"
    )
  }

  private func settings(of variable: String) throws -> Settings {
    try Self.settings(of: group(of: variable).map { record.groups[$0] }, in: record, arithmetic)
  }

  /// The record's kind.
  static func kind(of record: OptimizerRecord) throws -> RuleKind {
    guard let kind = record.rule else {
      let isKnown = OptimizerCatalog.description(of: record.kind) != nil
      throw StateError(
        isKnown ? .unsupported : .invalidArgument,
        isKnown
          ? "the updates of '\(record.kind)' are not computed"
          : "there is no optimizer '\(record.kind)'",
        expected: RuleKind.allCases.map(\.rawValue).joined(separator: ", ")
      )
    }
    return kind
  }

  /// The group that a variable is in.
  ///
  /// - Parameter variable: The variable's name.
  /// - Returns: The group's index in the record, `nil` for a variable in none.
  public func group(of variable: String) -> Int? { groupOfMember[ExactName(variable)] }

  /// The rate that a variable's group has of its own, `nil` where the record's or the schedule's
  /// holds.
  ///
  /// - Parameter variable: The variable's name.
  /// - Returns: The rate.
  public func ownLearningRate(of variable: String) -> Double? {
    group(of: variable).flatMap { record.groups[$0].overrides["learning_rate"]?.number }
  }

  /// Whether the record's patterns spare a variable weight decay, whatever its group says.
  ///
  /// - Parameter variable: The variable's name.
  /// - Returns: Whether they do.
  /// - Throws: `StateError` with code `invalidArgument` when a pattern is no regular expression.
  public func isSparedDecay(_ variable: String) throws -> Bool {
    let group = group(of: variable).map { record.groups[$0] }.flatMap { $0.kind == nil ? nil : $0 }
    let settings = try Self.settings(of: group, in: record, arithmetic)
    return try settings.exclusions.excludesFromDecay(variable)
  }

  /// Makes an optimizer for questions that no arithmetic changes: whether a record makes sense, which slots there are, which
  /// names are spared.
  package init(inAnyArithmetic record: OptimizerRecord) throws {
    let isNamed = record.hyperparameters["arithmetic"] != nil
    let only = try Self.kind(of: record).onlyConvention
    try self.init(record, convention: only ?? (isNamed ? nil : .tensorflow))
  }

  /// The optimizer as it is after an update, where updates change its hyper-parameters, as those of schedule-free
  /// optimizers do.
  ///
  /// - Parameters:
  ///   - step: Number of the update, counted from 1.
  ///   - learningRate: The update's rate, of a group or of the variables in none; `nil` for the record's.
  /// - Returns: The optimizer with the next hyper-parameters, `nil` where they stay as they are.
  /// - Throws: `StateError` with code `invalidArgument` when the step is not positive.
  public func advanced(
    pastUpdate step: Int64,
    learningRate: (_ group: Int?) throws -> Double?
  ) throws -> Optimizer? {
    func next(_ group: Int?) throws -> [String: HyperparameterValue] {
      let settings = try Self.settings(of: group.map { record.groups[$0] }, in: record, arithmetic)
      let context = try StepContext(step: step, learningRate: learningRate(group))
      return settings.rule.nextHyperparameters(context)
    }
    var advanced = record
    let shared = try next(nil)
    let own = try record.groups.indices.map { try next($0) }
    if shared.isEmpty, own.allSatisfy(\.isEmpty) { return nil }
    advanced.hyperparameters.merge(shared) { $1 }
    for (index, values) in own.enumerated() {
      advanced.groups[index].overrides.merge(values) { $1 }
    }
    return try Optimizer(advanced)
  }

  /// How a variable is updated.
  ///
  /// - Parameters:
  ///   - name: The variable's name, which groups and patterns go by.
  ///   - shape: Its shape.
  ///   - types: Types of parameters, gradients and slots.
  /// - Returns: The plan.
  /// - Throws: `StateError` with code `invalidArgument` when a pattern is no regular expression, or the arithmetic does not
  ///   exist in the types.
  public func plan(
    for name: String,
    shape: Shape,
    types: UpdateTypes
  ) throws -> VariablePlan {
    let isSingle = [types.parameter, types.gradient, types.slots].allSatisfy { $0 == .float32 }
    guard isSingle || !arithmetic.isOptax else {
      throw StateError(
        .invalidArgument,
        "\(arithmetic.rawValue) is not known bit for bit in other types than float32",
        tensor: name
      )
    }
    let exclusions = try settings(of: name).exclusions
    let group = group(of: name).map { record.groups[$0] }
    let own = try Self.settings(of: group, in: record, arithmetic) { values in
      if try exclusions.excludesFromDecay(name) { values["weight_decay"] = .double(0) }
      if try exclusions.excludesFromAdaptation(name) { values["layer_adaptation"] = .bool(false) }
    }
    return VariablePlan(
      name: name,
      shape: shape,
      types: types,
      rule: own.rule,
      regularization: own.regularization,
      lookahead: own.lookahead,
      average: own.average
    )
  }
}
