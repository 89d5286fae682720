internal import ByteIO
internal import PyTorchCheckpoint
internal import Safetensors
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// The files of one model in a checkpoint directory: in safetensors or pickled, whole or sharded.
struct ModelFiles {
  /// Names of the files that a model may be in, the one that is taken first.
  let candidates: [String]

  /// The names of a directory's first model, or of one of several.
  ///
  /// - Parameter suffix: What stands behind the stem of each name, such as `_1`.
  init(suffix: String = "") {
    candidates = [
      "model\(suffix).safetensors", "model\(suffix).safetensors.index.json",
      "pytorch_model\(suffix).bin", "pytorch_model\(suffix).bin.index.json",
    ]
    isAdapter = false
  }

  private init(adapter names: [String]) {
    candidates = names
    isAdapter = true
  }

  /// The names of what PEFT saves of a model, which is what it adapts the model with.
  static let adapter = ModelFiles(adapter: [
    TrainerFiles.adapter, TrainerFiles.adapter + ".index.json", TrainerFiles.pickledAdapter,
    TrainerFiles.pickledAdapter + ".index.json",
  ])

  /// Whether the names are not those of a whole model, and have to be kept.
  private let isAdapter: Bool

  /// What was read.
  struct Found {
    /// The files that became part of the state.
    var names: Set<String> = []
    /// Whether the state's variables are in the model's order.
    var isOrdered = false
  }

  /// Adds the model's variables to a state.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - files: Names of the files in it.
  ///   - front: What the variables' names begin with in the state, where that has several models.
  ///   - state: The state.
  /// - Returns: What was read, `nil` where there is no model.
  /// - Throws: `StateError` when a file is malformed, or one that the index names is not there.
  func read(
    _ directory: String,
    _ files: [String],
    behind front: String = "",
    into state: inout TrainingState
  ) throws -> Found? {
    func full(_ name: String) -> String { FileSystem.path(directory, name) }
    guard let first = candidates.first(where: files.contains) else { return nil }
    var found = Found()
    switch candidates.firstIndex(of: first) {
    case 0:
      let file = try SafetensorsFile.open(full(first))
      Self.add(file.tensors, of: first, isShard: isAdapter, behind: front, to: &state)
      TiedVariables.add(file.metadata ?? [], behind: front, to: &state)
      found.names.insert(first)
    case 1:
      var texts: [(name: String, text: String)] = []
      for (name, file) in try SafetensorsSet.open(full(first)).shards {
        Self.add(file.tensors, of: name, isShard: true, behind: front, to: &state)
        texts += file.metadata ?? []
        found.names.insert(name)
      }
      TiedVariables.add(texts, behind: front, to: &state)
    case let place:
      let index = place == 2 ? nil : try ShardIndex.read(full(first)).files
      let names = index.map(Self.shards) ?? [first]
      for name in names {
        try StateError.inFile(full(name)) {
          let file = try TorchFile.open(full(name), allowing: .torch)
          var assembly = try TorchAssembly(file, into: state, prefix: name + "/")
          let added = try assembly.addModel(behind: front)
          if let index { try Self.check(added, of: name, against: index) }
          try assembly.addExtras()
          state = assembly.state
        }
        found.names.insert(name)
      }
      found.isOrdered = true
      var all = names
      if case .strings(let before)? = state.attributes[TrainerFiles.isPickled] {
        all = before + names
      }
      state.attributes[TrainerFiles.isPickled] = .strings(all)
    }
    return found
  }

  private static func add(
    _ tensors: [SafetensorsTensor],
    of file: String,
    isShard: Bool,
    behind front: String,
    to state: inout TrainingState
  ) {
    for tensor in tensors {
      let name = front + tensor.name
      var value = StateTensor(
        name,
        tensor.tensor,
        sourceName: tensor.name,
        attributes: isShard ? [TrainerFiles.shard: .string(file)] : [:]
      )
      // Two models of one class have tensors of the same names in files of their own.
      if !front.isEmpty { value.place = file + "/" + tensor.name }
      state.contents?.add(value.place ?? tensor.name, bytes: tensor.tensor.byteCount)
      state.variables.append(Variable(name, value: value))
    }
  }

  /// The files of an index in the order in which it names them first.
  private static func shards(_ index: [(tensor: String, file: String)]) -> [String] {
    var seen: Set<ExactName> = []
    return index.map(\.file).filter { seen.insert(ExactName($0)).inserted }
  }

  /// Refuses a shard that has other tensors than the index says: the one that transformers takes of two
  /// would be a matter of chance.
  private static func check(
    _ added: [String],
    of shard: String,
    against index: [(tensor: String, file: String)]
  ) throws {
    let own = index.lazy.filter { ExactName($0.file) == ExactName(shard) }
    let promised = Set(own.map { ExactName($0.tensor) })
    let found = Set(added.map(ExactName.init))
    guard let stray = found.symmetricDifference(promised).min() else { return }
    throw StateError(
      .malformed,
      found.contains(stray)
        ? "the index does not say that the tensor is in this file"
        : "the tensor is not where the index says",
      tensor: stray.text,
      expected: index.last { ExactName($0.tensor) == stray }?.file ?? "no such tensor"
    )
  }
}

extension StateError {
  /// Does something, and names the file in whatever is thrown.
  static func inFile(_ path: String, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// What a file holds, `nil` where it cannot be decoded as data; that it cannot be read is an error all the same.
  static func whereDecoded<Result>(_ body: () throws -> Result) throws -> Result? {
    do {
      return try body()
    } catch let error as StateError where error.code.concernsData {
      return nil
    }
  }
}
