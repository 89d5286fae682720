internal import ByteIO
internal import Tensors
internal import TorchContainer

/// The tensors of a dictionary that is put together out of several files, each with a storage of its own.
struct TreeTensors {
  let nodes = TorchNodes()
  private(set) var storages: [ExactName: Tensor] = [:]

  /// Takes over the storages of a file, whose tensors stay what they are.
  mutating func add(_ file: TorchFile) {
    for key in file.keys { storages[key] = file.bytes(of: key) }
  }

  /// A tensor of the dictionary.
  ///
  /// - Parameters:
  ///   - tensor: Its data.
  ///   - name: What tells it from all others.
  /// - Returns: The object that describes it.
  /// - Throws: `StateError` with code `unsupported` when PyTorch has no such elements.
  mutating func object(_ tensor: Tensor, _ name: String) throws -> PickleObject {
    let object = nodes.tensor()
    // The keys of files are numbers.
    try nodes.describe(
      object,
      tensor.elementType,
      tensor.shape,
      strides: tensor.shape.rowMajorStrides,
      offset: 0,
      key: nodes.text("~\(name)"),
      byteCount: tensor.byteCount
    )
    storages[ExactName("~\(name)")] = try Tensor(
      .uint8,
      .vector(tensor.byteCount),
      source: tensor.source
    )
    return object
  }

  /// The dictionary as a file of PyTorch's would have it.
  func file(_ items: [PickleItem], _ path: String) -> TorchFile {
    let tree = PickleValue.dictionary(items)
    return TorchFile(
      path: path,
      pickle: PickleWriter.encode(tree),
      tree: tree,
      storages: storages,
      records: [],
      root: ""
    )
  }

  /// The module of stage 3, whose parameters are empty in the file: trained ones from their masters, frozen ones
  /// from the ranks' pieces, and other names of them.
  ///
  /// - Parameters:
  ///   - files: The checkpoint's files.
  ///   - models: The model's, opened.
  ///   - masters: The trained parameters.
  /// - Returns: The module.
  /// - Throws: `StateError` with code `malformed`, naming the rank's file.
  mutating func module(
    _ files: ZeroFiles,
    _ models: [TorchFile],
    _ masters: [ExactName: PickleObject]
  ) throws -> PickleValue {
    var objects = masters
    let model = models[0]
    let frozen = try ParameterShapes.list(model.tree["frozen_param_shapes"] ?? .none)
    if !frozen.isEmpty {
      let paths = files.models.map { FileSystem.path(files.folder, $0) }
      for (name, shape) in frozen {
        let layout = try ZeroLayout(
          [(name, shape)],
          gaps: [],
          ranks: models.count,
          cutsParameters: true
        )
        let pieces = try zip(models, paths).map { file, path -> Tensor in
          guard let object = file.tree["frozen_param_fragments"]?[name]?.object,
            let description = try TorchTensor(object)
          else { throw StateError(.malformed, "a rank lacks its piece", file: path, tensor: name) }
          return try file.tensor(description)
        }
        try layout.check(pieces, paths)
        let tensor = try layout.tensor(layout.members[0], from: pieces)
        objects[ExactName(name)] = try object(tensor, "\(name)/value")
      }
    }
    for item in model.tree["shared_params"]?.items ?? [] {
      guard let alias = item.key.text, let source = item.value.text else { continue }
      objects[ExactName(alias)] = objects[ExactName(source)]
    }
    let buffers = Set(
      (model.tree["buffer_names"]?.elements ?? []).compactMap { $0.text.map(ExactName.init) }
    )
    return nodes.ordered(
      try (model.tree["module"]?.items ?? []).map { item in
        guard let name = item.key.text, !buffers.contains(ExactName(name)) else { return item }
        if let made = objects[ExactName(name)] { return (item.key, .object(made)) }
        if let own = item.value.object, try TorchTensor(own)?.shape == .vector(0) {
          throw StateError(.malformed, "no rank's file has the parameter", tensor: name)
        }
        return item
      }
    )
  }
}
