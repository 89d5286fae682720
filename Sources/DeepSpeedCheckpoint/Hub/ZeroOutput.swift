internal import ByteIO
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// The files of a ZeRO checkpoint that is being written.
///
/// Source: DeepSpeed 0.19, `runtime/zero/stage_1_and_2.py`, `stage3.py` and `engine.py`.
struct ZeroOutput {
  let content: ZeroContent
  private let ranks: Int
  let cut: ZeroCut
  private var nodes: TorchNodes { content.nodes }

  init(_ content: ZeroContent, ranks: Int) throws {
    self.content = content
    self.ranks = ranks
    cut = try ZeroCut(content, ranks: ranks)
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
    try placeModel(in: &files)
    if cut.groups.isEmpty { return files.writers }
    let isHalf = content.type == .bfloat16
    let prefix = content.record[ZeroExtras.prefix]?.text ?? (isHalf ? "bf16_" : "")
    for rank in 0..<ranks {
      let (tree, made) = try optimizer(of: rank)
      try files.add("\(prefix)zero_pp_rank_\(rank)_mp_rank_00_optim_states.pt", tree, made)
    }
    return files.writers
  }

  /// Begins the model's files.
  func placeModel(in files: inout ZeroFilesOutput) throws {
    if cut.cutsParameters {
      for rank in 0..<ranks {
        let (tree, made) = try model(of: rank)
        try files.add("zero_pp_rank_\(rank)_mp_rank_00_model_states.pt", tree, made)
      }
    } else {
      let (tree, made) = try model(of: nil)
      try files.add("mp_rank_00_model_states.pt", tree, made)
    }
  }

  // MARK: Model

  /// The model's file; of a rank where parameters are cut one by one.
  private func model(of rank: Int?) throws -> (PickleValue, [StoragePlan.Node]) {
    var made: [StoragePlan.Node] = []
    var module: [PickleItem] = content.module.map { (nodes.text($0.name), .object($0.object)) }
    var rest = content.model
    if let rank {
      let buffers = Set(
        (rest.first { $0.key.text == "buffer_names" }?.value.elements ?? [])
          .compactMap { $0.text.map(ExactName.init) }
      )
      if rank == 0 { try refuseLoss(buffers) }
      let empty = try Tensor.constant(0, content.type, .vector(0))
      module = content.module.map { name, object in
        if buffers.contains(ExactName(name)) { return (nodes.text(name), .object(object)) }
        let node = StoragePlan.Node(name: name, object: nodes.tensor(), tensor: empty)
        made.append(node)
        return (nodes.text(name), .object(node.object))
      }
      rest = try rest.map { item in
        switch item.key.text {
        case "frozen_param_fragments" where item.value.items?.isEmpty == false:
          let (value, own) = try frozen(rank)
          made += own
          return (item.key, value)
        case "shared_params" where rank > 0: return (item.key, .dictionary([]))
        default: return item
        }
      }
    }
    let shapes = cut.groups.map { group in
      nodes.ordered(group.members.map { (nodes.text($0.name), nodes.size($0.master.shape)) })
    }
    var items: [PickleItem] = [(nodes.text("module"), nodes.ordered(module))]
    if !content.isWhole {
      items += [(nodes.text("optimizer"), .none), (nodes.text("param_shapes"), .list(shapes))]
    }
    items.append((nodes.text("dp_world_size"), .int(Int64(ranks))))
    return (.dictionary(items + rest), made)
  }

  /// Refuses a model with parameters that no other file would have: those of the ranks hold what is trained.
  private func refuseLoss(_ buffers: Set<ExactName>) throws {
    func items(_ name: String) -> [PickleItem] {
      content.model.first { $0.key.text == name }?.value.items ?? []
    }
    var held = buffers.union(content.groups.flatMap(\.members).map { ExactName($0.name) })
    held.formUnion(items("frozen_param_shapes").compactMap { $0.key.text.map(ExactName.init) })
    for item in items("shared_params") {
      guard let alias = item.key.text, let source = item.value.text else { continue }
      if held.contains(ExactName(source)) { held.insert(ExactName(alias)) }
    }
    guard let lost = content.module.first(where: { !held.contains(ExactName($0.name)) }) else {
      return
    }
    throw StateError(
      .unsupported,
      "ZeRO-3 keeps parameters with the optimizer, and the state has none for this one",
      tensor: lost.name,
      remedy: "write parameters alone in another format, as --to safetensors"
    )
  }

  /// A rank's pieces of the parameters that are not trained.
  private func frozen(_ rank: Int) throws -> (PickleValue, [StoragePlan.Node]) {
    let shapes = content.model.first { $0.key.text == "frozen_param_shapes" }?.value.items ?? []
    let names = Set(shapes.compactMap { $0.key.text.map(ExactName.init) })
    var made: [StoragePlan.Node] = []
    var items: [PickleItem] = []
    for (name, object) in content.module where names.contains(ExactName(name)) {
      guard let tensor = content.tensor(object) else { continue }
      let piece = try ZeroCut.piece(of: tensor, rank, ranks)
      let node = StoragePlan.Node(name: name, object: nodes.tensor(), tensor: piece)
      made.append(node)
      items.append((nodes.text(name), .object(node.object)))
    }
    return (nodes.ordered(items), made)
  }

  // MARK: Optimizer

