internal import OptimizerCatalog
public import Tensors

/// What a training state knows of its optimizer: the kind of rule and its hyper-parameters.
///
/// A record is data and does no arithmetic; an ``Optimizer`` is built from it.
public struct OptimizerRecord: Sendable, Hashable {
  /// The rule's kind, a raw value of ``RuleKind`` where this library has the rule.
  public var kind: String

  /// Hyper-parameters by name; what is absent has the framework's default.
  public var hyperparameters: [String: HyperparameterValue]

  /// Groups with hyper-parameters of their own; a variable is in one of them at most.
  public var groups: [ParameterGroup]

  /// Describes an optimizer.
  ///
  /// - Parameters:
  ///   - kind: The rule's kind.
  ///   - hyperparameters: Hyper-parameters by name.
  ///   - groups: Groups with hyper-parameters of their own.
  public init(
    kind: String,
    hyperparameters: [String: HyperparameterValue] = [:],
    groups: [ParameterGroup] = []
  ) {
    self.kind = kind
    self.hyperparameters = hyperparameters
    self.groups = groups
  }

  /// Reads a record from a spec such as `adamw:learning_rate=0.001,weight_decay=0.01`.
  ///
  /// The spec is `kind` or `kind:key=value,key=value`; a value is `true`, `false`, a number, a word,
  /// a text in double quotes (with `\"` and `\\` inside) or a list in brackets such as `[a;b]`.
  ///
  /// - Parameter spec: The text.
  /// - Throws: `StateError` with code `invalidArgument` when the text is no spec, the kind is
  ///   unknown or a key is none of the kind's; the message lists what there is.
  public init(spec: String) throws {
    let (kind, hyperparameters) = try SpecText.parse(spec)
    self.init(kind: kind, hyperparameters: hyperparameters)
    try check()
  }
}

extension OptimizerRecord {
  /// The hyper-parameter that names a library whose optimizer it is.
  package static let libraryKey = "library"

  /// The library whose optimizer it is, `nil` for a framework's own.
  package var library: String? { hyperparameters[Self.libraryKey]?.word }

  /// Whether timm's Lookahead is around it, which has counted updates.
  package var isInLookahead: Bool {
    library == Dialect.timm.rawValue && hyperparameters["lookahead_count"] != nil
  }

  /// The rule that computes its updates, `nil` where none does: a library's optimizer has an arithmetic of its own.
  package var rule: RuleKind? { library == nil ? RuleKind(rawValue: kind) : nil }

  /// Refuses a record that came with a state and of which no optimizer can be made, in whatever
  /// arithmetic.
  ///
  /// - Throws: `StateError` with code `malformed`.
  package func checkRecorded() throws {
    try StateError.blamingData { try check() }
  }

  /// Refuses a record of which no optimizer can be made, in whatever arithmetic, unless it is of one that is known and
  /// not computed.
  ///
  /// - Throws: `StateError` with code `invalidArgument`; the message lists what there is.
  package func check() throws {
    guard rule == nil, OptimizerCatalog.description(of: kind) != nil else {
      _ = try Optimizer(inAnyArithmetic: self)
      return
    }
    for values in [hyperparameters] + groups.map(\.overrides) { try checkKnown(values) }
  }

  /// Checks values of an optimizer that is known by what it keeps alone: no rule says which hyper-parameters it has.
  private func checkKnown(_ values: [String: HyperparameterValue]) throws {
    var reader = RecordReader(
      "optimizer '\(kind)'",
      values,
      ranges: { SettingDescription.of($0)?.range }
    )
    for key in values.keys.sorted() {
      switch SettingDescription.of(key)?.domain {
      case .number: _ = try reader.optionalNumber(key)
      case .count(let least): _ = try reader.count(key, atLeast: least)
      case .flag: _ = try reader.flag(key, default: false)
      case .choice, .words, .numbers: reader.allow(key)
      case nil: break
      }
    }
    try reader.finish()
  }
}

extension OptimizerRecord: CustomStringConvertible {
  /// The spec of kind and hyper-parameters, keys in alphabetical order; groups are left out.
  public var description: String { SpecText.print(kind, hyperparameters) }
}
