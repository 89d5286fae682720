internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
package import TorchContainer
package import TrainingState

/// The state dictionaries of optimizer and scheduler, made for a state that came from elsewhere.
package struct FreshOptimizer {
  /// The optimizer's dictionary.
  package let value: PickleValue

  /// Its tensors.
  package let tensors: [StoragePlan.Node]

  /// The names of its parameters in the order of their numbers.
  package let names: [String]

  /// Whether it counts updates.
  package let countsUpdates: Bool

  /// How many groups it has.
  package let groupCount: Int

  /// The scheduler's dictionary, where the state has a schedule that PyTorch's can follow.
  package let scheduler: PickleValue?

  /// Makes both.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - parameters: Its parameters in the order in which the optimizer shall number them.
  ///   - nodes: Makes objects.
  ///   - asTrainer: Whether groups and keys are the Trainer's.
  ///   - note: Told of what is written differently.
  /// - Throws: `StateError` with code `unsupported` when the state does not say what PyTorch needs.
  package init(
    _ state: TrainingState,
    parameters: [Variable],
    nodes: TorchNodes,
    asTrainer: Bool,
    note: ((String) -> Void)?
  ) throws {
    try state.refuseUnknownSlots()
    try state.refuseQuantizedSlots()
    guard let record = state.optimizer else {
      throw StateError(
        .unsupported,
        "the state has slots and no word on the optimizer that they belong to",
        remedy: state.optimizerCandidates.isEmpty
          ? "pass --optimizer, such as --optimizer adamw:weight_decay=0.01, and --learning_rate"
          : "pass --optimizer with \(state.optimizerCandidates.joined(separator: " or "))"
      )
    }
    guard let rule = try TorchRule(record) else {
      throw StateError(
        .unsupported,
        "PyTorch has no optimizer '\(record.kind)'",
        remedy: "pass --optimizer with the one that shall go on"
      )
    }
    if rule.kind != record.kind {
      note?("PyTorch has no '\(record.kind)': its \(rule.kind) goes on with the slots")
    }
    let step = state.globalStep?.value
    let rate = try FreshRate(state)
    let settings = try FreshSettings(state, record, rule, parameters)
    settings.tell(note)
    try settings.checkKind(asTrainer: asTrainer, note)
    var values = settings.values
    values["learning_rate"] = .double(rate.current)
    // PyTorch multiplies by the rate in its own order; the record's arithmetic is another framework's.
    if OptimizerCatalog.description(of: record.kind)?.biasCorrection == .never
      || values["bias_correction"] == .string("none")
    {
      note?(
        "bias_correction: the source's optimizer corrects no bias; PyTorch's will, from step \(step ?? 0) on, "
          + "which is right for moments of that age"
      )
    }
    let dealt = try FreshGroups(
      parameters,
      record: record,
      values: values,
      isSparedDecay: settings.isSparedDecay,
      asTrainer: asTrainer
    )
    if let told = dealt.note { note?(told) }
    let groups = dealt.groups
    let decaysApart =
      rule.kind == rule.row.apartKind
      || groups.contains { $0.values["weight_decay"]?.number ?? 0 != 0 }
      || rule.row.apartKind == nil
        && groups.allSatisfy { $0.values["weight_decay"] != nil && $0.values["l2"] == nil }
    var entries: [PickleItem] = []
    var dictionaries: [PickleValue] = []
    var tensors: [StoragePlan.Node] = []
    var number: Int64 = 0
    for group in groups {
      let first = number
      for variable in group.members {
        var variable = variable
        if settings.leavesBuffers { variable.slots.removeAll { $0.name == .momentum } }
        if let (entry, found) = try Self.entry(variable, rule, step, nodes) {
          entries.append((.int(number), entry))
          tensors += found
        }
        number += 1
      }
      let (dictionary, found) = try Self.group(
        group.values,
        rule,
        first..<number,
        rate,
        nodes,
        counted: { try Self.count(group.members, rule, step) },
        decaysApart: decaysApart,
        asTrainer: asTrainer
      )
      dictionaries.append(dictionary)
      tensors += found
    }
    if case .state(let word) = rule.row.counter {
      let count = try Self.count(groups.flatMap(\.members), rule, step)
      let object = nodes.tensor()
      entries.append((nodes.text(word), .object(object)))
      let tensor = try Tensor.constant(Double(count), .int64, .vector(1))
      tensors.append(.init(name: "state/\(word)", object: object, tensor: tensor))
    }
    self.tensors = tensors
    countsUpdates = rule.row.counter != .none && !entries.isEmpty
    groupCount = groups.count
    names = groups.flatMap { $0.members.map(\.name) }
    value = nodes.dictionary([
      ("state", .dictionary(entries)), ("param_groups", .list(dictionaries)),
    ])
    scheduler = try rate.scheduler(groups: groups.count, nodes, asTrainer: asTrainer, note)
    Self.noteUnused(parameters, rule, note)
  }

  /// What is kept for a parameter, `nil` where nothing is.
  static func entry(
    _ variable: Variable,
    _ rule: TorchRule,
    _ globalStep: Int64?,
    _ nodes: TorchNodes
  ) throws -> (PickleValue, [StoragePlan.Node])? {
    let present = rule.slots.compactMap { word in variable[word.slot].map { (word, $0) } }
    if present.isEmpty { return nil }
    if let missing = rule.description.requiredSlots.first(where: { variable[$0] == nil }) {
      throw StateError(
        .unsupported,
        "the variable has some slots of the optimizer and lacks \(missing)",
        tensor: variable.name,
        remedy: "leave the slots out with --only parameters"
      )
    }
    var items: [PickleItem] = []
    var tensors: [StoragePlan.Node] = []
    func add(_ key: String, _ tensor: Tensor) {
      let object = nodes.tensor()
      items.append((nodes.text(key), .object(object)))
      tensors.append(.init(name: "\(variable.name)/\(key)", object: object, tensor: tensor))
    }
    if rule.row.countsVariables {
      guard let step = variable.step ?? globalStep else {
        throw StateError(
          .unsupported,
          "the state does not say how many updates its slots have seen",
          tensor: variable.name,
          remedy: "say it with optstate set --step"
        )
      }
      if rule.row.countForm == .whole {
        items.append((nodes.text("step"), .int(step)))
      } else {
        add("step", try TemplateTree.scalar(Double(step), .float32))
      }
    }
    for (word, slot) in present {
      let rank = (variable.value ?? slot.tensor).tensor.shape.rank
      add(word.text, try FactoredSlot.toTorch(slot.tensor.tensor, word, rank: rank))
    }
    return (.dictionary(items), tensors)
  }

  /// The one count of updates of a group's variables.
  private static func count(
    _ members: [Variable],
    _ rule: TorchRule,
    _ globalStep: Int64?
  ) throws -> Int64 {
    let steps = Set(members.compactMap { $0.step ?? globalStep })
    guard let step = steps.first, steps.count == 1 else {
      throw StateError(
        .unsupported,
        steps.isEmpty
          ? "the state does not say how many updates its slots have seen"
          : "PyTorch's \(rule.kind) counts once for a group, and the steps of its variables differ",
        remedy: "say it with optstate set --step"
      )
    }
    return step
  }

  private static func group(
    _ values: [String: HyperparameterValue],
    _ rule: TorchRule,
    _ numbers: Range<Int64>,
    _ rate: FreshRate,
    _ nodes: TorchNodes,
    counted: () throws -> Int64,
    decaysApart: Bool,
    asTrainer: Bool
  ) throws -> (PickleValue, [StoragePlan.Node]) {
    var tensors: [StoragePlan.Node] = []
    func vector(_ number: Double, _ shape: Shape, _ word: String) throws -> PickleValue {
      let object = nodes.tensor()
      let tensor = try Tensor.constant(number, .float32, shape)
      tensors.append(
        .init(name: "group/\(numbers.lowerBound)/\(word)", object: object, tensor: tensor)
      )
      return .object(object)
    }
    var items = try rule.row.words.map { word in
      // The Trainer takes the fused kernels of an optimizer that decays apart.
      let isTold = asTrainer && (word.content == .decoupling || word.content == .fusing)
      if case .vector(let name) = word.content {
        return (word.text, try vector(values[name]?.number ?? 0, .vector(1), word.text))
      }
      return (
        word.text, isTold ? .bool(true) : rule.value(word, values, decaysApart: decaysApart, nodes)
      )
    }
    // The Trainer names the decay itself, so that it comes first.
    if asTrainer, let place = rule.row.words.firstIndex(where: { $0.content == .decay }) {
      items.insert(items.remove(at: place), at: 0)
    }
    if case .group(let word) = rule.row.counter,
      !rule.row.words.contains(where: { $0.text == word })
    {
      let count = try counted() + rule.row.countStart
      let value =
        rule.row.countForm == .whole
        ? .int(count) : try vector(Double(count), .scalar, word)
      items.append((word, value))
    }
    if let initial = rate.initial { items.append(("initial_lr", .double(initial))) }
    items.append(("params", .list(numbers.map { .int($0) })))
    return (nodes.dictionary(items), tensors)
  }

  private static func noteUnused(
    _ parameters: [Variable],
    _ rule: TorchRule,
    _ note: ((String) -> Void)?
  ) {
    let known = Set(rule.slots.map(\.slot))
    let unused = Set(parameters.flatMap(\.slots).map(\.name)).subtracting(known)
    if unused.isEmpty { return }
    let names = unused.sorted().map(\.rawValue).joined(separator: ", ")
    note?("PyTorch's \(rule.kind) has no place for the slots \(names): they are left out")
  }
}
