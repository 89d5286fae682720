internal import ByteIO
internal import PyTorchCheckpoint
internal import Safetensors
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// The files of a model in a checkpoint directory that is being written.
struct ModelOutput {
  private let state: TrainingState
  private let output: OutputDirectory
  private let note: ((String) -> Void)?

  /// Whether the state came from the format that is written.
  private let isOurs: Bool

  /// Whether an index of a sharded set is carried along.
  private let hasIndex: Bool

  /// The place of the model among several.
  private let number: Int

  /// Prepares the files of a state's model.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - output: Where they go.
  ///   - isOurs: Whether the state came from the format that is written.
  ///   - number: The place of the model among several.
  ///   - note: Told of what is written differently.
  init(
    _ state: TrainingState,
    _ output: OutputDirectory,
    isOurs: Bool,
    number: Int = 0,
    note: ((String) -> Void)?
  ) {
    self.state = state
    self.output = output
    self.note = note
    self.isOurs = isOurs
    self.number = number
    hasIndex =
      number == 0
      && state.extras.contains { $0.name == TrainerFiles.carried + TrainerFiles.modelIndex }
  }

  /// The model as it was, where it was pickled.
  ///
  /// - Returns: The files, none where the model is written in safetensors.
  /// - Throws: What reading the pickles throws.
  func pickled() throws -> [(name: String, output: TorchOutput)] {
    guard isOurs, case .strings(let names)? = state.attributes[TrainerFiles.isPickled] else {
      return []
    }
    var models: [(name: String, output: TorchOutput)] = []
    for name in names where number == AccelerateFiles.kind(name)?.number ?? 0 {
      guard let template = try TemplateTree(state, prefix: name + "/") else { return [] }
      models.append((name, try template.output(state, file: name, note)))
    }
    // A model whose variables were renamed or added to is written anew.
    let placed = Set(models.flatMap { $0.output.names })
    let isWhole = state.variables.allSatisfy { variable in
      variable.value?.sourceName.map { placed.contains(ExactName($0)) } ?? true
    }
    return isWhole ? models : []
  }

  /// The model in safetensors, tied variables under their first name alone.
  ///
  /// - Returns: Where its tensors go.
  /// - Throws: `StateError` with code `unsupported` where the state has no parameter.
  func safetensors() throws -> [TensorPass.Placement] {
    var shards: [ExactName: [SafetensorsTensor]] = [:]
    for (variable, twin) in zip(state.variables, TiedVariables.find(state.variables)) {
      guard twin == nil, let value = variable.value else { continue }
      var file = AccelerateFiles.numbered(TrainerFiles.model, number)
      if isOurs, case .string(let own)? = value.attributes[TrainerFiles.shard],
        own == TrainerFiles.adapter || keepsIndex
      {
        file = own
      }
      shards[ExactName(file), default: []].append(
        try SafetensorsTensor(variable.name, value.tensor)
      )
    }
    guard !shards.isEmpty else {
      throw StateError(
        .unsupported,
        "the state has slots and no parameters, and the directory needs a model",
        remedy: "write it as pytorch"
      )
    }
    let first = shards.keys.min()
    let tied = TiedVariables.texts(state.variables)
    return try shards.sorted { $0.key < $1.key }.flatMap { name, tensors in
      try SafetensorsImage(tensors, metadata: [("format", "pt")] + (name == first ? tied : []))
        .place(in: try output.add(name.text))
    }
  }

  /// Whether the index of a sharded set still lists what there is.
  var keepsIndex: Bool {
    hasIndex
      && state.variables.allSatisfy { variable in
        guard let value = variable.value else { return true }
        return value.sourceName.map { ExactName($0) == ExactName(variable.name) } ?? false
      }
  }
}

extension TemplateTree {
  /// The file of a directory that the tree came from.
  func output(
    _ state: TrainingState,
    file name: String,
    _ note: ((String) -> Void)?
  ) throws -> TorchOutput {
    try TorchOutput(
      tree,
      tensors,
      original: original,
      nodes: nodes,
      state: state,
      prefix: name + "/",
      root: TorchLayout.stem(of: name),
      note: note
    )
  }
}
