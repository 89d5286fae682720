internal import ByteIO
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer

/// The files of a universal checkpoint that is being written.
///
/// Source: DeepSpeed 0.19, `checkpoint/ds_to_universal.py`.
struct UniversalOutput {
  private let content: ZeroContent
  private let zero: ZeroOutput
  private var nodes: TorchNodes { content.nodes }

  init(_ content: ZeroContent, ranks: Int) throws {
    self.content = content
    zero = try ZeroOutput(content, ranks: ranks)
  }

  /// Begins all files.
  ///
  /// - Parameters:
  ///   - output: The directory.
  ///   - folder: The path in it, with `/` at its end.
  /// - Returns: What writes them.
  /// - Throws: `StateError` with code `unsupported` when torch has no such elements.
  func place(in output: OutputDirectory, at folder: String) throws -> [ZipWriter] {
    var files = ZeroFilesOutput(content, output, folder)
    try zero.placeModel(in: &files)
    let cutsParameters = zero.cut.cutsParameters
    let isStep = Set(
      content.record[ZeroExtras.tensorKeys]?.elements?.compactMap(\.text) ?? ["step"]
    )
    .contains("step")
    let names = content.groups.flatMap(\.members).map(\.name) + content.module.map(\.name)
    if let name = names.first(where: { !UniversalTree.isFolder($0) }) {
      throw StateError(
        .unsupported,
        "a universal checkpoint has a folder for each parameter, and the name leads out of it",
        tensor: name,
        remedy: "pass --naming huggingface, or a map of your own"
      )
    }
    var trained: Set<ExactName> = []
    for member in content.groups.flatMap(\.members) {
      trained.insert(ExactName(member.name))
      let own = "\(UniversalTree.folder)/\(member.name)/"
      for (key, tensor) in [("fp32", member.master)] + member.slots {
        let flat = Shape.vector(tensor.shape.elementCount)
        let shaped =
          try cutsParameters ? tensor.reshaped(flat) : tensor.reshaped(member.master.shape)
        let (value, made) = held(shaped, isBare: cutsParameters, hasDimension: true)
        try files.add("\(own)\(key).pt", value, made)
      }
      if !cutsParameters, let step = member.numbers.first(where: { $0.key == "step" })?.value.number
      {
        let scalar = try TemplateTree.scalar(step, .float32)
        let (value, made) = held(scalar, isBare: true, hasDimension: false)
        try files.add("\(own)step.pt", isStep ? value : .int(Int64(step)), isStep ? made : [])
      }
    }
    if !cutsParameters {
      for (name, object) in content.module where !trained.contains(ExactName(name)) {
        guard let tensor = content.tensor(object), tensor.elementType.isFloatingPoint else {
          continue
        }
        let (value, made) = held(try tensor.cast(to: .float32), isBare: false, hasDimension: false)
        try files.add("\(UniversalTree.folder)/\(name)/fp32.pt", value, made)
      }
    }
    let (tree, made) = try common()
    try files.add("\(UniversalTree.folder)/\(UniversalTree.record)", tree, made)
    return files.writers
  }

  /// A tensor as its file has it.
  private func held(
    _ tensor: Tensor,
    isBare: Bool,
    hasDimension: Bool
  ) -> (PickleValue, [StoragePlan.Node]) {
    let node = StoragePlan.Node(name: "param", object: nodes.tensor(), tensor: tensor)
    if isBare { return (.object(node.object), [node]) }
    var items: [(String, PickleValue)] = hasDimension ? [("cat_dim", .int(0))] : []
    items.append(("param", .object(node.object)))
    return (nodes.dictionary(items), [node])
  }

  /// The file with what is not any parameter's own: the first rank's dictionary, of stages 1 and 2 without its flat
  /// tensors.
  private func common() throws -> (PickleValue, [StoragePlan.Node]) {
    let (file, made) = try zero.optimizer(of: 0)
    let state = file["optimizer_state_dict"] ?? .none
    let base = state["optimizer_state_dict"] ?? state["base_optimizer_state"]
    var items = state.items ?? []
    items.append((nodes.text("param_groups"), base?["param_groups"] ?? .list([])))
    if zero.cut.cutsParameters { return (.dictionary(items), made) }
    let apart: Set = [
      "base_optimizer_state", "single_partition_of_fp32_groups", "param_slice_mappings",
    ]
    return (.dictionary(items.filter { !apart.contains($0.key.text ?? "") }), [])
  }
}
