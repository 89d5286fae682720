internal import OptimizerCore
internal import Tensors
internal import TorchContainer

extension TorchRule {
  /// A field's value in a group, `nil` where the record does not say it.
  func value(
    _ field: Field,
    _ values: [String: HyperparameterValue],
    _ nodes: TorchNodes
  ) -> PickleValue? {
    func number(_ key: String) -> PickleValue? { values[key]?.number.map { .double($0) } }
    switch field {
    case .number(let name), .bound(let name):
      // Python writes momentum=0 and the like as a whole number; a float is as good.
      return number(name)
    case .negative(let name): return values[name]?.number.map { .double(-$0) }
    case .flag(let name):
      guard case .bool(let value)? = values[name] else { return .bool(false) }
      return .bool(value)
    case .betas:
      guard let beta1 = number("beta1"), let beta2 = number("beta2") else { return nil }
      return .tuple([beta1, beta2])
    case .epsilons:
      return .tuple([number("epsilon1") ?? .none, number("epsilon2") ?? .double(1e-3)])
    case .pair(let first, let second):
      guard let first = number(first), let second = number(second) else { return nil }
      return .tuple([first, second])
    case .foreach:
      return values["foreach"] == .bool(true) ? .bool(true) : PickleValue.none
    case .count(let name):
      return values[name]?.number.flatMap { Int64(exactly: $0) }.map { .int($0) }
    case .decay:
      let own = values["weight_decay"]?.number ?? 0
      return .double(own != 0 ? own : values["l2"]?.number ?? 0)
    case .decoupled:
      // A group that is spared decay is still of an optimizer that would decouple it.
      return .bool(values["weight_decay"]?.number != nil && values["l2"]?.number ?? 0 == 0)
    case .fused:
      return values["arithmetic"] == .string("pytorch_fused") ? .bool(true) : PickleValue.none
    case .off: return .bool(false)
    case .unset: return PickleValue.none
    }
  }
}
