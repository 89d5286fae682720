internal import Tensors
internal import TrainingState

/// Pairs an optimizer's tensors with variables by the order that the optimizer is known to keep.
struct OrderPairing {
  private let owners: [SlotOwner]
  private let family: KerasFamily
  private let kind: String?
  private let config: OptimizerConfig?

  /// Where a list and the order that comes closest part ways.
  private struct Divergence {
    let place: Int
    let count: Int
    let expected: SlotLayout.Item?
  }

  init(
    _ owners: [SlotOwner],
    _ family: KerasFamily,
    kind: String?,
    config: OptimizerConfig?
  ) {
    self.owners = owners
    self.family = family
    self.kind = kind
    self.config = config
  }

  /// The pairs.
  ///
  /// - Parameter tensors: The tensors behind the step counter, in order.
  /// - Returns: The pairs.
  /// - Throws: `StateError` with code `malformed` when no order that is known fits, or when several do
  ///   and would pair differently.
  func pairs(_ tensors: [StateTensor]) throws -> OptimizerTensors {
    let trained = owners.indices.filter { owners[$0].isTrainable }
    var fitting: [(items: [SlotLayout.Item], kind: String, isPlain: Bool)] = []
    var nearest: Divergence?
    for kind in kind.map({ [$0] }) ?? SlotLayout.kinds {
      for layout in SlotLayout.known(kind, family) where agrees(layout) {
        let items = try layout.items(for: trained, of: owners, family)
        let same = zip(items, tensors).prefix { $0.shape == $1.tensor.shape }.count
        if same == items.count, same == tensors.count {
          if !fitting.contains(where: { $0.items == items && $0.kind == kind }) {
            let isPlain = !layout.traits.average && !layout.traits.accumulation
            fitting.append((items, kind, isPlain))
          }
        } else if isNearer(same, items.count, nearest, tensors.count) {
          nearest = Divergence(
            place: same,
            count: items.count,
            expected: same < items.count ? items[same] : nil
          )
        }
      }
    }
    // Without a configuration the plainest reading counts: what a rule keeps for every optimizer, a
    // moving average of the weights or a sum of gradients, is seen where nothing else fits.
    if config == nil, kind != nil, let plain = fitting.first(where: { $0.isPlain }) {
      fitting = [plain]
    }
    guard let first = fitting.first else { throw refusal(nearest, tensors, trained.count) }
    let paired = pair(first.items, tensors, first.kind)
    // Where the rule is unknown, several may fit: what they agree on is true of any.
    let others = fitting.dropFirst().map { pair($0.items, tensors, $0.kind) }
    if others.allSatisfy({ $0.names == paired.names && $0.owners == paired.owners }) {
      return paired
    }
    guard others.allSatisfy({ $0.owners == paired.owners }) else {
      throw StateError(
        .unsupported,
        "the optimizer's tensors fit several orders, and nothing says which rule keeps them",
        found: "\(tensors.count) tensors for \(trained.count) variables"
      )
    }
    return paired.numbered(owners)
  }

  /// Whether an order fits further than another, or as far and in a length that is closer.
  private func isNearer(_ same: Int, _ count: Int, _ other: Divergence?, _ length: Int) -> Bool {
    guard let other, same <= other.place else { return true }
    return same == other.place && abs(count - length) < abs(other.count - length)
  }

  /// Whether a layout has the optional parts that the configuration asks for.
  private func agrees(_ layout: SlotLayout) -> Bool {
    guard let config else { return true }
    let traits = layout.traits
    let values = config.values
    let accumulates = values["gradient_accumulation_steps"]?.number != nil
    if family == .current || family == .keras3 {
      guard traits.average == config.flag("use_ema"), traits.accumulation == accumulates else {
        return false
      }
      if family == .keras3 {
        let hasRate = layout.sections.first == .scalar("learning_rate")
        guard hasRate != config.hasScheduleObject else { return false }
      }
    }
    if values["amsgrad"] != nil, traits.amsgrad != config.flag("amsgrad") { return false }
    if values["centered"] != nil, traits.centered != config.flag("centered") { return false }
    if let momentum = values["momentum"]?.number, config.hasOptionalMomentum(family) {
      return traits.momentum == (momentum != 0)
    }
    return true
  }

  private func pair(
    _ items: [SlotLayout.Item],
    _ tensors: [StateTensor],
    _ kind: String
  ) -> OptimizerTensors {
    var result = OptimizerTensors()
    for (item, tensor) in zip(items, tensors) {
      switch item {
      case .scalar(let name):
        var named = tensor
        if Int(KerasNames.components(tensor.name).last ?? "") != nil {
          named.name = "optimizer/\(name)"
        }
        result.scalars.append(named)
      case .placeholder: result.placeholders.append(tensor)
      case .slot(let word, let place, _):
        let slot = SlotWords.slot(word, kind: kind)
        result.add(tensor, as: slot, of: owners[place], at: place)
      }
    }
    return result
  }

  private func refusal(
    _ nearest: Divergence?,
    _ tensors: [StateTensor],
    _ variables: Int
  ) -> StateError {
    let rule = config?.className ?? kind ?? "an unknown rule"
    guard let nearest else {
      return StateError(
        .unsupported,
        "the order of \(rule)'s variables is not known, and their names do not tell it",
        found: "\(tensors.count) tensors for \(variables) variables"
      )
    }
    var place = "the end of the list"
    if case .slot(_, let owner, _) = nearest.expected { place = "'\(owners[owner].name)'" }
    if nearest.place >= nearest.count, let last = tensors.dropFirst(nearest.place).first {
      place = "'\(last.name)', which is one too many"
    }
    return StateError(
      .malformed,
      "the optimizer's tensors fit no order that \(rule) keeps them in: they part at \(place)",
      tensor: nearest.place < tensors.count ? tensors[nearest.place].name : nil,
      expected: "\(nearest.count) tensors for \(variables) variables",
      found: "\(tensors.count)",
      remedy: config == nil && family != .multiBackend
        ? "frozen layers, which have no slots, are named in a .keras archive and nowhere else" : nil
    )
  }
}