  /// A rank's file of the optimizer.
  func optimizer(of rank: Int) throws -> (PickleValue, [StoragePlan.Node]) {
    var made: [StoragePlan.Node] = []
    func add(_ tensor: Tensor, _ name: String) -> PickleValue {
      let node = StoragePlan.Node(name: name, object: nodes.tensor(), tensor: tensor)
      made.append(node)
      return .object(node.object)
    }
    let tensorKeys = Set(
      content.record[ZeroExtras.tensorKeys]?.elements?.compactMap(\.text) ?? ["step"]
    )
    var entries: [PickleItem] = []
    var masters: [PickleValue] = []
    for (index, group) in cut.groups.enumerated() {
      var items: [PickleItem] = try group.numbers.map { key, value in
        guard tensorKeys.contains(key), let number = value.number else {
          return (nodes.text(key), value)
        }
        return (nodes.text(key), add(try TemplateTree.scalar(number, .float32), key))
      }
      for (key, parts) in group.slots {
        items.append((nodes.text(key), add(try parts.part(of: rank), "group \(index)/\(key)")))
      }
      if !items.isEmpty { entries.append((.int(Int64(index)), .dictionary(items))) }
      masters.append(add(try group.master(of: rank), "group \(index)"))
    }
    let groups = content.groups.enumerated().map { index, group -> PickleValue in
      let own = cut.groups.indices.filter { cut.groups[$0].source == index }
      return .dictionary(
        group.settings + [(nodes.text("params"), .list(own.map { .int(Int64($0)) }))]
      )
    }
    let base = nodes.dictionary([("state", .dictionary(entries)), ("param_groups", .list(groups))])
    let state = dictionary(of: rank, base, .list(masters))
    let rest = content.record[ZeroExtras.rest]?.items ?? freshRest
    return (.dictionary([(nodes.text("optimizer_state_dict"), state)] + rest), made)
  }

  private var freshRest: [PickleItem] {
    [
      (nodes.text("ds_config"), .dictionary([])),
      (nodes.text("ds_version"), nodes.text("0.19.8")),
    ]
  }

  /// A rank's dictionary with what it says of the cut.
  private func dictionary(
    of rank: Int,
    _ base: PickleValue,
    _ masters: PickleValue
  ) -> PickleValue {
    let kept = content.record[ZeroExtras.optimizer]?.items ?? freshRecord
    let count = PickleValue.int(Int64(ranks))
    var items: [PickleItem] = kept.map { item in
      switch item.key.text {
      case "partition_count":
        (item.key, cut.cutsParameters ? count : .list(cut.groups.map { _ in count }))
      case "param_alignment_paddings":
        (item.key, .list(cut.groups.map { .list($0.gaps.map { .int(Int64($0)) }) }))
      default: item
      }
    }
    func add(_ key: String, _ value: PickleValue) { items.append((nodes.text(key), value)) }
    if cut.cutsParameters {
      add("optimizer_state_dict", base)
      add("fp32_flat_groups", masters)
    } else {
      add("base_optimizer_state", base)
      add("single_partition_of_fp32_groups", masters)
      add("group_paddings", .list(cut.groups.map { .int(Int64($0.padding(of: rank))) }))
      add("param_slice_mappings", .list(cut.groups.map { slices(of: $0, rank) }))
    }
    return .dictionary(items)
  }

  /// Where in a rank's part the parameters of a group begin, and how much of them lies there.
  private func slices(of group: ZeroCut.Group, _ rank: Int) -> PickleValue {
    let range = rank * group.part..<(rank + 1) * group.part
    let items = zip(group.members, group.starts).compactMap { member, start -> PickleItem? in
      let own = start..<start + member.master.shape.elementCount
      let common = own.clamped(to: range)
      guard !common.isEmpty else { return nil }
      let module = "deepspeed.utils.tensor_fragment"
      let call = PickleCall(
        module: module,
        name: "fragment_address",
        callable: nodes.global(module, "fragment_address"),
        arguments: .tuple([]),
        state: nodes.dictionary([
          ("numel", .int(Int64(common.count))),
          ("start", .int(Int64(common.lowerBound - range.lowerBound))),
        ]),
        isNew: true
      )
      return (nodes.text(member.name), .object(PickleObject(.call(call))))
    }
    return nodes.ordered(items)
  }

  /// What the dictionary of a new checkpoint says: no loss is scaled, and gradients are cut.
  var freshRecord: [PickleItem] {
    let module = "deepspeed.runtime.fp16.loss_scaler"
    let scaler = PickleCall(
      module: module,
      name: "LossScaler",
      callable: nodes.global(module, "LossScaler"),
      arguments: .tuple([]),
      state: nodes.dictionary([("cur_scale", .double(1)), ("dynamic", .bool(false))]),
      isNew: true
    )
    let stages = "deepspeed.runtime.zero.config"
    let stage = PickleCall(
      module: stages,
      name: "ZeroStageEnum",
      callable: nodes.global(stages, "ZeroStageEnum"),
      arguments: .tuple([.int(2)])
    )
    return [
      (nodes.text("loss_scaler"), .object(PickleObject(.call(scaler)))),
      (nodes.text("dynamic_loss_scale"), .bool(false)), (nodes.text("overflow"), .bool(false)),
      (nodes.text("clip_grad"), .double(0)),
      (nodes.text("zero_stage"), .object(PickleObject(.call(stage)))),
      (nodes.text("param_alignment_paddings"), .none), (nodes.text("partition_count"), .none),
      (nodes.text("ds_version"), nodes.text("0.19.8")),
    ]
  }
}
