internal import HDF5
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Where everything of a state goes in a weights file.
struct WeightsLayout {
  private typealias Name = KerasNames

  /// A tensor and its place.
  struct Entry {
    let path: [String]
    let tensor: Tensor
    let subject: String
  }

  /// The `vars` groups in the order in which they are made, with the name of their object.
  private(set) var groups: [(path: [String], name: String?)] = []
  private(set) var entries: [Entry] = []

  /// Paths of the variables that have slots in each optimizer's list, in the order of those.
  private let owners: [(root: [String], paths: [String])]

  /// Lays out a state that came from a weights file.
  ///
  /// - Throws: `StateError` with code `unsupported` when the state is no such one, or lacks a part of
  ///   the optimizer's list.
  init(_ state: TrainingState) throws {
    var roots = [OptimizerLists.compiled]
    if case .strings(let names) = state.attributes[Name.Attribute.optimizers], !names.isEmpty {
      roots = names.map(Name.components)
    }
    let isSeveral = roots.count > 1
    owners = roots.map { root in
      let name = isSeveral ? root.joined(separator: "/") : nil
      let owned = state.variables.filter { variable in
        variable.slots.contains {
          name == nil
            || $0.tensor.attributes[Name.Attribute.list] == name.map(AttributeValue.string)
        }
      }
      let paths =
        owned
        .map { ($0.value?.sourceName ?? "", $0.slots.compactMap(\.tensor.index).min() ?? 0) }
        .sorted { $0.1 < $1.1 }.map(\.0)
      return (root, paths)
    }
    guard case .strings(let known) = state.attributes[Name.Attribute.groups] else {
      throw StateError(
        .unsupported,
        "a weights file of Keras 3 is laid out by the classes of the layers, which this state does "
          + "not tell",
        remedy: "write it with --to keras-h5"
      )
    }
    let lists =
      try isSeveral
      ? roots.map { ($0, try optimizer($0, of: state)) } : [(roots[0], try optimizer(of: state))]
    var idle: [String] = []
    if case .strings(let names) = state.attributes[Name.Attribute.idle] { idle = names }
    let resting = state.optimizerTensors.filter { tensor in
      idle.contains { tensor.attributes[Name.Attribute.list] == .string($0) }
    }
    for text in known {
      let parts = text.split(separator: "\t", maxSplits: 1).map(String.init)
      let path = KerasNames.components(parts[0])
      if lists.contains(where: { path.starts(with: $0.0) && $0.1.isEmpty }) { continue }
      if resting.isEmpty, idle.contains(where: { path.starts(with: Name.components($0)) }) {
        continue
      }
      groups.append((path, parts.count > 1 ? parts[1] : nil))
    }
    for variable in state.variables {
      guard let value = variable.value else {
        throw StateError(
          .unsupported,
          "a Keras file keeps slots beside their variables, and this one has no value",
          tensor: variable.name,
          remedy: "convert the whole state"
        )
      }
      try add(value, variable.name)
    }
    for extra in state.extras where extra.sourceName != nil && extra.index == nil {
      try add(extra, extra.name)
    }
    for tensor in resting { try add(tensor, tensor.name) }
    for (root, list) in lists { addOptimizer(list, state, below: root) }
  }

  private mutating func add(_ tensor: StateTensor, _ subject: String) throws {
    guard let path = tensor.sourceName.map(KerasNames.components), path.count >= 2,
      path[path.count - 2] == "vars"
    else {
      throw StateError(
        .unsupported,
        "the tensor's place in the weights file is not known",
        tensor: subject
      )
    }
    entries.append(Entry(path: path, tensor: tensor.tensor, subject: subject))
  }

  // MARK: Optimizer

  /// The optimizer's own list in order, the rate put in or taken out as its record asks.
  private func optimizer(of state: TrainingState) throws -> [(tensor: StateTensor, subject: String)]
  {
    var list: [(tensor: StateTensor, subject: String)] = []
    if let step = state.globalStep {
      let tensor = try BatchCounter.tensor(of: step)
      list.append((tensor, tensor.name))
    }
    for variable in state.variables {
      list += variable.slots.map { ($0.tensor, "\(variable.name)/\($0.name)") }
    }
    for tensor in state.optimizerTensors where tensor.attributes[Name.Attribute.list] == nil {
      list.append((tensor, tensor.name))
    }
    guard !list.isEmpty else { return [] }
    list += state.extras.filter { $0.index != nil }.map { ($0, $0.name) }
    return try checked(list)
  }

