internal import ByteIO
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer

/// A universal checkpoint as the dictionary that ``ZeroTree`` makes of the ranks' files: a folder for each parameter has
/// its float32 numbers and what is kept for it.
///
/// Source: DeepSpeed 0.19, `checkpoint/ds_to_universal.py`.
struct UniversalTree {
  /// The file in the folder of parameters that has the optimizer's own record.
  static let record = "optimizer_state.pt"

  /// The folder of parameters.
  static let folder = "zero"

  private var tensors = TreeTensors()
  private var nodes: TorchNodes { tensors.nodes }

  /// Builds the dictionary of a checkpoint.
  ///
  /// - Parameter files: The model's files, beside which the folder of parameters is.
  /// - Returns: The dictionary as a file of PyTorch's would have it.
  /// - Throws: `StateError` with code `notFound` when a file is missing, `malformed` when one has other numbers than
  ///   the parameter that it is of.
  static func read(_ files: ZeroFiles) throws -> TorchFile {
    var tree = UniversalTree()
    return try tree.build(files)
  }

  private mutating func build(_ files: ZeroFiles) throws -> TorchFile {
    let models = try files.models.map { try files.open($0) }
    let model = models[0]
    tensors.add(model)
    let name = "\(Self.folder)/\(Self.record)"
    let common = try files.open(name)
    guard common.tree.items != nil else {
      throw StateError(
        .malformed,
        "the record of the optimizer is no dictionary",
        file: FileSystem.path(files.folder, name)
      )
    }
    let shapes = try ParameterShapes.groups(model.tree["param_shapes"])
    let isFlat = common.tree["optimizer_state_dict"] != nil
    let base = common.tree["optimizer_state_dict"]
    let steps = base?["state"]?.items ?? []
    var entries: [PickleItem] = []
    var masters: [ExactName: PickleObject] = [:]
    for (group, members) in shapes.enumerated() {
      let step = steps.first { $0.key.int == Int64(group) }?.value["step"]
      let count = try step.flatMap { try number($0, common) }
      for (name, shape) in members {
        var items: [PickleItem] = []
        if let count { items.append((nodes.text("step"), count)) }
        for (key, value) in try parameter(name, shape, files) {
          if key == "fp32", isFlat { masters[ExactName(name)] = value.object }
          if key == "fp32", try isFlat || isFloat32(model.tree["module"]?[name]) { continue }
          items.append((nodes.text(key == "fp32" ? ZeroExtras.master : key), value))
        }
        entries.append((nodes.text(name), .dictionary(items)))
      }
    }
    var items = (model.tree.items ?? []).filter { !["module", "optimizer"].contains($0.key.text) }
    let module = try isFlat ? tensors.module(files, models, masters) : model.tree["module"] ?? .none
    items.insert((nodes.text("module"), module), at: 0)
    let settings = (base ?? common.tree)["param_groups"]?.elements ?? []
    let world = common.tree["partition_count"]?.elements?.first?.int ?? 0
    let ordered = RoundRobin.inModelOrder(
      shapes,
      ranks: Int(clamping: min(world, Int64(Limits[.files]))),
      config: model.tree["ds_config"]
    )
    let groups = settings.map { group -> PickleValue in
      .dictionary(
        (group.items ?? []).map { item in
          guard item.key.text == "params" else { return item }
          let own = (item.value.elements ?? []).compactMap { $0.int.flatMap { Int(exactly: $0) } }
          let names = own.flatMap { ordered.indices.contains($0) ? ordered[$0] : [] }
          return (item.key, .list(names.map { nodes.text($0.name) }))
        }
      )
    }
    let optimizer = nodes.dictionary([
      ("state", .dictionary(entries)), ("param_groups", .list(groups)),
    ])
    items.append((nodes.text("optimizer"), optimizer))
    items.append((nodes.text(ZeroExtras.record), try record(common, model)))
    return tensors.file(items, files.folder)
  }

