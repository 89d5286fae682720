internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Pairs an optimizer's tensors with variables by the order that the optimizer is known to keep.
struct OrderPairing {
  private let owners: [SlotOwner]
  private let family: KerasFamily
  private let kind: String?
  private let config: OptimizerConfig?
  private let given: OptimizerRecord?

  /// An order that a list fits.
  private struct Fit {
    let items: [SlotLayout.Item]
    let kind: String
    let settings: Set<String>
  }

  /// Where a list and the order that comes closest part ways.
  private struct Divergence {
    let place: Int
    let count: Int
    let expected: SlotLayout.Item?
  }

  /// Prepares to pair.
  ///
  /// - Parameters:
  ///   - owners: The model's variables in its order.
  ///   - family: Whose implementation it is.
  ///   - kind: The rule, `nil` where the file does not tell.
  ///   - config: The optimizer's configuration, where the file has one.
  ///   - given: The optimizer as the caller knows it, for a file without one.
  init(
    _ owners: [SlotOwner],
    _ family: KerasFamily,
    kind: String?,
    config: OptimizerConfig?,
    given: OptimizerRecord? = nil
  ) {
    self.owners = owners
    self.family = family
    self.kind = kind
    self.config = config
    self.given = config == nil ? given : nil
  }

  /// The pairs.
  ///
  /// - Parameter tensors: The tensors behind the step counter, in order.
  /// - Returns: The pairs.
  /// - Throws: `StateError` with code `malformed` when no order that is known fits, `unsupported` when
  ///   several do and would pair differently.
  func pairs(_ tensors: [StateTensor]) throws -> OptimizerTensors {
    let trained = owners.indices.filter { owners[$0].isTrainable }
    var fitting: [Fit] = []
    var nearest: Divergence?
    for kind in kind.map({ [$0] }) ?? OptimizerCatalog.all.map(\.kind) {
      for layout in SlotLayout.known(kind, family) where agrees(layout) {
        let items = try SlotLayout.items(of: layout.sections, for: trained, of: owners)
        let same = zip(items, tensors).prefix { $0.shape == $1.tensor.shape }.count
        if same == items.count, same == tensors.count {
          if !fitting.contains(where: { $0.items == items && $0.kind == kind }) {
            fitting.append(Fit(items: items, kind: kind, settings: layout.settings))
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
    // Shapes alone do not tell a moving average of the weights from a momentum: whoever ran it does.
    if let given, fitting.count > 1 {
      let meant = fitting.filter { agrees($0, given) }
      if !meant.isEmpty { fitting = meant }
    }
    if fitting.isEmpty, let pairs = unknownList(tensors)?.pairs(trained, of: owners) {
      return pairs
    }
    guard let first = fitting.first else { throw refusal(nearest, tensors, trained.count) }
    let paired = pair(first.items, tensors)
    // Several may fit: what they agree on is true of any.
    let others = fitting.dropFirst().map { pair($0.items, tensors) }
    if others.allSatisfy({ $0.names == paired.names && $0.owners == paired.owners }) {
      return paired
    }
    guard others.allSatisfy({ $0.owners == paired.owners }) else {
      throw StateError(
        .unsupported,
        "the optimizer's tensors fit several orders, and nothing says which rule keeps them",
        found: "\(tensors.count) tensors for \(trained.count) variables",
        remedy: config == nil && family != .multiBackend
          ? "pass --optimizer with the settings that the run had" : nil
      )
    }
    return paired.numbered(against: others, owners)
  }

  /// What a list shows of the variables' order, by each order of slots that it can be in.
  ///
  /// - Parameter tensors: The tensors behind the step counter, in order.
  /// - Returns: The patterns; none where the list is in no order that is known.
  func patterns(_ tensors: [StateTensor]) -> [ListPattern] {
    var found: [ListPattern] = []
    for kind in kind.map({ [$0] }) ?? OptimizerCatalog.all.map(\.kind) {
      for arrangement in SlotLayout.known(kind, family) where agrees(arrangement) {
        for pattern in ListPattern.all(of: tensors, by: arrangement.sections)
        where !found.contains(pattern) {
          found.append(pattern)
        }
      }
    }
    return found
  }

  /// What a list shows of the variables' order if its optimizer is in no entry.
  ///
  /// - Parameter tensors: The tensors behind the step counter, in order.
  /// - Returns: The patterns; none where the rule is an entry.
  func unknownPatterns(_ tensors: [StateTensor]) -> [ListPattern] {
    unknownList(tensors)?.patterns ?? []
  }

  /// The list as that of an optimizer of somebody's own, `nil` where the rule is an entry.
  private func unknownList(_ tensors: [StateTensor]) -> UnknownList? {
    guard kind.flatMap({ OptimizerCatalog.description(of: $0) }) == nil else { return nil }
    return UnknownList(
      tensors,
      hasRate: family == .keras3 && config?.hasScheduleObject != true,
      hasScalarOwners: owners.contains { $0.isTrainable && $0.shape.rank == 0 }
    )
  }

  /// Whether an order fits further than another, or as far and in a length that is closer.
  private func isNearer(_ same: Int, _ count: Int, _ other: Divergence?, _ length: Int) -> Bool {
    guard let other, same <= other.place else { return true }
    return same == other.place && abs(count - length) < abs(other.count - length)
  }

  /// Whether an arrangement has the optional parts that the configuration asks for; what that does not
  /// mention may be either way.
  private func agrees(_ arrangement: DialectRow.Arrangement) -> Bool {
    guard let config else { return true }
    let values = config.values
    var wanted: [String: Bool] = [:]
    for flag in ["amsgrad", "centered"] where values[flag] != nil {
      wanted[flag] = config.flag(flag)
    }
    if let momentum = values["momentum"]?.number, family.hasOptionalMomentum(kind) {
      wanted["momentum"] = momentum != 0
    }
    if family == .current || family == .keras3 {
      wanted["ema_decay"] = config.flag("use_ema")
      wanted["accumulation_steps"] = values["gradient_accumulation_steps"]?.number != nil
      wanted[OptimizerCatalog.scheduleSetting] = config.hasScheduleObject && family == .keras3
    }
    return wanted.allSatisfy { arrangement.settings.contains($0.key) == $0.value }
  }

  /// Whether a reading is of the rule and has the optional parts that a record asks for.
  private func agrees(_ fit: Fit, _ record: OptimizerRecord) -> Bool {
    let values = record.hyperparameters
    func isOn(_ key: String) -> Bool { values[key] == .bool(true) }
    func number(_ key: String) -> Double { values[key]?.number ?? 0 }
    func kin(_ kind: String) -> String { OptimizerCatalog.description(of: kind)?.family ?? kind }
    guard kin(fit.kind) == kin(record.kind) else { return false }
    let settings = fit.settings
    let hasMomentum = number("momentum") != 0
    if family.hasOptionalMomentum(fit.kind), settings.contains("momentum") != hasMomentum {
      return false
    }
    return settings.contains("amsgrad") == isOn("amsgrad")
      && settings.contains("centered") == isOn("centered")
      && settings.contains("ema_decay") == (number("ema_decay") != 0)
      && settings.contains("accumulation_steps") == (number("accumulation_steps") > 1)
  }

  private func pair(
    _ items: [SlotLayout.Item],
    _ tensors: [StateTensor]
  ) -> OptimizerTensors {
    var result = OptimizerTensors()
    for (item, tensor) in zip(items, tensors) {
      switch item {
      case .scalar(let name): result.add(tensor, asScalar: name)
      case .placeholder: result.placeholders.append(tensor)
      case .slot(let slot, let place, _):
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
