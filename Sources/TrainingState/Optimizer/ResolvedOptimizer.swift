public import OptimizerCatalog
public import OptimizerCore
public import Tensors

/// A state's optimizer as every tool sees it: each value with where it comes from.
///
/// It alone answers which arithmetic applies, what a variable's hyper-parameters are, whether a variable decays, whether the
/// bias of moments is corrected, and what the powers of beta tell.
public struct ResolvedOptimizer: Sendable {
  /// What the state, or whoever speaks for it, says of its optimizer.
  public let record: OptimizerRecord?

  /// Whose arithmetic applies, `nil` without a record.
  public let arithmetic: Resolved<Arithmetic>?

  /// What the powers of beta tell, `nil` where the state has none that tell anything.
  public let powers: BetaPowers.Reading?

  private let outcome: Result<Optimizer, any Error>?
  private let shared: [String: HyperparameterValue]
  private let groups: [ExactName: ParameterGroup]
  private let told: [BetaPowerName.Base: Double]
  private let proved: [BetaPowerName.Base: Double]

  /// Resolves the optimizer of a state; of tensors only powers of beta are read.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - betas: Decays that the user gives.
  ///   - target: The framework for which the optimizer is resolved, whose defaults count where the record names no
  ///     arithmetic; `nil` for the one that the state is from.
  /// - Throws: `StateError` with code `invalidArgument` for a decay that makes no sense, or what reading throws.
  public init(
    _ state: TrainingState,
    betas: (beta1: Double?, beta2: Double?) = (nil, nil),
    for target: Convention? = nil
  ) throws {
    var told: [BetaPowerName.Base: Double] = [:]
    for (base, beta) in [(BetaPowerName.Base.beta1, betas.beta1), (.beta2, betas.beta2)] {
      guard let beta else { continue }
      guard (0..<1).contains(beta) else {
        throw StateError(
          .invalidArgument,
          "\(base.rawValue) is \(beta)",
          expected: "a number from 0 to less than 1"
        )
      }
      told[base] = beta
    }
    self.told = told
    let tensors = BetaPowers(state.optimizerTensors)
    powers = try tensors.reading(state.optimizerTensors, globalStep: state.globalStep?.value)
    var proved: [BetaPowerName.Base: Double] = [:]
    for base in BetaPowerName.Base.allCases {
      if let step = state.globalStep?.value {
        proved[base] = try tensors.base(base, in: state.optimizerTensors, step: step)
      }
      proved[base] = proved[base] ?? powers?[base]
    }
    self.proved = proved
    record = state.optimizer
    let arithmetic = state.optimizer.map {
      Self.arithmetic(of: $0, from: state.origin, for: target)
    }
    self.arithmetic = arithmetic
    outcome = state.optimizer.flatMap { record in
      guard record.rule != nil else { return nil }
      let isNamed = record.hyperparameters["arithmetic"] != nil
      return Result {
        try Optimizer(record, convention: isNamed ? nil : arithmetic?.value.convention)
      }
    }
    let defaults = (try? outcome?.get())?.record.hyperparameters ?? [:]
    shared = (state.optimizer?.hyperparameters ?? [:]).merging(defaults) { own, _ in own }
    var groups: [ExactName: ParameterGroup] = [:]
    for group in state.optimizer?.groups ?? [] where !group.overrides.isEmpty || group.kind != nil {
      for member in group.members { groups[ExactName(member)] = group }
    }
    self.groups = groups
  }

  private static func arithmetic(
    of record: OptimizerRecord,
    from origin: Origin,
    for target: Convention?
  ) -> Resolved<Arithmetic> {
    if let word = record.hyperparameters["arithmetic"]?.word, let own = Arithmetic(rawValue: word) {
      return Resolved(own, .said)
    }
    if let only = record.rule?.onlyConvention ?? target {
      return Resolved(only.plainArithmetic, .standard)
    }
    return switch origin.framework {
    case .tensorFlow: Resolved(.tensorflow, .standard)
    case .keras, .optstate: Resolved(.tensorflow, .assumed)
    case .pytorch, .jax, .unknown: Resolved(Convention.pytorch.plainArithmetic, .assumed)
    }
  }

  /// The rule with every default filled in, `nil` where this library has no rule of the kind or the record is none of its.
  public var optimizer: Optimizer? { try? outcome?.get() }

  /// The rule with every default filled in, `nil` where this library has no rule of the kind.
  ///
  /// - Returns: The rule.
  /// - Throws: `StateError` with code `malformed` when the record is none of the kind's.
  public func checkedOptimizer() throws -> Optimizer? {
    try StateError.blamingData { try outcome?.get() }
  }

