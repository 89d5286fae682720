import OptimizerCatalog
import Tensors

/// Everything that a record's values say, for one group.
struct Settings {
  let rule: any UpdateRule
  let exclusions: Exclusions
  let regularization: Regularization
  let clipping: Clipping?
  let accumulation: GradientAccumulation?
  let lookahead: Lookahead?
  let average: WeightAverage?
  /// The values with every default filled in.
  let resolved: [String: HyperparameterValue]
  /// Every key that there is.
  let keys: Set<String>
  /// The words that a key may have, of those that have one of several.
  let choices: [String: [String]]

  init(
    _ kind: RuleKind,
    _ values: [String: HyperparameterValue],
    _ arithmetic: Arithmetic
  ) throws {
    var values = values
    values["arithmetic"] = .string(arithmetic.rawValue)
    var reader = RecordReader(
      "optimizer '\(kind.rawValue)'",
      values,
      arithmetic: arithmetic,
      ranges: { SettingDescription.of($0)?.range }
    )
    reader.allow("arithmetic")
    if arithmetic == .pytorchMKL {
      _ = try reader.choice("square_root", default: MKLRoot.ofProcessor)
    }
    rule = try kind.rule(from: &reader)
    exclusions = try Exclusions(kind, from: &reader)
    regularization = try Regularization(from: &reader)
    clipping = try Clipping(from: &reader)
    accumulation = try GradientAccumulation(from: &reader)
    lookahead = try Lookahead(from: &reader)
    average = try WeightAverage(from: &reader)
    let isAlone =
      clipping == nil && accumulation == nil && lookahead == nil && average == nil
      && regularization.isNone
    guard isAlone || !arithmetic.isOptax else {
      throw StateError(
        .invalidArgument,
        "what optax does around an update is not known bit for bit",
        expected: "the update alone",
        remedy: "record the gradients as they come to it, behind clipping and the like"
      )
    }
    try reader.finish()
    resolved = reader.resolved
    keys = reader.keys
    choices = reader.choices
  }
}
