internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TorchContainer

extension TorchRule {
  /// A word's value in a group, the framework's own where the record does not say it.
  ///
  /// - Parameters:
  ///   - word: The word.
  ///   - values: The group's settings in the words of the core.
  ///   - decaysApart: Whether a weight decay of the optimizer's is one apart from the gradient.
  ///   - nodes: Makes objects.
  /// - Returns: The value.
  func value(
    _ word: SettingWord,
    _ values: [String: HyperparameterValue],
    decaysApart: Bool,
    _ nodes: TorchNodes
  ) -> PickleValue {
    func number(_ name: String) -> Double? { values[name]?.number ?? word.standard(of: name) }
    switch word.content {
    case .number(let name), .bound(let name), .vector(let name):
      // Python writes momentum=0 and the like as a whole number; a float is as good.
      return number(name).map { .double($0) } ?? .none
    case .negated(let name): return number(name).map { .double(-$0) } ?? .none
    case .count(let name):
      return number(name).flatMap { Int64(exactly: $0) }.map { .int($0) } ?? .none
    case .numbers(let names):
      return .tuple(names.map { number($0).map { .double($0) } ?? .none })
    case .flag(let name):
      if case .bool(let flag)? = values[name] { return .bool(flag) }
      return .bool(word.standard == .flag(true))
    case .list(let name):
      if case .doubles(let numbers)? = values[name] { return .tuple(numbers.map { .double($0) }) }
      guard case .numbers(let numbers) = word.standard else { return .none }
      return .tuple(numbers.map { $0.map { .double($0) } ?? .none })
    case .word(let name):
      if let text = values[name]?.word { return nodes.text(text) }
      return if case .word(let text) = word.standard { nodes.text(text) } else { .none }
    case .switched(let name): return values[name] == .bool(true) ? .bool(true) : .none
    case .decay:
      let own = values["weight_decay"]?.number ?? 0
      return .double(own != 0 ? own : values["l2"]?.number ?? 0)
    case .decoupling:
      // A group that is spared decay is still of an optimizer that would decouple it.
      return .bool(decaysApart && values["l2"]?.number ?? 0 == 0)
    case .correction: return .bool(values["bias_correction"] != .string("none"))
    case .fusing:
      let isFused = values["arithmetic"] == .string(Arithmetic.pytorchFused.rawValue)
      return isFused ? .bool(true) : .none
    case .unrecorded:
      return if case .flag(let flag) = word.standard { .bool(flag) } else { .none }
    }
  }
}