  /// The kind of rule that a variable is updated by: its group's, else the record's.
  ///
  /// - Parameter variable: The variable's name, empty for one in no group.
  /// - Returns: The kind, `nil` without a record.
  public func kind(for variable: String) -> String? {
    groups[ExactName(variable)]?.kind ?? record?.kind
  }

  /// A variable's hyper-parameter: its group's, else the record's, else the rule's default.
  ///
  /// - Parameters:
  ///   - key: The record's word for it.
  ///   - variable: The variable's name, empty for one in no group.
  /// - Returns: The value, `nil` where nobody says it.
  public func value(_ key: String, for variable: String) -> Resolved<HyperparameterValue>? {
    let group = groups[ExactName(variable)]
    if let own = group?.overrides[key] { return Resolved(own, .said) }
    if let kind = group?.kind {
      guard let arithmetic, let group else { return nil }
      let record = OptimizerRecord(kind: kind, hyperparameters: group.overrides)
      let own = try? Optimizer(record, convention: arithmetic.value.convention)
      return own?.record.hyperparameters[key].map { Resolved($0, .standard) }
    }
    if let own = record?.hyperparameters[key] { return Resolved(own, .said) }
    return shared[key].map { Resolved($0, .standard) }
  }

  /// Whether the bias of moments is corrected, `nil` where that is not known.
  public var correctsBias: Bool? {
    switch record.flatMap({ OptimizerCatalog.description(of: $0.kind) })?.biasCorrection {
    case .recorded: shared["bias_correction"]?.word.map { $0 != "none" }
    case .always: true
    case .never: false
    case .inapplicable, nil: nil
    }
  }

  /// Whether the record's patterns spare a variable weight decay.
  ///
  /// - Parameter variable: The variable's name.
  /// - Returns: Whether they do; a rule that is not known spares none.
  /// - Throws: `StateError` when a pattern is no regular expression.
  public func isSparedDecay(_ variable: String) throws -> Bool {
    try optimizer?.isSparedDecay(variable) ?? false
  }

  /// Whether the rule multiplies every update by the correction of the first.
  public var hasFrozenCorrection: Bool {
    record?.kind == RuleKind.bertAdamW.rawValue
      && shared["bias_correction"]?.word == BERTAdamW.BiasCorrection.frozen.rawValue
  }

  /// The decay of a variable's moment: what the user or the record says, what powers of beta prove, the rule's default,
  /// else the usual one.
  ///
  /// - Parameters:
  ///   - base: Which moment's.
  ///   - variable: The variable's name, empty for one in no group.
  /// - Returns: The decay.
  public func beta(_ base: BetaPowerName.Base, for variable: String) -> Resolved<Double> {
    if let told = told[base] { return Resolved(told, .told) }
    let recorded = value(base.rawValue, for: variable)
    if let recorded, let number = recorded.value.number, recorded.provenance == .said {
      return Resolved(number, .said)
    }
    if let proved = proved[base] { return Resolved(proved, .proved) }
    if let number = recorded?.value.number { return Resolved(number, .standard) }
    return Resolved(base.usual, .assumed)
  }

  /// The decay of a variable's moment where somebody says it; the usual one is not taken.
  ///
  /// - Parameters:
  ///   - base: Which moment's.
  ///   - variable: The variable's name, empty for one in no group.
  /// - Returns: The decay.
  /// - Throws: `StateError` with code `unsupported` when nobody says it, `malformed` when it makes no sense.
  public func knownBeta(_ base: BetaPowerName.Base, for variable: String) throws -> Double {
    let beta = beta(base, for: variable)
    guard beta.provenance != .assumed else {
      throw StateError(
        .unsupported,
        "the state does not say what \(base.rawValue) is",
        remedy: "pass --beta1 and --beta2, or --optimizer such as bert_adamw"
      )
    }
    guard (0..<1).contains(beta.value) else {
      throw StateError(
        .malformed,
        "the record says that \(base.rawValue) is \(beta.value)",
        expected: "a number from 0 to less than 1"
      )
    }
    return beta.value
  }
}

extension BetaPowerName.Base {
  /// What every framework has for Adam unless told otherwise (Kingma & Ba, 2015, Algorithm 1).
  fileprivate var usual: Double {
    switch self {
    case .beta1: 0.9
    case .beta2: 0.999
    }
  }
}
