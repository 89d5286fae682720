internal import ByteIO
package import OptimizerCore
package import Tensors
package import TorchContainer
package import TrainingState

/// A state put together out of a file's tree.
package struct TorchAssembly {
  let file: TorchFile
  let survey: TorchSurvey
  package var state: TrainingState

  /// Before the names of what is carried along, where several files make one state.
  let prefix: String

  private var used: Set<ExactName> = []
  private var places: [ExactName: Int] = [:]

  package init(_ file: TorchFile, into state: TrainingState, prefix: String = "") throws {
    self.file = file
    self.state = state
    self.prefix = prefix
    survey = try TorchSurvey(file.tree)
    for (place, variable) in state.variables.enumerated() {
      places[ExactName(variable.name)] = place
    }
  }

  private func tensor(_ found: TorchSurvey.Found) throws -> Tensor {
    do {
      switch found.kind {
      case .view(let view): return try file.tensor(view)
      case .array(let array): return try array.tensor()
      }
    } catch let error as StateError {
      throw error.at(found.object.offset).inContext(tensor: found.path.text)
    }
  }

  /// Adds the model's tensors as variables.
  ///
  /// - Returns: Their names.
  @discardableResult
  package mutating func addModel() throws -> [String] {
    let variables = try survey.variables()
    for (name, found) in variables {
      let value = StateTensor(name, try tensor(found), sourceName: prefix + found.path.text)
      place(name) { $0.value = value }
      used.insert(ExactName(found.path.text))
    }
    return variables.map(\.name)
  }

  private mutating func place(_ name: String, _ change: (inout Variable) -> Void) {
    let key = ExactName(name)
    let place = places[key] ?? state.variables.count
    if place == state.variables.count {
      state.variables.append(Variable(name, value: nil))
      places[key] = place
    }
    change(&state.variables[place])
  }

  /// Adds slots, steps and the optimizer's record.
  ///
  /// - Parameters:
  ///   - names: The parameters' names in the optimizer's order, where the caller knows them.
  ///   - modelOrder: The model's parameters in its order, where that is not the state's.
  ///   - isOrdered: Whether the state's variables, or `modelOrder`, are in the model's order.
  /// - Throws: `StateError` with code `malformed`, or `unsupported` when it is not certain which
  ///   parameter a number stands for.
  package mutating func addOptimizer(
    names: [String]?,
    modelOrder: [String]? = nil,
    isOrdered: Bool = true
  ) throws {
    guard let part = survey.optimizer else { return }
    let optimizer = try TorchOptimizer(part)
    let tensors = Dictionary(
      survey.tensors.lazy.map { (ExactName($0.path.text), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    let slotTensors = optimizer.entries.map { entry in
      (entry.value.items ?? []).enumerated().compactMap { place, item in
        tensors[ExactName(entry.path.item(item.key, place).text)].map {
          (item.key.text ?? "\(place)", $0)
        }
      }
    }
    let rule = TorchRule(optimizer)
    let shapes = Dictionary(
      zip(optimizer.entries.map(\.id), slotTensors.map { FactoredSlot.parameterShape($0) }),
      uniquingKeysWith: { first, _ in first }
    )
    let known = try self.names(optimizer, shapes, given: names, modelOrder, isOrdered)
    var counts: [TorchOptimizer.ParameterID: Int64] = [:]
    for group in optimizer.groups {
      guard let count = group.counter.flatMap({ group.settings[$0]?.int }) else { continue }
      for parameter in group.parameters {
        if let id = TorchOptimizer.ParameterID(parameter) { counts[id] = count }
      }
    }
    for (entry, slots) in zip(optimizer.entries, slotTensors) {
      let name = known[entry.id] ?? Self.fallback(entry.id)
      try add(slots, of: entry, rule: rule, groupStep: counts[entry.id], to: name)
    }
    let members = optimizer.groups.map { group in
      group.parameters.compactMap { TorchOptimizer.ParameterID($0) }
        .map { known[$0] ?? Self.fallback($0) }
    }
    state.optimizer = try rule?.record(optimizer.groups.map(\.settings), members) { value in
      if let number = value.number { return number }
      guard let object = value.object, let description = try TorchTensor(object) else {
        return nil
      }
      return try Self.scalar(try file.tensor(description))
    }
    if state.optimizer == nil, slotTensors.allSatisfy(\.isEmpty) {
      state.attributes[TrainingState.hiddenOptimizer] = .bool(true)
    }
  }

  private static func fallback(_ id: TorchOptimizer.ParameterID) -> String {
    switch id {
    case .number(let number): "\(number)"
    case .name(let name): name.text
    }
  }

  /// The name of every parameter of the optimizer, as far as it has one.
  private func names(
    _ optimizer: TorchOptimizer,
    _ shapes: [TorchOptimizer.ParameterID: Shape?],
    given: [String]?,
    _ modelOrder: [String]?,
    _ isOrdered: Bool
  ) throws -> [TorchOptimizer.ParameterID: String] {
    var known: [TorchOptimizer.ParameterID: String] = [:]
    if let given {
      guard given.count == optimizer.order.count else {
        throw StateError(
          .invalidArgument,
          "the names given are not as many as the optimizer's parameters",
          expected: "\(optimizer.order.count)",
          found: "\(given.count)"
        )
      }
      for (id, name) in zip(optimizer.order, given) {
        try checkGiven(name, shapes[id] ?? nil)
        known[id] = name
      }
      return known
    }
    var taken: Set<ExactName> = []
    var numbers: [(id: TorchOptimizer.ParameterID, numbered: ParameterOrder.Numbered)] = []
    for (index, group) in optimizer.groups.enumerated() {
      let ids = group.parameters.compactMap { TorchOptimizer.ParameterID($0) }
      for (place, id) in ids.enumerated() {
        if let names = group.names, names.count == ids.count {
          guard taken.insert(ExactName(names[place])).inserted else {
            throw StateError(
              .malformed,
              "param_names gives one name to two parameters",
              tensor: names[place]
            )
          }
          known[id] = names[place]
        } else if case .name(let name) = id {
          known[id] = name.text
        } else {
          numbers.append((id, .init(group: index, shape: shapes[id] ?? nil)))
        }
      }
    }
    let candidates = self.candidates(modelOrder)
    if candidates.isEmpty || numbers.isEmpty { return known }
    let order = try ParameterOrder.match(
      numbers.map(\.numbered),
      candidates,
      isOrdered: isOrdered
    )
    for (number, candidate) in zip(numbers, order) { known[number.id] = candidates[candidate].name }
    return known
  }

  /// Refuses a name that the file's model does not have, or whose parameter the slots do not fit.
  private func checkGiven(_ name: String, _ shape: Shape?) throws {
    if places.isEmpty { return }
    guard let value = places[ExactName(name)].flatMap({ state.variables[$0].value }) else {
      throw StateError(
        .invalidArgument,
        "a name given is that of no parameter of the model",
        tensor: name
      )
    }
    guard let shape, shape != value.tensor.shape else { return }
    throw StateError(
      .invalidArgument,
      "the names given are in another order than the optimizer's parameters: its slots do not fit",
      tensor: name,
      expected: "\(value.tensor.shape)",
      found: "\(shape)"
    )
  }

  /// The model's parameters: no buffers, no whole numbers, and of tied ones the first.
  private func candidates(_ modelOrder: [String]?) -> [ParameterOrder.Candidate] {
    var seen: Set<ObjectIdentifier> = []
    let ordered =
      modelOrder?.compactMap { places[ExactName($0)].map { state.variables[$0] } }
      ?? state.variables
    return ordered.compactMap { variable in
      guard let tensor = variable.value?.tensor, tensor.elementType.isFloatingPoint,
        !TrainerGroups.isBuffer(variable.name),
        seen.insert(ObjectIdentifier(tensor.source)).inserted
      else { return nil }
      return ParameterOrder.Candidate(name: variable.name, shape: tensor.shape)
    }
  }

  private mutating func add(
    _ slots: [(key: String, found: TorchSurvey.Found)],
    of entry: TorchOptimizer.Entry,
    rule: TorchRule?,
    groupStep: Int64?,
    to name: String
  ) throws {
    var step = entry.value["step"]?.int ?? groupStep
    var added: [Slot] = []
    for (key, found) in slots {
      let tensor = try tensor(found)
      if key == "step", tensor.shape.elementCount == 1, slots.count > 1 {
        guard let number = try Self.scalar(tensor), let count = Int64(exactly: number) else {
          throw StateError(
            .malformed,
            "the step is no whole number",
            tensor: found.path.text,
            offset: found.object.offset
          )
        }
        step = count
        used.insert(ExactName(found.path.text))
        continue
      }
      let slot = rule?.slot(key) ?? SlotName(rawValue: key)
      let shaped = try FactoredSlot.fromTorch(tensor, key)
      added.append(
        Slot(slot, StateTensor("\(name)/\(slot)", shaped, sourceName: prefix + found.path.text))
      )
      used.insert(ExactName(found.path.text))
    }
    place(name) { variable in
      variable.slots += added
      if !added.isEmpty { variable.step = step }
    }
  }

  /// The number in a tensor of one element, `nil` where it is none.
  package static func scalar(_ tensor: Tensor) throws -> Double? {
    guard tensor.shape.elementCount == 1, tensor.elementType.isNumeric else { return nil }
    // Taken as a number now, so nobody else will ever compare its sum.
    try TensorPass.verifyOrigins(of: [NamedTensor("step", tensor)])
    let bytes = try tensor.cast(to: .float64).bytes(limit: 8)
    return Double(bitPattern: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  /// Sets the step where the file says it: by name, or by the steps of the variables.
  package mutating func addStep() {
    let steps = state.variables.compactMap(\.step)
    let counted = survey.counter("global_step") ?? survey.counter("step") ?? steps.max()
    if state.globalStep == nil { state.globalStep = counted.map { GlobalStep($0) } }
  }

  /// The schedule that the tree's scheduler says, `nil` where it is not certain.
  package var schedule: ScheduleRecord? {
    survey.scheduler.flatMap { TorchSchedule.find($0.value, step: state.globalStep?.value) }
  }

  /// Adds everything else: other tensors, the tree itself, and how the archive was laid out.
  package mutating func addExtras() throws {
    for found in survey.tensors where !used.contains(ExactName(found.path.text)) {
      state.extras.append(StateTensor(prefix + found.path.text, try tensor(found)))
    }
    for found in survey.tensors {
      guard let (scale, zero) = found.view?.scale else { continue }
      let name = prefix + found.path.text
      state.extras += [
        StateTensor(name + "/~scale", try TemplateTree.scalar(scale, .float64)),
        StateTensor(name + "/~zero_point", .scalar(zero)),
      ]
    }
    state.extras.append(try TorchExtras.bytes(prefix + TorchExtras.pickle, file.pickle))
    for (key, storage) in try StorageCoverage.uncovered(
      file,
      survey.tensors.compactMap(\.view)
    ) {
      state.extras.append(StateTensor(prefix + TorchExtras.storage + key, storage))
    }
    var order: [String] = []
    for record in file.records {
      order.append(record.name)
      if record.name == TorchRecord.storages || record.name == "data.pkl" { continue }
      state.extras.append(
        try TorchExtras.bytes(prefix + TorchExtras.record + record.name, record.content)
      )
    }
    if let sum = file.contents {
      state.attributes[TorchExtras.contents + prefix] = .string(sum)
    }
    if !order.isEmpty { state.attributes[TorchExtras.records + prefix] = .strings(order) }
  }
}
