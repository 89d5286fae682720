internal import OptimizerCore
internal import Tensors

/// A state whose variables have been given the names of another convention.
public struct Renaming: Sendable {
  /// A variable that was left out because it is the same tensor as another.
  public struct Tied: Sendable {
    /// The tensor left out.
    public let copy: StateTensor
    /// The tensor that stands for both.
    public let original: StateTensor
  }

  /// The state under its new names, in the order of the target's model.
  public private(set) var state: TrainingState

  /// Names that have no counterpart and were kept as they are.
  public private(set) var kept: [String] = []

  /// Names that have no counterpart, need none, and were left out.
  public private(set) var leftOut: [String] = []

  /// Tensors left out as second names of another; whoever writes the state must see that each
  /// equals its original.
  public private(set) var tied: [Tied] = []

  /// Renames the variables of a state, their slots and the members of parameter groups alike.
  ///
  /// Where a map exchanges rows and columns, the slots of the variable's shape turn with it. Weight
  /// decay that patterns tie to names is written down as groups where the new names would change it.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - map: The map and its direction.
  ///   - addsTied: Whether second names of one tensor are added where the target's side has them.
  /// - Throws: `StateError` with code `malformed` when two variables would get one name or a map
  ///   turns what is no matrix.
  public init(_ state: TrainingState, by map: NamingMap.Direction, addsTied: Bool) throws {
    var renamed: [(order: [Int], variable: Variable)] = []
    var extra: [Variable] = []
    var names: [ExactName: String] = [:]
    let chosen = state.chosenOptimizer
    let state = state.whole
    let originals = Dictionary(
      state.variables.map { (ExactName(map.target(of: $0.name)?.name ?? $0.name), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    self.state = state
    for variable in state.variables {
      if let target = map.target(of: variable.name) {
        names[ExactName(variable.name)] = target.name
        let result = try variable.renamed(target)
        renamed.append((target.order, result))
        if addsTied, let value = result.value {
          extra += target.tied.map { Variable($0, value: value.named($0)) }
        }
      } else if let original = map.tiedTarget(of: variable.name) {
        guard let copy = variable.value, let owner = originals[ExactName(original)]?.value else {
          throw StateError(
            .malformed,
            "is a second name of a tensor that the state does not have",
            tensor: variable.name,
            expected: original
          )
        }
        tied.append(Tied(copy: copy, original: owner))
      } else if map.leavesOut(variable.name) {
        leftOut.append(variable.name)
      } else {
        kept.append(variable.name)
        extra.append(variable.withoutSource)
      }
    }
    let order = renamed.sorted { $0.order.lexicographicallyPrecedes($1.order) }
    self.state.variables = order.map(\.variable) + extra
    var seen: Set<ExactName> = []
    for variable in self.state.variables
    where !seen.insert(ExactName(variable.name)).inserted {
      throw StateError(.malformed, "two variables would have this name", tensor: variable.name)
    }
    self.state.naming = map.target
    // The source's own spelling and order have no meaning under other names.
    self.state.attributes = [:]
    self.state.globalStep = state.globalStep.map { GlobalStep($0.value) }
    self.state.optimizerTensors = state.optimizerTensors.map { StateTensor($0.name, $0.tensor) }
    try rename(state, names)
    if let chosen { self.state = try self.state.choosing(chosen) }
  }
}

extension Renaming {
  /// Takes away what wrappers put in front of the names of all variables.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - prefix: What ``WrapperPrefix/common(_:)`` found.
  /// - Throws: `StateError` with code `malformed` when the optimizer's record makes no sense.
  public init(_ state: TrainingState, without prefix: String) throws {
    var names: [ExactName: String] = [:]
    let chosen = state.chosenOptimizer
    let state = state.whole
    self.state = state
    self.state.variables = try state.variables.map { variable in
      guard variable.name.utf8.starts(with: prefix.utf8) else { return variable }
      let name = String(variable.name.dropFirst(prefix.count))
      names[ExactName(variable.name)] = name
      return try variable.renamed(.init(name: name, axes: nil, tied: [], order: []))
    }
    self.state.attributes = [:]
    try rename(state, names)
    if let chosen { self.state = try self.state.choosing(chosen) }
  }

  /// Gives the records of optimizers the new names of their variables.
  private mutating func rename(_ state: TrainingState, _ names: [ExactName: String]) throws {
    self.state.optimizer = try state.optimizer?.renamed(names)
    for (place, optimizer) in state.optimizers.enumerated() {
      self.state.optimizers[place].record = try optimizer.record?.renamed(names)
      self.state.optimizers[place].members = optimizer.members.map { names[ExactName($0)] ?? $0 }
    }
  }
}

extension Variable {
  fileprivate func renamed(_ target: NamingMap.Direction.Target) throws -> Variable {
    let shape = value?.tensor.shape ?? slots.first { !$0.isFactored }?.tensor.tensor.shape
    if let axes = target.axes, let shape, shape.rank != axes.count {
      throw StateError(
        .malformed,
        axes == [1, 0]
          ? "the naming map exchanges rows and columns of what is no matrix"
          : "the naming map orders \(axes.count) axes, and there are others",
        tensor: name,
        found: "\(shape)"
      )
    }
    let slots = try slots.map { slot -> Slot in
      guard let axes = target.axes else {
        return Slot(slot.name, try slot.tensor.renamed("\(target.name)/\(slot.name)", nil))
      }
      if slot.isFactored, slot.tensor.tensor.shape.rank == axes.count - 1 {
        return try slot.refactored(axes, named: target.name, of: name)
      }
      let turns = slot.tensor.tensor.shape == shape
      guard !turns || slot.tensor.tensor.quantization == nil else {
        throw StateError(
          .unsupported,
          "the slot is kept in eight bits, and the blocks of its scales cannot be turned with its variable",
          tensor: "\(self.name)/\(slot.name)",
          remedy:
            "keep the names with --naming keep, or name an optimizer of ordinary slots with --optimizer"
        )
      }
      return Slot(
        slot.name,
        try slot.tensor.renamed("\(target.name)/\(slot.name)", turns ? axes : nil)
      )
    }
    return Variable(
      target.name,
      value: try value?.renamed(target.name, target.axes),
      slots: slots,
      step: step
    )
  }

  fileprivate var withoutSource: Variable {
    var copy = self
    copy.value = value.map { StateTensor($0.name, $0.tensor) }
    copy.slots = slots.map { Slot($0.name, StateTensor($0.tensor.name, $0.tensor.tensor)) }
    return copy
  }
}

extension StateTensor {
  fileprivate func renamed(_ name: String, _ axes: [Int]?) throws -> StateTensor {
    StateTensor(name, try axes.map { try tensor.permuted($0) } ?? tensor)
  }
}

extension Slot {
  /// Whether it is a mean over one of the variable's last two axes.
  fileprivate var isFactored: Bool { name == .factoredRow || name == .factoredColumn }

  /// The mean in another order of the variable's axes: over its last axis, or the last but one.
  ///
  /// Rows are columns once a matrix is turned. Where other axes become the last two, the means were taken over axes over
  /// which the target takes none.
  fileprivate func refactored(
    _ axes: [Int],
    named target: String,
    of variable: String
  ) throws -> Slot {
    let missing = name == .factoredRow ? axes.count - 1 : axes.count - 2
    let place = axes.firstIndex(of: missing) ?? 0
    guard Set(axes.suffix(2)) == [axes.count - 2, axes.count - 1] else {
      throw StateError(
        .unsupported,
        "the second moment is factored over two axes that other axes take the place of",
        tensor: "\(variable)/\(name)",
        expected: "the last two axes to stay the last two",
        found: "\(axes)",
        remedy: "leave the slots out with --only parameters"
      )
    }
    let own: SlotName = place == axes.count - 1 ? .factoredRow : .factoredColumn
    let kept = axes.filter { $0 != missing }.map { $0 > missing ? $0 - 1 : $0 }
    return Slot(own, try tensor.renamed("\(target)/\(own)", kept))
  }
}

extension OptimizerRecord {
  /// The record for variables of other names.
  fileprivate func renamed(_ names: [ExactName: String]) throws -> OptimizerRecord {
    var copy = self
    copy.groups = groups.map { group in
      var copy = group
      copy.members = group.members.map { names[ExactName($0)] ?? $0 }
      return copy
    }
    guard rule != nil else { return copy }
    let pairs = names.map { (old: $0.key.text, new: $0.value) }
    let spared: Set<ExactName>? = try StateError.blamingData {
      let before = try Optimizer(inAnyArithmetic: self)
      let after = try Optimizer(inAnyArithmetic: copy)
      let changes = try pairs.contains {
        try before.isSparedDecay($0.old) != after.isSparedDecay($0.new)
      }
      guard changes else { return nil }
      return Set(try pairs.filter { try before.isSparedDecay($0.old) }.map { ExactName($0.new) })
    }
    guard let spared else { return copy }
    copy.hyperparameters["exclude_from_weight_decay"] = .strings([])
    copy.hyperparameters["weight_decay_pattern"] = nil
    copy.groups = copy.groups.flatMap { group -> [ParameterGroup] in
      let split = [
        group.members.filter { !spared.contains(ExactName($0)) },
        group.members.filter { spared.contains(ExactName($0)) },
      ]
      let overrides = [
        group.overrides, group.overrides.merging(["weight_decay": .double(0)]) { $1 },
      ]
      return zip(overrides, split).filter { !$0.1.isEmpty }.map {
        ParameterGroup(name: group.name, kind: group.kind, overrides: $0.0, members: $0.1)
      }
    }
    let grouped = Set(copy.groups.flatMap(\.members).map(ExactName.init))
    let rest = spared.subtracting(grouped).sorted().map(\.text)
    if !rest.isEmpty {
      copy.groups.append(
        ParameterGroup(name: "no_decay", overrides: ["weight_decay": .double(0)], members: rest)
      )
    }
    return copy
  }
}