  /// Whether a parameter's name is that of a folder below another.
  static func isFolder(_ name: String) -> Bool {
    let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return parts.allSatisfy { part in
      !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
    }
  }

  /// What is kept for a parameter, by the names of its files without their end, in their order.
  private mutating func parameter(
    _ name: String,
    _ shape: Shape,
    _ files: ZeroFiles
  ) throws -> [(key: String, value: PickleValue)] {
    guard Self.isFolder(name) else {
      throw StateError(.malformed, "the parameter's name leads out of the folder", tensor: name)
    }
    let folder = "\(Self.folder)/\(name)"
    let path = FileSystem.path(files.folder, folder)
    let present = FileSystem.kind(of: path) == .directory ? try FileSystem.names(in: path) : []
    let names = present.filter { $0.hasSuffix(".pt") }.sorted { one, other in
      (one == "step.pt" ? 0 : 1, one) < (other == "step.pt" ? 0 : 1, other)
    }
    guard names.contains("fp32.pt") else {
      throw StateError(
        .notFound,
        "the parameter's numbers are missing",
        file: FileSystem.path(path, "fp32.pt"),
        tensor: name
      )
    }
    return try names.map { file in
      let key = String(file.dropLast(3))
      let opened = try files.open("\(folder)/\(file)")
      let held = opened.tree["param"] ?? opened.tree
      if key == "step" { return (key, try number(held, opened) ?? .none) }
      for mark in ["vocab_tensor", "param_n_sub_params", "sub_param_shape"]
      where opened.tree.items != nil && opened.tree[mark] != nil {
        throw StateError(
          .unsupported,
          "the parameter was put together from tensor-parallel parts, as '\(mark)' says",
          file: FileSystem.path(path, file),
          tensor: name
        )
      }
      guard let object = held.object, let description = try TorchTensor(object) else {
        throw StateError(.malformed, "the file holds no tensor", file: FileSystem.path(path, file))
      }
      let tensor = try opened.tensor(description)
      guard tensor.shape == shape || tensor.shape == .vector(shape.elementCount) else {
        throw StateError(
          .malformed,
          "the file has another shape than the parameter",
          file: FileSystem.path(path, file),
          tensor: name,
          expected: "\(shape)",
          found: "\(tensor.shape)"
        )
      }
      let made = try tensors.object(try tensor.reshaped(shape), "\(name)/\(key)")
      return (key, .object(made))
    }
  }

  private func isFloat32(_ value: PickleValue?) throws -> Bool {
    guard let object = value?.object, let tensor = try TorchTensor(object) else { return true }
    return tensor.elementType == .float32
  }

  /// A number, whether it is kept as one or as a tensor.
  private func number(_ value: PickleValue, _ file: TorchFile) throws -> PickleValue? {
    var number = value.number
    if let object = value.object, let description = try TorchTensor(object) {
      number = try TorchAssembly.scalar(try file.tensor(description))
    }
    return number.map { number in Int64(exactly: number).map { .int($0) } ?? .double(number) }
  }

  /// What the common file says beside parameters and slots.
  private func record(_ common: TorchFile, _ model: TorchFile) throws -> PickleValue {
    let apart: Set = [
      "optimizer_state_dict", "fp32_flat_groups", "param_groups", "group_paddings",
    ]
    let own = (common.tree.items ?? []).filter { !apart.contains($0.key.text ?? "") }
    let half = try ParameterShapes.computeType(model.tree)
    let rest = ["ds_config", "ds_version"].compactMap { key in
      model.tree[key].map { (key, $0) }
    }
    return nodes.dictionary([
      (ZeroExtras.optimizer, .dictionary(own)), (ZeroExtras.rest, nodes.dictionary(rest)),
      (ZeroExtras.tensorKeys, .list([nodes.text("step")])),
      (ZeroExtras.type, nodes.text(try TorchType.name(of: half))),
    ])
  }
}
