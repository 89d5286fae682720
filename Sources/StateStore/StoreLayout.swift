internal import ByteIO
internal import HDF5
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// The groups and datasets of one native file, created and waiting for their data.
///
/// What is created is closed at once and opened again by its path where it is needed: an open object
/// takes libhdf5 some ten kilobytes, and a state can have a hundred thousand.
final class StoreLayout {
  /// A dataset whose bytes are still to come.
  private struct Pending {
    let tensor: NamedTensor
    let path: String
    /// Where the bytes go, `nil` for chunks.
    let offset: Int?
    let hasChecksum: Bool
  }

  private let file: HDF5File
  private let deflateLevel: Int?
  /// Paths of the groups that exist.
  private var created: Set<ExactName> = []
  /// The group that was asked for last, and those above it.
  private var open: [(component: String, group: HDF5Group)] = []
  private var pending: [Pending] = []
  private let variables: Set<ExactName>

  /// Creates a file with everything in it but the data.
  init(_ state: TrainingState, creating path: String, deflateLevel: Int?) throws {
    file = try HDF5File(creating: path)
    self.deflateLevel = deflateLevel
    variables = Set(state.variables.map { ExactName($0.name) })
    try describe(state)
    var taken: Set<ExactName> = []
    for variable in state.variables {
      var path = ""
      for component in StoreNames.components(of: variable.name) {
        path += (path.isEmpty ? "" : "/") + component
        taken.insert(ExactName(path))
      }
    }
    for (index, variable) in state.variables.enumerated() {
      try create(variable, index: index, taken: taken)
    }
    if let step = state.globalStep {
      try create(step.tensor, taken: taken, role: StoreNames.stepRole)
    }
    for tensor in state.optimizerTensors {
      try create(tensor, taken: taken, role: StoreNames.optimizerRole)
    }
    if !state.extras.isEmpty {
      let group = try file.root.createGroup(StoreNames.extras)
      for (index, extra) in state.extras.enumerated() {
        let path = [StoreNames.extras]
        let dataset = try create(extra, as: String(index), in: group, path, name: extra.name)
        try dataset.setAttribute(StoreNames.Attribute.name, .text(extra.name))
      }
    }
  }

  // MARK: Structure

  private func describe(_ state: TrainingState) throws {
    let root = file.root
    try root.setAttribute(StoreNames.Attribute.format, .text(StoreNames.format))
    try root.setAttribute(StoreNames.Attribute.version, .integer(StoreNames.version))
    try root.setAttribute(StoreNames.Attribute.createdBy, .text("optstate \(optstateVersion)"))
    try root.setAttribute(StoreNames.Attribute.sourceFormat, .text(state.origin.format))
    try root.setAttribute(
      StoreNames.Attribute.sourceFramework,
      .text(state.origin.framework.rawValue)
    )
    if let naming = state.naming {
      try root.setAttribute(StoreNames.Attribute.naming, .text(naming))
    }
    if !state.attributes.isEmpty {
      try set(state.attributes, on: try root.createGroup(StoreNames.source))
    }
    if let schedule = state.schedule {
      try describe(schedule, try root.createGroup(StoreNames.schedule))
    }
    if let optimizer = state.optimizer {
      try describe(optimizer, try root.createGroup(StoreNames.optimizer))
    }
    guard !state.optimizers.isEmpty else { return }
    let list = try root.createGroup(StoreNames.optimizers)
    for (index, optimizer) in state.optimizers.enumerated() {
      let group = try list.createGroup(String(index))
      try group.setAttribute(StoreNames.Attribute.name, .text(optimizer.name))
      try group.setAttribute(StoreNames.Attribute.members, .texts(optimizer.members))
      if let step = optimizer.step {
        try group.setAttribute(StoreNames.Attribute.step, .integer(step))
      }
      if let schedule = optimizer.schedule {
        try describe(schedule, try group.createGroup(StoreNames.ownSchedule))
      }
      if let record = optimizer.record {
        try describe(record, try group.createGroup(StoreNames.ownOptimizer))
      }
    }
  }

