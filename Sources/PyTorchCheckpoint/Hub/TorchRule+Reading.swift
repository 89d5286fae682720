internal import OptimizerCore
internal import Tensors
internal import TorchContainer

extension TorchRule {
  /// The record that groups of settings make.
  ///
  /// - Parameters:
  ///   - groups: The groups' settings.
  ///   - members: The names of each group's variables.
  ///   - number: Reads a number that is kept as a tensor.
  /// - Returns: The record, `nil` where the settings do not say which optimizer they are of: the
  ///   Adam and AdamW of before 2.6 differ in nothing but what they do with a weight decay.
  /// - Throws: What reading a number throws.
  func record(
    _ groups: [PickleValue],
    _ members: [[String]],
    number: (PickleValue) throws -> Double?
  ) throws -> OptimizerRecord? {
    let values = Self.withBothDecays(try groups.map { try hyperparameters($0, number) })
    guard let first = values.first else { return nil }
    var kind = self.kind
    if kind == "adam" {
      let decays = groups.contains { ($0["weight_decay"]?.number ?? 0) != 0 }
      let isOfTransformers = groups[0]["correct_bias"] != nil
      let decoupled = groups[0]["decoupled_weight_decay"]?.bool
      if decoupled == true || isOfTransformers { kind = "adamw" }
      if decoupled == nil, !isOfTransformers, decays { return nil }
    }
    let overrides = values.map { own in own.filter { first[$0.key] != $0.value } }
    let parts = zip(overrides, members).map { ParameterGroup(overrides: $0, members: $1) }
    return OptimizerRecord(
      kind: kind,
      hyperparameters: first,
      groups: groups.count > 1 ? parts : []
    )
  }

  /// Where groups decay in different ways, each has the other's at zero: it would inherit it otherwise.
  private static func withBothDecays(
    _ groups: [[String: HyperparameterValue]]
  ) -> [[String: HyperparameterValue]] {
    let keys = ["weight_decay", "l2"]
    guard keys.allSatisfy({ key in groups.contains { $0[key] != nil } }) else { return groups }
    let none = Dictionary(uniqueKeysWithValues: keys.map { ($0, HyperparameterValue.double(0)) })
    return groups.map { $0.merging(none) { own, _ in own } }
  }

  /// A group's settings in the words of the core.
  func hyperparameters(
    _ group: PickleValue,
    _ number: (PickleValue) throws -> Double?
  ) throws -> [String: HyperparameterValue] {
    var values: [String: HyperparameterValue] = [:]
    for (key, field) in fields {
      guard let value = group[key] else { continue }
      switch field {
      case .number(let name): values[name] = try number(value).map { .double($0) }
      case .negative(let name): values[name] = try number(value).map { .double(-$0) }
      case .flag(let name): values[name] = value.bool.map { .bool($0) }
      case .betas:
        guard let betas = value.elements, betas.count == 2 else { continue }
        values["beta1"] = try number(betas[0]).map { .double($0) }
        values["beta2"] = try number(betas[1]).map { .double($0) }
      case .epsilons:
        guard let epsilons = value.elements, epsilons.count == 2 else { continue }
        values["epsilon1"] = try number(epsilons[0]).map { .double($0) }
        values["epsilon2"] = try number(epsilons[1]).map { .double($0) }
      case .decay:
        values[isOwnDecay(group) ? "weight_decay" : "l2"] = try number(value).map { .double($0) }
      case .pair(let first, let second):
        guard let pair = value.elements, pair.count == 2 else { continue }
        values[first] = try number(pair[0]).map { .double($0) }
        values[second] = try number(pair[1]).map { .double($0) }
      case .bound(let name): values[name] = try number(value).map { .double(max($0, 0)) }
      case .foreach: if value.bool == true { values["foreach"] = .bool(true) }
      case .count(let name):
        values[name] = try number(value).flatMap { Int64(exactly: $0) }.map { .int($0) }
      case .fused, .decoupled, .off, .unset: continue
      }
    }
    if group["correct_bias"]?.bool == false { values["bias_correction"] = .string("none") }
    // Groups alone say what decays.
    if kind == "bert_adamw" { values["exclude_from_weight_decay"] = .strings([]) }
    let isFused = group["fused"]?.bool == true
    // bitsandbytes' kernels round in their own order.
    if kind != Self.bitsandbytesAdamW.kind {
      values["arithmetic"] = .string(isFused ? "pytorch_fused" : "pytorch")
    }
    return values
  }

  /// Whether a group's weight decay is one of its own, and no penalty in the gradient.
  func isOwnDecay(_ group: PickleValue) -> Bool {
    let own = ["adafactor", "bert_adamw", "schedule_free_adamw", Self.bitsandbytesAdamW.kind]
    if own.contains(kind) || group["correct_bias"] != nil { return true }
    return group["decoupled_weight_decay"]?.bool == true
  }
}