  /// The list of one of several optimizers in order, counter and rate as the state has them now.
  private func optimizer(
    _ root: [String],
    of state: TrainingState
  ) throws -> [(tensor: StateTensor, subject: String)] {
    let name = root.joined(separator: "/")
    let isOwn = { (tensor: StateTensor) in
      tensor.attributes[Name.Attribute.list] == .string(name)
    }
    let tensors = state.optimizerTensors.filter(isOwn)
    guard let own = state.optimizers.first(where: { ExactName($0.name) == ExactName(name) }) else {
      guard tensors.isEmpty else {
        throw StateError(
          .unsupported,
          "the file has several optimizers, and one alone does not fill it",
          remedy: "leave --optimizer-name out"
        )
      }
      return []
    }
    var list = state.variables.flatMap { variable in
      variable.slots.filter { isOwn($0.tensor) }.map { ($0.tensor, "\(variable.name)/\($0.name)") }
    }
    let rate = KerasRate.tensor(among: tensors, of: name)
    for var tensor in tensors {
      if tensor.attributes[Name.Attribute.counter] != nil {
        var step = try GlobalStep(tensor, bytes: try tensor.tensor.bytes())
        if let value = own.step { step.value = value }
        let index = tensor.index
        tensor = try BatchCounter.tensor(of: step)
        tensor.index = index
      } else if let rate, rate.index == tensor.index,
        let value = own.record?.hyperparameters["learning_rate"]?.number,
        Double(Float(value)) != (try KerasRate.value(rate))
      {
        tensor.tensor = try KerasRate.tensor(value)
      }
      list.append((tensor, tensor.name))
    }
    return try checked(list)
  }

  /// A list in order, without a gap.
  private func checked(
    _ list: [(tensor: StateTensor, subject: String)]
  ) throws -> [(tensor: StateTensor, subject: String)] {
    var list = list
    guard list.allSatisfy({ $0.tensor.index != nil }) else {
      throw StateError(
        .unsupported,
        "a part of the optimizer did not come from this file, and its place in the list is not known",
        remedy:
          "train the model for a step before its file is taken for a template, or take its .keras archive"
      )
    }
    list.sort { ($0.tensor.index ?? 0) < ($1.tensor.index ?? 0) }
    for (place, entry) in list.enumerated() where entry.tensor.index != place {
      throw StateError(
        .unsupported,
        "the optimizer's list has a gap: Keras would take every tensor behind it for another",
        tensor: entry.subject,
        expected: "number \(place)",
        found: "number \(entry.tensor.index ?? 0)"
      )
    }
    return list
  }

  private mutating func addOptimizer(
    _ list: [(tensor: StateTensor, subject: String)],
    _ state: TrainingState,
    below root: [String]
  ) {
    guard !list.isEmpty else { return }
    let isWrapped = state.attributes[Name.Attribute.lossScale] == .bool(true)
    var base = root + ["vars"]
    if isWrapped {
      let outer = state.optimizerTensors.filter { $0.attributes[Name.Attribute.list] != nil }
        .sorted { ($0.index ?? 0) < ($1.index ?? 0) }
      // The wrapper lists the variables of the optimizer inside it behind its own.
      for (number, tensor) in (outer.map { ($0, $0.name) } + list).enumerated() {
        let path = base + ["\(number)"]
        entries.append(Entry(path: path, tensor: tensor.0.tensor, subject: tensor.1))
      }
      base = root + ["inner_optimizer", "vars"]
    }
    for (number, tensor) in list.enumerated() {
      let path = base + ["\(number)"]
      entries.append(Entry(path: path, tensor: tensor.tensor.tensor, subject: tensor.subject))
    }
  }

  /// Creates groups and datasets.
  func fill(_ file: KerasOutput) throws {
    for (path, name) in groups {
      let group = try file.group(path)
      if let name { try group.setAttribute("name", .text(name)) }
    }
    // Their order is evident from the places of the groups in Keras' own files only.
    for (root, paths) in owners where !paths.isEmpty {
      let place = root + ["vars"]
      guard groups.contains(where: { $0.path == place }) else { continue }
      try file.setNames(Name.owners, paths, of: place)
    }
    for entry in entries { try file.add(entry.tensor, at: entry.path, named: entry.subject) }
  }
}