  private func describe(_ schedule: ScheduleRecord, _ group: HDF5Group) throws {
    try group.setAttribute(StoreNames.Attribute.kind, .text(schedule.kind))
    try set(schedule.parameters, on: group)
  }

  private func describe(_ optimizer: OptimizerRecord, _ group: HDF5Group) throws {
    try group.setAttribute(StoreNames.Attribute.kind, .text(optimizer.kind))
    try set(optimizer.hyperparameters, on: group)
    guard !optimizer.groups.isEmpty else { return }
    let list = try group.createGroup(StoreNames.groups)
    for (index, members) in optimizer.groups.enumerated() {
      let entry = try list.createGroup(String(index))
      if let name = members.name { try entry.setAttribute(StoreNames.Attribute.name, .text(name)) }
      if let kind = members.kind { try entry.setAttribute(StoreNames.Attribute.kind, .text(kind)) }
      try entry.setAttribute(StoreNames.Attribute.members, .texts(members.members))
      try set(members.overrides, on: entry)
    }
  }

  private func set(_ attributes: [String: AttributeValue], on group: HDF5Group) throws {
    for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
      try group.setAttribute(name, value.hdf5)
    }
  }

  private func create(_ variable: Variable, index: Int, taken: Set<ExactName>) throws {
    let components = StoreNames.components(of: variable.name)
    let group = try self.group(components)
    try group.setAttribute(StoreNames.Attribute.index, .integer(Int64(index)))
    if let step = variable.step {
      try group.setAttribute(StoreNames.Attribute.step, .integer(step))
    }
    if let value = variable.value {
      _ = try create(value, as: StoreNames.value, in: group, components, name: variable.name)
    }
    let path = components.joined(separator: "/")
    for slot in variable.slots {
      let plain = slot.name.rawValue
      // HDF5 would take it for a path, which may even begin at the root.
      guard !plain.utf8.contains(UInt8(ascii: "/")) else {
        throw StateError(
          .unsupported,
          "the slot '\(plain)' has a slash in its name, for which a store has no place",
          tensor: variable.name
        )
      }
      let isTaken =
        taken.contains(ExactName("\(path)/\(plain)")) || StoreNames.needsMark(plain)
      let link = isTaken ? StoreNames.slotPrefix + plain : plain
      var tensor = slot.tensor
      let quantization = tensor.tensor.quantization
      if let quantization { tensor.tensor = quantization.codes }
      let name = "\(variable.name)/\(slot.name)"
      let dataset = try create(tensor, as: link, in: group, components, name: name)
      if let quantization {
        let block = Int64(quantization.blockSize)
        try dataset.setAttribute(StoreNames.Attribute.block, .integer(block))
        for (prefix, part) in [
          (StoreNames.scalesPrefix, quantization.scales), (StoreNames.mapPrefix, quantization.map),
        ] {
          _ = try create(
            StateTensor(name, part),
            as: prefix + link,
            in: group,
            components,
            name: name
          )
        }
      }
      for (name, numbers) in slot.history.attributes {
        try dataset.setAttribute(name, .integers(numbers))
      }
    }
  }

  /// A tensor that stands by itself: a dataset at its name, or `@value` of a group where the name is
  /// also the beginning of a variable's.
  private func create(_ tensor: StateTensor, taken: Set<ExactName>, role: String) throws {
    let isStep = role == StoreNames.stepRole
    let components = isStep ? [stepComponent] : StoreNames.components(of: tensor.name)
    let isTaken = taken.contains(ExactName(components.joined(separator: "/")))
    let parents = isTaken ? components : Array(components.dropLast())
    let group = try self.group(parents)
    let name = isTaken ? StoreNames.value : components[components.count - 1]
    let dataset = try create(tensor, as: name, in: group, parents, name: tensor.name)
    try dataset.setAttribute(StoreNames.Attribute.role, .text(role))
    if isStep, ExactName(tensor.name) != ExactName(StoreNames.globalStep) {
      try dataset.setAttribute(StoreNames.Attribute.name, .text(tensor.name))
    }
  }

  /// Where the step is, whatever its source calls it.
  private var stepComponent: String {
    variables.contains(ExactName(StoreNames.globalStep))
      ? StoreNames.stepBesideVariable : StoreNames.globalStep
  }

  private func group(_ components: [String]) throws -> HDF5Group {
    let isSame = { (pair: (String, String)) in ExactName(pair.0) == ExactName(pair.1) }
    let common = zip(open.map(\.component), components).prefix(while: isSame).count
    open.removeSubrange(common...)
    for (depth, component) in components.enumerated().dropFirst(common) {
      let parent = open.last?.group ?? file.root
      let path = ExactName(components[...depth].joined(separator: "/"))
      let group =
        created.insert(path).inserted
        ? try parent.createGroup(component) : try parent.openGroup(component)
      open.append((component, group))
    }
    return open.last?.group ?? file.root
  }

  private func create(
    _ tensor: StateTensor,
    as component: String,
    in group: HDF5Group,
    _ parents: [String],
    name: String
  ) throws -> HDF5Dataset {
    let data = tensor.tensor
    let hasWidth = data.elementType.byteWidth != nil
    let dimensions = hasWidth ? data.shape.dimensions : [data.byteCount]
    let isChunked = deflateLevel != nil && data.byteCount > 0 && !dimensions.isEmpty
    let chunk = isChunked ? ChunkLayout(dimensions, width: data.elementType.byteWidth ?? 1) : nil
    let dataset = try group.createDataset(
      component,
      data.elementType,
      dimensions,
      chunk: chunk?.dimensions,
      deflateLevel: deflateLevel
    )
    if !hasWidth {
      let shape = data.shape.dimensions.map(Int64.init)
      try dataset.setAttribute(StoreNames.Attribute.shape, .integers(shape))
    }
    if let index = tensor.index {
      try dataset.setAttribute(StoreNames.Attribute.index, .integer(Int64(index)))
    }
    if let sourceName = tensor.sourceName {
      try dataset.setAttribute(StoreNames.Attribute.sourceName, .text(sourceName))
    }
    for (key, value) in tensor.attributes.sorted(by: { $0.key < $1.key }) {
      try dataset.setAttribute(key, value.hdf5)
    }
    // A sum on record is verified while the bytes are copied, so it can be written ahead of them.
    let known = data.byteCount == 0 ? 0 : data.checksum
    if let known { try dataset.setAttribute(StoreNames.Attribute.checksum, .unsigned(known)) }
    if data.byteCount > 0 {
      pending.append(
        Pending(
          tensor: NamedTensor(name, data),
          path: (parents + [component]).joined(separator: "/"),
          offset: isChunked ? nil : try dataset.offset(),
          hasChecksum: known != nil
        )
      )
    }
    return dataset
  }

  // MARK: Data

  /// Gives every dataset its bytes and its checksum.
  func fill(_ path: String, progress: TensorPass.Progress?) throws {
    try file.flush()
    let target = try PositionalFile.openForWriting(path)
    let contiguous = pending.filter { $0.offset != nil }
    let placements = contiguous.map {
      TensorPass.Placement($0.tensor, file: target, offset: $0.offset ?? 0)
    }
    for (entry, sum) in zip(contiguous, try TensorPass.copy(placements, progress: progress)) {
      try finish(entry, sum)
    }
    if let deflateLevel {
      let chunked = pending.filter { $0.offset == nil }
      let writer = ChunkWriter(level: deflateLevel, progress: progress)
      let root = file.root
      let paths = chunked.map(\.path)
      let sums = try writer.write(chunked.map(\.tensor)) { try root.openDataset(paths[$0]) }
      for (entry, sum) in zip(chunked, sums) { try finish(entry, sum) }
    }
    try file.close()
  }

  private func finish(_ entry: Pending, _ sum: CRC32C) throws {
    if !entry.hasChecksum {
      let dataset = try file.root.openDataset(entry.path)
      try dataset.setAttribute(StoreNames.Attribute.checksum, .unsigned(sum.value))
    }
  }
}
