internal import OptimizerCatalog
internal import ByteIO
internal import OptimizerCore
package import Tensors
package import TorchContainer
package import TrainingState

/// The tree that a state came with, brought up to date: everything in it that the state does not know
/// stays as it is.
package struct TemplateTree {
  package let tree: PickleValue
  package let nodes: TorchNodes
  package private(set) var tensors: [StoragePlan.Node] = []

  /// The pickle that the tree came from, where it is not encoded as the writer would.
  package let original: TorchOutput.Original?

  private let survey: TorchSurvey
  /// The dictionary of the optimizer's scheduler, in this tree or in a file of its own.
  private let scheduler: PickleValue?

  /// Whether there is one.
  package var hasScheduler: Bool { scheduler != nil || !survey.schedulers.isEmpty }

  private let state: TrainingState
  private let prefix: String
  private let name: String?
  private let options: WriteOptions
  private let countsAlone: Bool

  /// An optimizer of the tree and what the state knows of it.
  private typealias Pair = (part: TorchSurvey.Part, record: OptimizerRecord?)

  /// The tree of a state, `nil` where it has none or where its variables are no longer those of the
  /// tree.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - prefix: Before the names of what belongs to the tree's file.
  ///   - name: The name by which the tree's optimizer goes among several that are in files of their own.
  ///   - globals: The names that the pickle may refer to.
  ///   - scheduler: The dictionary of the optimizer's scheduler where that is in another file; it is changed in place.
  ///   - countsAlone: Whether no other file counts the step, by default where there is no other.
  ///   - options: How to write.
  /// - Throws: What reading throws, or `StateError` with code `unsupported` when the tree has no place for a change.
  package init?(
    _ state: TrainingState,
    prefix: String = "",
    named name: String? = nil,
    allowing globals: PickleGlobals = .torch,
    scheduler: PickleValue? = nil,
    countsAlone: Bool? = nil,
    options: WriteOptions = WriteOptions()
  ) throws {
    guard
      let extra = state.extras.first(where: { $0.name == prefix + TorchExtras.pickle })
    else { return nil }
    let bytes = try TensorPass.verifiedBytes(
      of: NamedTensor(extra.name, extra.tensor),
      limit: Limits[.pickleBytes]
    )
    var reader = PickleReader(BlockCursor(bytes, base: 0), allowing: globals)
    tree = try reader.read().value
    let encoded = PickleWriter.encode(tree)
    original = encoded == bytes ? nil : .init(encoded: encoded, bytes: bytes)
    survey = try TorchSurvey(tree)
    self.scheduler = scheduler ?? survey.onlyScheduler?.value
    if let fault = survey.fault { throw fault }
    nodes = TorchNodes()
    self.state = state
    self.prefix = prefix
    self.name = name
    self.options = options
    self.countsAlone = countsAlone ?? prefix.isEmpty
    try refuseAssumedOrder()
    guard try fits() else { return nil }
    try update()
  }

  /// Refuses to give an optimizer slots whose owners nobody knows.
  private func refuseAssumedOrder() throws {
    guard state.attributes[TorchExtras.assumed + prefix] != nil,
      let variable = state.variables.first(where: { !$0.slots.isEmpty })
    else { return }
    throw StateError(
      .unsupported,
      "the optimizer has not run, and nothing says in which order it numbers the model's parameters",
      tensor: variable.name,
      remedy: "save it after an update, or the model pickled, or pass --names"
    )
  }

  /// Whether every variable and slot has its place in the tree, and its name there.
  private func fits() throws -> Bool {
    let names = Dictionary(
      try survey.variables().map { (ExactName(prefix + $0.found.path.text), $0.name) },
      uniquingKeysWith: { first, _ in first }
    )
    let places = Set(survey.tensors.map { ExactName(prefix + $0.path.text) })
    let fresh = Set(try freshParameters().map(\.name))
    for variable in state.variables {
      if let value = variable.value, prefix.isEmpty {
        guard let path = value.sourceName, let name = names[ExactName(path)],
          ExactName(name) == ExactName(variable.name)
        else { return false }
      }
      let isNew = fresh.contains(ExactName(variable.name))
      for slot in variable.slots where prefix.isEmpty || !survey.optimizers.isEmpty {
        if isNew, slot.tensor.sourceName == nil { continue }
        guard let path = slot.tensor.sourceName, places.contains(ExactName(path)),
          !slot.tensor.tensor.wasQuantized
        else { return false }
      }
    }
    guard let pairs else { return false }
    return try pairs.allSatisfy { part, record in
      guard let record else { return true }
      guard let rule = try TorchOptimizer(part).rule else { return false }
      return rule.fits(record.kind) && rule.isOf(record.library)
    }
  }

  /// The tree's optimizers with the state's records of them, `nil` where they are others than the state's.
  private var pairs: [Pair]? {
    let parts = survey.optimizers
    guard !state.optimizers.isEmpty else {
      if parts.count > 1 {
        let isBare = state.optimizer == nil && state.variables.allSatisfy(\.slots.isEmpty)
        return isBare ? parts.map { ($0, nil) } : nil
      }
      let isElsewhere = parts.isEmpty && state.optimizer != nil && prefix.isEmpty
      return isElsewhere ? nil : parts.map { ($0, state.optimizer) }
    }
    if parts.isEmpty, !prefix.isEmpty { return [] }
    let own = state.optimizers.filter { name == nil || $0.name == name }
    guard own.count == parts.count else { return nil }
    return zip(parts, own).reduce([] as [Pair]?) { pairs, next in
      guard name != nil || ExactName(next.0.name) == ExactName(next.1.name) else { return nil }
      return pairs.map { $0 + [(next.0, next.1.record)] }
    }
  }

  private mutating func update() throws {
    var data: [ExactName: Tensor] = [:]
    for variable in state.variables {
      if let value = variable.value, let path = value.sourceName {
        data[ExactName(path)] = value.tensor
      }
      for slot in variable.slots {
        guard let path = slot.tensor.sourceName else { continue }
        for (place, tensor) in QuantizedPlaces.kept(slot.tensor.tensor, at: path) {
          data[ExactName(place)] = tensor
        }
      }
    }
    for extra in state.extras { data[ExactName(extra.name)] = extra.tensor }
    try addEntries()
    let steps = try steps()
    var removed: Set<ObjectIdentifier> = []
    for found in survey.tensors {
      let name = prefix + found.path.text
      var tensor = data[ExactName(name)]
      if tensor == nil, let step = steps[found.path.text] {
        tensor = try Self.scalar(Double(step), found.elementType)
      }
      guard let tensor else {
        removed.insert(ObjectIdentifier(found.object))
        continue
      }
      try QuantizedPlaces.check(tensor, at: name, found.elementType)
      let shaped =
        tensor.shape.elementCount == found.shape.elementCount
          && tensor.elementType == found.elementType
        ? try tensor.reshaped(found.shape) : tensor
      if case .array(let array) = found.kind {
        try array.update(found.object, to: NamedTensor(name, shaped))
        continue
      }
      tensors.append(.init(name: name, object: found.object, tensor: shaped))
    }
    if !survey.optimizers.isEmpty, isStripped {
      let parts = survey.optimizers + survey.schedulers
      removed.formUnion(parts.compactMap { $0.object.map(ObjectIdentifier.init) })
      let inside = survey.tensors.filter { found in
        survey.optimizers.contains { found.path.isBelow($0.path) }
      }
      let gone = Set(inside.map { ObjectIdentifier($0.object) })
      tensors.removeAll { gone.contains(ObjectIdentifier($0.object)) }
    }
    if let object = tree.object, removed.contains(ObjectIdentifier(object)) {
      throw StateError(
        .unsupported,
        "nothing is left of the file's tree",
        remedy: "write the state in another format, or keep its slots"
      )
    }
    try updateGroupCounters()
    try updateRecord()
    if !isStripped { try updateSchedule() }
    try updateCounters()
    remove(removed)
  }

  /// Names of the parameters for which the optimizer keeps nothing yet, in the order of their numbers, and what each is
  /// known by.
  private func freshParameters() throws -> [(name: ExactName, id: TorchOptimizer.ParameterID)] {
    guard let part = survey.optimizer,
      case .strings(let names)? = state.attributes[TorchExtras.parameters + prefix]
    else { return [] }
    let optimizer = try TorchOptimizer(part)
    guard names.count == optimizer.order.count else { return [] }
    let kept = Set(optimizer.entries.map(\.id))
    return zip(names, optimizer.order).filter { !kept.contains($0.1) }
      .map { (ExactName($0.0), $0.1) }
  }

  /// Adds what the optimizer will keep for parameters for which it keeps nothing yet.
  private mutating func addEntries() throws {
    guard let part = survey.optimizer, let object = part.value["state"]?.object,
      var items = object.items,
      let rule = try TorchOptimizer(part).rule?.decided(by: state.optimizer?.kind)
    else { return }
    let fresh = try freshParameters()
    if fresh.isEmpty { return }
    let variables = Dictionary(
      state.variables.map { (ExactName($0.name), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    for (name, id) in fresh {
      guard let variable = variables[name],
        let (entry, found) = try FreshOptimizer.entry(
          variable,
          rule,
          state.globalStep?.value,
          nodes
        )
      else { continue }
      let key: PickleValue =
        switch id {
        case .number(let number): .int(number)
        case .name(let text): nodes.text(text.text)
        }
      items.append((key, entry))
      tensors += found
    }
    object.setItems(items)
  }

  /// Whether somebody has left the optimizer out.
  private var isStripped: Bool {
    state.variables.allSatisfy { $0.slots.isEmpty } && state.optimizer == nil
      && state.optimizers.isEmpty && state.attributes[TrainingState.hiddenOptimizer] == nil
  }

  /// The updates that the file counted when it was read; stores of earlier builds do not say.
  private var stepBefore: Int64? {
    if case .int(let step)? = state.attributes[TorchExtras.step] { return step }
    return survey.counter("global_step") ?? survey.counter("step")
  }

  /// The variables by the places of what the optimizer keeps for them.
  private func owners() -> [String: Variable] {
    var owners: [String: Variable] = [:]
    for variable in state.variables {
      for slot in variable.slots {
        guard let path = slot.tensor.sourceName,
          let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        else { continue }
        owners[QuantizedPlaces.entry(of: String(path[..<slash]))] = variable
      }
    }
    return owners
  }

  /// The step of every tensor that counts one, by its path; whole numbers are changed in place.
  private func steps() throws -> [String: Int64] {
    let owners = owners()
    var steps: [String: Int64] = [:]
    for entry in try survey.optimizers.flatMap({ try TorchOptimizer($0).entries }) {
      guard let step = owners[prefix + entry.path.text]?.step, let object = entry.value.object,
        var items = object.items,
        let place = items.firstIndex(where: { $0.key.text == "step" })
      else { continue }
      if items[place].value.int != nil {
        items[place].value = .int(step)
        object.setItems(items)
      } else {
        steps[entry.path.item(items[place].key, place).text] = step
      }
    }
    for optimizer in try survey.optimizers.map({ try TorchOptimizer($0) }) {
      guard case .state? = optimizer.rule?.row.counter, let common = optimizer.common else {
        continue
      }
      let counts = Set(optimizer.entries.compactMap { owners[prefix + $0.path.text]?.step })
      guard counts.count <= 1 else {
        throw StateError(
          .unsupported,
          "the file counts updates once for all variables, and these differ",
          remedy: "give all variables the same step"
        )
      }
      steps[common.path.text] = counts.first
    }
    return steps
  }

  package static func scalar(_ value: Double, _ type: ElementType) throws -> Tensor {
    let bits = value.bitPattern
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    let exact = try Tensor(.float64, .scalar, bytes: bytes)
    return try Tensor(type, .scalar, bytes: try exact.cast(to: type).bytes(limit: 16))
  }

  /// Changes the counts that groups keep for their parameters.
  private mutating func updateGroupCounters() throws {
    let owners = owners()
    for part in survey.optimizers { try updateGroupCounters(try TorchOptimizer(part), owners) }
  }

  private mutating func updateGroupCounters(
    _ optimizer: TorchOptimizer,
    _ owners: [String: Variable]
  ) throws {
    for group in optimizer.groups {
      guard let counter = optimizer.counter(of: group), let object = group.settings.object,
        var items = object.items,
        let place = items.firstIndex(where: { $0.key.text == counter })
      else { continue }
      let ids = Set(group.parameters.compactMap { TorchOptimizer.ParameterID($0) })
      let entries = optimizer.entries.filter {
        ids.contains($0.id) && optimizer.isCountedByGroup($0)
      }
      let steps = Set(entries.compactMap { owners[prefix + $0.path.text]?.step })
      guard let step = steps.first else { continue }
      guard steps.count == 1 else {
        throw StateError(
          .unsupported,
          "the file counts the updates of a group, and its variables differ",
          expected: "one step for all of them",
          remedy: "give all variables of the group the same step"
        )
      }
      let count = step + (optimizer.rule?.row.countStart ?? 0)
      if items[place].value.int == count { continue }
      if let tensor = items[place].value.object {
        try set(tensor, to: count)
        continue
      }
      items[place].value = .int(count)
      object.setItems(items)
    }
  }

  /// Changes a count that is kept as a tensor.
  private mutating func set(_ object: PickleObject, to step: Int64) throws {
    for (index, node) in tensors.enumerated() where node.object === object {
      let old = node.tensor
      let tensor = try Tensor.constant(Double(step), old.elementType, old.shape)
      tensors[index] = .init(name: node.name, object: object, tensor: tensor)
    }
  }

  /// Changes the settings that the state's record has changed.
  private mutating func updateRecord() throws {
    for (part, record) in pairs ?? [] {
      guard let record else { continue }
      let hasScheduler = scheduler != nil || survey.scheduler(of: part) != nil
      try updateRecord(try TorchOptimizer(part), record, hasScheduler: hasScheduler)
    }
  }

  private mutating func updateRecord(
    _ optimizer: TorchOptimizer,
    _ record: OptimizerRecord,
    hasScheduler: Bool
  ) throws {
    guard let rule = optimizer.rule?.decided(by: record.kind) else { return }
    var update = SettingsUpdate(
      optimizer,
      rule,
      try withPresentRate(record),
      members: members(optimizer),
      tensors: tensors,
      ignoring: hasScheduler ? ["learning_rate"] : []
    )
    try update.apply()
    for (index, node) in tensors.enumerated() {
      guard let number = update.numbers[ObjectIdentifier(node.object)] else { continue }
      let tensor = try Self.scalar(number, node.tensor.elementType).reshaped(node.tensor.shape)
      tensors[index] = .init(name: node.name, object: node.object, tensor: tensor)
    }
  }

  /// The names of each group's variables, as far as slots tell them.
  private func members(_ optimizer: TorchOptimizer) -> [[String]] {
    let owners = owners()
    let names = Dictionary(
      optimizer.entries.compactMap { entry in
        owners[prefix + entry.path.text].map { (entry.id, $0.name) }
      },
      uniquingKeysWith: { first, _ in first }
    )
    return optimizer.groups.map { group in
      group.parameters.compactMap { TorchOptimizer.ParameterID($0).flatMap { names[$0] } }
    }
  }

  /// The record with the rate that a schedule gives for which the file has no scheduler.
  private func withPresentRate(_ record: OptimizerRecord) throws -> OptimizerRecord {
    guard prefix.isEmpty, !hasScheduler, let schedule = state.schedule,
      let step = state.globalStep?.value
    else { return record }
    var copy = record
    let rate = try StateError.blamingData { try Schedule(schedule).learningRate(at: step) }
    copy.hyperparameters["learning_rate"] = .double(rate)
    options.note?("the file has no scheduler: of the schedule its present rate \(rate) is written")
    return copy
  }

  /// Brings schedulers and the rates of the groups to the state's steps and schedules.
  private func updateSchedule() throws {
    for (index, part) in survey.optimizers.enumerated() {
      let own = survey.optimizers.count > 1 ? survey.scheduler(of: part)?.value : scheduler
      guard let own else { continue }
      var (view, before) = (state, stepBefore)
      if !state.optimizers.isEmpty {
        let named = state.optimizers.filter { name == nil || $0.name == name }
        guard named.indices.contains(index) else { continue }
        view.optimizer = named[index].record
        view.schedule = named[index].schedule
        view.globalStep = named[index].step.map { GlobalStep($0) }
        before = state.stepRead(of: named[index].name)
      }
      try SchedulerUpdate(
        own,
        groups: part.value["param_groups"]?.elements ?? [],
        state: view,
        stepBefore: before
      ).apply()
    }
    let hasLoose = scheduler == nil && survey.optimizers.count <= 1 && !survey.schedulers.isEmpty
    guard hasLoose, state.globalStep?.value != stepBefore else { return }
    throw StateError(
      .unsupported,
      "the file has several schedulers, and it is not certain which one counts the step",
      remedy: "change it in PyTorch"
    )
  }

  /// Changes the global step where the tree counts it at its root, and with it what Lightning resumes by.
  private func updateCounters() throws {
    try refuseUncountedSteps()
    guard let step = state.globalStep?.value else { return removeCounters() }
    let key = survey.counter("global_step") != nil ? "global_step" : "step"
    let isCounted = survey.counter(key) != nil
    if isCounted { tree.replace(key, with: .int(step)) }
    if step == stepBefore { return }
    if let loops = tree["loops"], tree["pytorch-lightning_version"] != nil {
      try LightningLoops(loops).set(step)
      tree.replace("epoch", with: .int(0))
    } else if prefix.isEmpty, let epoch = survey.counter("epoch") {
      options.note?("the file's own 'epoch' stays \(epoch)")
    }
    guard countsAlone, !isCounted, !hasScheduler, !countsUpdates else { return }
    try options.leaveOut(step: step)
  }

  /// Leaves out what counts the steps of a run of which nothing else is left.
  private func removeCounters() {
    guard isStripped, let object = tree.object, let items = object.items else { return }
    let isLightnings = tree["pytorch-lightning_version"] != nil
    let kept = items.filter { key, value in
      switch key.text {
      case "global_step", "step": value.int == nil
      case "loops": !isLightnings
      default: true
      }
    }
    if kept.count < items.count { object.setItems(kept) }
  }

  /// Says where one of several optimizers has another step than before, and neither it nor a scheduler counts.
  private func refuseUncountedSteps() throws {
    let named = state.optimizers.filter { name == nil || $0.name == name }
    for (part, own) in zip(survey.optimizers, named) {
      guard let step = own.step, step != state.stepRead(of: own.name), !counts(part),
        scheduler == nil,
        survey.scheduler(of: part) == nil
      else { continue }
      try options.leaveOut(step: step)
    }
  }

  /// Whether an optimizer counts updates, for its parameters or its groups.
  private var countsUpdates: Bool { survey.optimizers.contains { counts($0) } }

  private func counts(_ part: TorchSurvey.Part) -> Bool {
    guard let optimizer = try? TorchOptimizer(part) else { return false }
    return optimizer.common != nil || optimizer.groups.contains { optimizer.counter(of: $0) != nil }
      || optimizer.entries.contains { $0.value["step"] != nil }
  }

  /// Takes objects out of what holds them, and the state of parameters that nothing is left of.
  private func remove(_ removed: Set<ObjectIdentifier>) {
    defer {
      for part in survey.optimizers {
        if let flat = part.flattened { FlatOptimizer.update(flat, from: part.value) }
      }
    }
    if removed.isEmpty { return }
    func isRemoved(_ value: PickleValue) -> Bool {
      value.object.map { removed.contains(ObjectIdentifier($0)) } ?? false
    }
    let states = survey.optimizers.compactMap { $0.value["state"] }
    let parameters = Set(
      states.flatMap { $0.items ?? [] }.compactMap { $0.value.object.map(ObjectIdentifier.init) }
    )
    for root in [tree] + survey.optimizers.filter({ $0.flattened != nil }).map(\.value) {
      PickleTree.forEach(root) { object in
        if let items = object.items, items.contains(where: { isRemoved($0.value) }) {
          let isEntry = parameters.contains(ObjectIdentifier(object))
          object.setItems(isEntry ? [] : items.filter { !isRemoved($0.value) })
        }
        switch object.content {
        case .list(let elements) where !elements.isEmpty:
          // The place in a list may mean something, unless nothing is left at any.
          let isGone = elements.allSatisfy(isRemoved)
          object.content = .list(isGone ? [] : elements.map { isRemoved($0) ? .none : $0 })
        case .tuple(let elements):
          object.content = .tuple(elements.map { isRemoved($0) ? .none : $0 })
        default: break
        }
      }
    }
    for state in states {
      guard let object = state.object, let items = object.items else { continue }
      object.setItems(items.filter { !($0.value.items?.isEmpty ?? false) })
    }
  }
}
