internal import ByteIO
internal import OptimizerCore
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// The files of a distributed checkpoint that is being written.
struct DistributedOutput {
  private let state: TrainingState
  private let ranks: Int
  private let output: OutputDirectory
  private let options: WriteOptions

  /// A dictionary to be saved, and the directory that it goes to.
  private struct Part {
    let directory: String
    let tree: PickleValue
    let tensors: [StoragePlan.Node]
    let nodes: TorchNodes
  }

  init(_ state: TrainingState, ranks: Int, _ output: OutputDirectory, _ options: WriteOptions) {
    self.state = state
    self.ranks = ranks
    self.output = output
    self.options = options
  }

  /// Writes all files.
  func write() throws {
    let kept = try keptParts()
    if kept == nil, state.origin == StateFormat.distributed.origin {
      options.note?(
        "the variables are no longer those of the checkpoint that they came from: its dictionaries "
          + "are left"
      )
    }
    var writers: [ZipWriter] = []
    for part in try kept ?? [freshPart()] {
      var saved = SavedDictionary(part.nodes, opaque: opaque(of: part.directory))
      try saved.flatten(part.tree, part.tensors)
      writers += try DistributedLayout(saved.items, part.nodes, ranks: ranks)
        .place(in: output, at: part.directory)
    }
    var placements: [TensorPass.Placement] = []
    for extra in state.extras where kept != nil {
      let mark = DistributedExtras.file
      guard extra.name.utf8.starts(with: mark.utf8) else { continue }
      let name = String(extra.name.dropFirst(mark.count))
      if name.hasSuffix(".distcp") {
        options.note?("\(name) is a file of another save: it is left out")
        continue
      }
      let file = try output.add(name)
      placements.append(.init(NamedTensor(extra.name, extra.tensor), file: file, offset: 0))
    }
    _ = try TensorPass.copy(placements)
    try ZipWriter.finish(writers, progress: options.progress)
  }

  /// The objects of a part that nobody here can read, by their items' names.
  private func opaque(of directory: String) -> [ExactName: Tensor] {
    let mark = directory + DistributedExtras.object
    return Dictionary(
      state.extras.filter { $0.name.utf8.starts(with: mark.utf8) }
        .map { (ExactName(String($0.name.dropFirst(mark.count))), $0.tensor) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// The dictionaries that the state came with, `nil` where they no longer hold its variables.
  private func keptParts() throws -> [Part]? {
    guard state.origin == StateFormat.distributed.origin,
      case .strings(let directories)? = state.attributes[DistributedExtras.parts]
    else { return nil }
    var parts: [Part] = []
    var hasScheduler = false
    for directory in directories {
      guard let template = try TemplateTree(state, prefix: directory, options: options) else {
        return nil
      }
      hasScheduler = hasScheduler || template.hasScheduler
      var tree = template.tree
      if case .strings(let places)? = state.attributes[DistributedExtras.flattened + directory] {
        tree = FlatOptimizer.folded(tree, template.nodes, TorchPath(), at: Set(places))
      }
      parts.append(
        Part(
          directory: directory,
          tree: tree,
          tensors: template.tensors,
          nodes: template.nodes
        )
      )
    }
    let placed = Set(parts.flatMap { $0.tensors.map { ExactName($0.name) } })
    let isWhole = state.variables.allSatisfy { variable in
      guard let value = variable.value else { return true }
      guard let source = value.sourceName, placed.contains(ExactName(source)) else { return false }
      // Variables of one directory are compared with its dictionary; of several, by the ends of their names.
      return directories == [""] || source.hasSuffix("/" + variable.name)
    }
    guard isWhole else { return nil }
    if state.schedule != nil, directories != [""], !hasScheduler {
      options.note?("the checkpoint has no scheduler: the state's schedule is not written")
    }
    return parts
  }

  /// New dictionaries, what the optimizer keeps under the names of the parameters.
  private func freshPart() throws -> Part {
    PyTorchWriter.noteExtras(state, options.note)
    var own = state
    own.extras = []
    own.attributes = state.attributes.filter { $0.key == TrainingState.keepsSteps }
    let fresh = try FreshTree(own, note: options.note)
    let nodes = fresh.nodes
    var tree = fresh.tree
    if case .dictionary(let items)? = tree.object?.content,
      items.contains(where: { $0.key.text == "model" })
    {
      tree = .dictionary(
        items.map { item in
          guard item.key.text == "optimizer" else { return item }
          return (nodes.text("optim"), Self.named(item.value, fresh.names, nodes))
        }
      )
    } else {
      tree = nodes.dictionary([("model", tree)])
    }
    return Part(directory: "", tree: tree, tensors: fresh.tensors, nodes: nodes)
  }

  /// An optimizer's dictionary with names where it has numbers.
  private static func named(
    _ optimizer: PickleValue,
    _ names: [String],
    _ nodes: TorchNodes
  ) -> PickleValue {
    func name(_ value: PickleValue) -> PickleValue {
      guard let number = value.int, names.indices.contains(Int(number)) else { return value }
      return nodes.text(names[Int(number)])
    }
    let state = (optimizer["state"]?.items ?? []).map { (name($0.key), $0.value) }
    let groups = (optimizer["param_groups"]?.elements ?? []).map { group -> PickleValue in
      .dictionary(
        (group.items ?? []).map { item in
          guard item.key.text == "params" else { return item }
          return (item.key, .list((item.value.elements ?? []).map(name)))
        }
      )
    }
    return nodes.dictionary([("state", .dictionary(state)), ("param_groups", .list(groups))])
  }
}
