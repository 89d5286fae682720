internal import ByteIO
internal import OptimizerCatalog
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

  /// The names of the optimizer's parameters in the order of its numbers.
  package private(set) var numbering: [String] = []

  private var used: Set<ObjectIdentifier> = []
  private var places: [ExactName: Int] = [:]

  package init(_ file: TorchFile, into state: TrainingState, prefix: String = "") throws {
    self.file = file
    self.state = state
    self.prefix = prefix
    survey = try TorchSurvey(file.tree)
    self.state.fault = state.fault ?? survey.fault
    var contents = state.contents ?? Contents()
    for member in TreeMember.all(in: file.tree) {
      let name = prefix + member.name
      contents.add(name, bytes: member.byteCount)
      // An object stays in the pickle, which is carried along.
      if member.kind == .object { contents.claim(name, as: .carried) }
    }
    self.state.contents = contents
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
  /// - Parameter front: What their names begin with in the state, where that has several models.
  /// - Returns: The names that they have in the model.
  /// - Throws: What reading throws.
  @discardableResult
  package mutating func addModel(behind front: String = "") throws -> [String] {
    let variables = try survey.variables()
    for (own, found) in variables {
      let name = front + own
      let value = StateTensor(name, try tensor(found), sourceName: prefix + found.path.text)
      place(name) { $0.value = value }
      used.insert(ObjectIdentifier(found))
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

  /// Adds slots, steps and records of the optimizers; what is wrong with them is noted in the state, which then has none.
  ///
  /// - Parameters:
  ///   - names: The parameters' names in the optimizer's order, where the caller knows them; of several optimizers one
  ///     after another.
  ///   - key: The name by which the file's optimizer goes among several that are in files of their own.
  ///   - orders: The orders in which the model may have its parameters; `nil` where the state's variables are in it.
  ///   - sets: The models of which one may be the optimizer's, where there are several.
  ///   - allowsOthers: Whether the optimizer may have parameters that the state's model lacks.
  ///   - given: The optimizer that the user says it is, which decides where a file could be several's.
  /// - Throws: `StateError` with code `invalidArgument` when the names given are not the optimizer's.
  ///
  /// Where it is not certain which parameter a number stands for, its slots are those of a variable that is called by the
  /// number, and that has no value.
  package mutating func addOptimizer(
    names: [String]?,
    named key: String? = nil,
    orders: [[ParameterOrder.Candidate]]? = nil,
    sets: [[ParameterOrder.Candidate]]? = nil,
    allowsOthers: Bool = false,
    given: OptimizerRecord? = nil
  ) throws {
    let before = self
    do {
      try readOptimizers(names, key, orders, sets, allowsOthers, given?.kind)
    } catch let error as StateError where error.code.concernsData {
      self = before
      state.fault = state.fault ?? error
    }
  }

  private mutating func readOptimizers(
    _ names: [String]?,
    _ key: String?,
    _ orders: [[ParameterOrder.Candidate]]?,
    _ sets: [[ParameterOrder.Candidate]]?,
    _ allowsOthers: Bool,
    _ kind: String?
  ) throws {
    for part in survey.optimizers {
      let groups = part.path.item(.string("param_groups"), 0)
      claim(groups, .record)
      for found in survey.tensors where found.path.isBelow(groups) { claim(found.path, .record) }
    }
    let tensors = Dictionary(
      survey.tensors.lazy.map { (ExactName($0.path.text), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    let optimizers = try survey.optimizers.map { try KeptState($0, tensors, number: number) }
    let known = try OptimizerNames(
      optimizers,
      variables: state.variables,
      given: names,
      orders: orders,
      sets: sets,
      allowsOthers: allowsOthers,
      key: key,
      taken: Dictionary(
        state.optimizers.flatMap { one in one.members.map { (ExactName($0), one.name) } },
        uniquingKeysWith: { first, _ in first }
      )
    )
    if !known.claims.isEmpty {
      state.attributes[TrainingState.claimsKey] = .strings(state.claims + known.claims)
    }
    numbering = zip(optimizers, known.names).flatMap { optimizer, names in
      optimizer.content.order.compactMap { names[$0] }
    }
    for (optimizer, names) in zip(optimizers, known.names) {
      let record = try add(optimizer, names, kind)
      guard key != nil || optimizers.count > 1 else {
        let (kept, order) = (optimizer.content.entries, optimizer.content.order)
        if known.areAssumed {
          state.attributes[TorchExtras.assumed + prefix] = .bool(true)
        } else if kept.count < order.count {
          state.attributes[TorchExtras.parameters + prefix] = .strings(
            order.map { names[$0] ?? "" }
          )
        }
        state.optimizer = record
        if record == nil, let rule = optimizer.content.rule {
          state.attributes[TrainingState.candidatesKey] = .strings(rule.possibleKinds)
        }
        if record == nil, optimizer.slots.allSatisfy(\.isEmpty) {
          state.attributes[TrainingState.hiddenOptimizer] = .bool(true)
        }
        return
      }
      let members = optimizer.content.order.compactMap { names[$0] }
        .filter { places[ExactName($0)] != nil }
      let steps = members.compactMap { places[ExactName($0)] }.compactMap {
        state.variables[$0].step
      }
      let step = steps.max() ?? optimizer.count
      state.optimizers.append(
        NamedOptimizer(
          key ?? optimizer.part.name,
          record: record,
          step: step,
          members: members
        )
      )
      if let part = survey.scheduler(of: optimizer.part) {
        let groups = optimizer.content.groups.map(\.settings)
        state.add(
          TorchScheduler(part.value, groups: groups),
          at: state.optimizers.count - 1,
          countsAlone: false
        )
      }
    }
    try state.checkOptimizers()
  }

  /// Adds what one optimizer keeps.
  ///
  /// - Returns: Its record, `nil` where the settings are none that are known.
  private mutating func add(
    _ optimizer: KeptState,
    _ names: [TorchOptimizer.ParameterID: String],
    _ kind: String?
  ) throws -> OptimizerRecord? {
    let rule = optimizer.content.rule?.decided(by: kind)
    if case .state? = rule?.row.counter, let common = optimizer.content.common {
      claim(common.path, .step)
      let found = survey.tensors.first { $0.path == common.path }
      if let found { used.insert(ObjectIdentifier(found)) }
    }
    for (entry, slots) in zip(optimizer.content.entries, optimizer.slots) {
      guard let name = names[entry.id] else { continue }
      try add(slots, of: entry, rule: rule, groupStep: optimizer.counts[entry.id], to: name)
    }
    let members = optimizer.content.groups.map { group in
      group.parameters.compactMap { TorchOptimizer.ParameterID($0).flatMap { names[$0] } }
    }
    let settings = optimizer.content.groups.map(\.settings)
    return try rule?.record(settings, members, number: number)
  }

  /// A number of a group's settings, which may be kept as a tensor.
  private func number(_ value: PickleValue) throws -> Double? {
    if let number = value.number { return number }
    guard let object = value.object, let description = try TorchTensor(object) else { return nil }
    return try Self.scalar(try file.tensor(description))
  }

  /// The model's parameters in the state's order: no buffers, no whole numbers, and of tied ones the first.
  package var candidates: [ParameterOrder.Candidate] { OptimizerNames.candidates(state.variables) }

  private mutating func add(
    _ slots: [(key: String, found: TorchSurvey.Found)],
    of entry: TorchOptimizer.Entry,
    rule: TorchRule?,
    groupStep: Int64?,
    to name: String
  ) throws {
    var step = entry.value["step"]?.int ?? groupStep
    var added: [Slot] = []
    let words = QuantizedWords.bitsandbytes
    for (key, found) in slots {
      if words.isPart(key), slots.contains(where: { words.parts(of: $0.key)?.has(key) == true }) {
        claim(found.path, .slot)
        used.insert(ObjectIdentifier(found))
        continue
      }
      if rule?.row.remarks.contains(key) == true {
        claim(found.path, .carried)
        continue
      }
      let eightBits = try quantized(found, key, among: slots)
      let tensor = try eightBits ?? self.tensor(found)
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
        claim(found.path, .step)
        used.insert(ObjectIdentifier(found))
        continue
      }
      let word = rule?.word(key)
      let slot = word?.slot ?? SlotName(rawValue: key)
      let shaped = try FactoredSlot.fromTorch(
        tensor,
        word ?? FactoredSlot.word(key),
        of: places[ExactName(name)].flatMap { state.variables[$0].value?.tensor.shape }
      )
      added.append(
        Slot(slot, StateTensor("\(name)/\(slot)", shaped, sourceName: prefix + found.path.text))
      )
      used.insert(ObjectIdentifier(found))
    }
    place(name) { variable in
      variable.slots += added
      if !added.isEmpty { variable.step = step }
    }
  }

  /// A slot in eight bits, put together from its parts; `nil` where a tensor is no codes.
  private func quantized(
    _ codes: TorchSurvey.Found,
    _ key: String,
    among slots: [(key: String, found: TorchSurvey.Found)]
  ) throws -> Tensor? {
    let words = QuantizedWords.bitsandbytes
    guard let parts = words.parts(of: key), codes.elementType == .uint8 else { return nil }
    do {
      let others = try [parts.scales, parts.map].map { word in
        guard let part = slots.first(where: { $0.key == word }) else {
          throw StateError(.malformed, "the slot is kept in eight bits and has no \(word)")
        }
        return try tensor(part.found)
      }
      return try Quantization(
        codes: try tensor(codes),
        scales: others[0],
        map: others[1],
        blockSize: words.blockSize
      )
      .values()
    } catch let error as StateError {
      throw error.inContext(tensor: codes.path.text)
    }
  }

  private mutating func claim(_ path: TorchPath, _ column: Account.Column) {
    state.contents?.claim(prefix + path.text, as: column)
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
    // What one of several optimizers counts is its own.
    let steps = state.optimizers.isEmpty ? state.variables.compactMap(\.step) : []
    let counted =
      survey.counter("global_step") ?? survey.counter("step") ?? steps.max() ?? schedulerStep
    if state.globalStep == nil { state.globalStep = counted.map { GlobalStep($0) } }
  }

  /// The count of the tree's scheduler, where nothing else counts and nothing says that these are epochs.
  private var schedulerStep: Int64? {
    guard state.optimizers.isEmpty, survey.optimizer != nil, let calls = scheduler?.calls,
      calls >= 0
    else { return nil }
    let epoch = survey.counter("epoch")
    return epoch.map { $0 == calls || $0 < .max && $0 + 1 == calls } ?? false ? nil : calls
  }

  private var scheduler: TorchScheduler? {
    survey.onlyScheduler.map {
      TorchScheduler($0.value, groups: survey.optimizer?.value["param_groups"]?.elements ?? [])
    }
  }

  /// Adds the schedule that the tree's scheduler says, or why it is not read, and remembers the step that it goes with.
  package mutating func addSchedule() { state.add(state.optimizers.isEmpty ? scheduler : nil) }

  /// Adds everything else: other tensors, the tree itself, and how the archive was laid out.
  package mutating func addExtras() throws {
    var sound: [TorchSurvey.Found] = []
    for found in survey.tensors {
      do {
        if !used.contains(ObjectIdentifier(found)) {
          state.extras.append(StateTensor(prefix + found.path.text, try tensor(found)))
        }
        sound.append(found)
      } catch let error as StateError where error.code.concernsData && survey.isApart(found.path) {
        state.fault = state.fault ?? error
      }
    }
    for part in survey.schedulers {
      for found in sound where found.path.isBelow(part.path) { claim(found.path, .schedule) }
    }
    for found in sound {
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
      sound.compactMap(\.view)
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
