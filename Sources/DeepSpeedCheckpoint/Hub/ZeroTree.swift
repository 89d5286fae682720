internal import ByteIO
internal import Tensors
internal import TorchContainer

/// A ZeRO checkpoint as one dictionary: the model's file with the optimizer in it, every tensor put together from the
/// ranks' parts, and what is kept for parameters under their names.
struct ZeroTree {
  private var tensors = TreeTensors()
  private var nodes: TorchNodes { tensors.nodes }

  /// Numbers that the files keep as tensors.
  private var tensorKeys: [String] = []

  /// A value of the state of an optimizer.
  private typealias Entry = (key: String, value: PickleValue)

  /// Builds the dictionary of a checkpoint.
  ///
  /// - Parameter files: The checkpoint's files.
  /// - Returns: The dictionary as a file of PyTorch's would have it.
  /// - Throws: `StateError` with code `malformed` when the files contradict one another, naming the rank's.
  static func read(_ files: ZeroFiles) throws -> TorchFile {
    var tree = ZeroTree()
    return try tree.build(files)
  }

  private mutating func build(_ files: ZeroFiles) throws -> TorchFile {
    let models = try files.models.map { try files.open($0) }
    let model = models[0]
    guard model.tree["module"]?.items != nil else {
      throw StateError(
        .malformed,
        "the model's file has no module",
        file: FileSystem.path(files.folder, files.models[0])
      )
    }
    let ranks = try ZeroRanks(files)
    tensors.add(model)
    try ZeroSave.check(files, ranks, models)
    var optimizer: PickleValue?
    var module = model.tree["module"] ?? .none
    if !ranks.ranks.isEmpty {
      let shapes = try ParameterShapes.groups(model.tree["param_shapes"])
      let (made, masters) = try self.optimizer(ranks, shapes, module)
      optimizer = made
      if ranks.cutsParameters {
        var objects: [ExactName: PickleObject] = [:]
        for (name, tensor) in masters {
          objects[name] = try tensors.object(tensor, "\(name.text)/value")
        }
        module = try tensors.module(files, models, objects)
      }
    }
    var items = (model.tree.items ?? []).filter { item in
      !["module", "optimizer"].contains(item.key.text ?? "")
    }
    items.insert((nodes.text("module"), module), at: 0)
    let own = model.tree["optimizer"].flatMap { $0.isNone ? nil : $0 }
    if let optimizer = optimizer ?? own { items.append((nodes.text("optimizer"), optimizer)) }
    if let rank = ranks.ranks.first {
      items.append((nodes.text(ZeroExtras.record), try record(rank, model)))
    }
    return tensors.file(items, files.folder)
  }

  // MARK: Optimizer

  /// The optimizer's dictionary under the parameters' names, and the masters by name.
  private mutating func optimizer(
    _ ranks: ZeroRanks,
    _ shapes: [[(name: String, shape: Shape)]],
    _ module: PickleValue
  ) throws -> (PickleValue, [ExactName: Tensor]) {
    var entries: [PickleItem] = []
    var masters: [ExactName: Tensor] = [:]
    let paths = ranks.ranks.map(\.path)
    for (group, members) in shapes.enumerated() {
      let layout = try ZeroLayout(
        members,
        gaps: Self.gaps(ranks.ranks[0].state, group),
        ranks: ranks.ranks.count,
        cutsParameters: ranks.cutsParameters
      )
      let found = try ranks.ranks.map { try ranks.master($0, group) }
      let copies = found.compactMap { $0 }
      guard copies.count == found.count else {
        throw StateError(.malformed, "a rank lacks its part of the float32 parameters")
      }
      try layout.check(copies, paths)
      let (flat, plain) = try slots(ranks, group, layout)
      for member in layout.members {
        let master = try layout.tensor(member, from: copies)
        masters[ExactName(member.name)] = master
        var items = plain.map { (nodes.text($0.key), $0.value) }
        for (key, parts) in flat {
          let tensor = try layout.tensor(member, from: parts)
          items.append(
            (nodes.text(key), .object(try tensors.object(tensor, "\(member.name)/\(key)")))
          )
        }
        if !ranks.cutsParameters, try !isFloat32(module[member.name]) {
          let name = "\(member.name)/\(ZeroExtras.master)"
          items.append((nodes.text(ZeroExtras.master), .object(try tensors.object(master, name))))
        }
        if !items.isEmpty { entries.append((nodes.text(member.name), .dictionary(items))) }
      }
    }
    let ordered = RoundRobin.inModelOrder(
      shapes,
      ranks: ranks.cutsParameters ? 0 : ranks.ranks.count,
      config: ranks.ranks[0].file.tree["ds_config"]
    )
    let groups = self.groups(ranks, ordered)
    return (
      nodes.dictionary([("state", .dictionary(entries)), ("param_groups", .list(groups))]), masters
    )
  }

  private func isFloat32(_ value: PickleValue?) throws -> Bool {
    guard let object = value?.object, let tensor = try TorchTensor(object) else { return true }
    return tensor.elementType == .float32
  }

  private static func gaps(_ state: PickleValue, _ group: Int) -> [Int] {
    guard let lists = state["param_alignment_paddings"]?.elements, lists.indices.contains(group)
    else { return [] }
    return (lists[group].elements ?? []).compactMap { $0.int.flatMap { Int(exactly: $0) } }
  }

  /// What all ranks keep for a group: flat tensors by kind, and numbers that they agree on.
  private mutating func slots(
    _ ranks: ZeroRanks,
    _ group: Int,
    _ layout: ZeroLayout
  ) throws -> (flat: [(key: String, parts: [Tensor])], plain: [Entry]) {
    let entries = ranks.ranks.map { ranks.entry($0, group)?.items ?? [] }
    var flat: [(key: String, parts: [Tensor])] = []
    var plain: [Entry] = []
    for item in entries[0] {
      guard let key = item.key.text else { continue }
      let values = try zip(ranks.ranks, entries).map { rank, own -> PickleValue in
        guard let value = own.first(where: { $0.key.text == key })?.value else {
          throw StateError(
            .malformed,
            "the rank lacks '\(key)', which others have",
            file: rank.path
          )
        }
        return value
      }
      let tensors = try zip(ranks.ranks, values).compactMap { try ranks.tensor($1, $0) }
      if tensors.count == values.count, tensors[0].shape.rank == 1 {
        try layout.check(tensors, ranks.ranks.map(\.path))
        flat.append((key, tensors))
        continue
      }
      plain.append((key, try agreed(key, values, ranks)))
    }
    return (flat, plain)
  }

  /// A number that all ranks must have in common; one of the first rank's file, as its own.
  private mutating func agreed(
    _ key: String,
    _ values: [PickleValue],
    _ ranks: ZeroRanks
  ) throws -> PickleValue {
    var first: Double?
    for (rank, value) in zip(ranks.ranks, values) {
      var number = value.number
      if let tensor = try ranks.tensor(value, rank) {
        number = try tensor.scalar()
        if !tensorKeys.contains(key) { tensorKeys.append(key) }
      }
      guard let number else { return values[0].object == nil ? values[0] : .none }
      if let first, first != number {
        throw ZeroSave.otherMoment(rank.path, key, expected: first, found: number)
      }
      first = number
    }
    guard let first else { return .none }
    return Int64(exactly: first).map { .int($0) } ?? .double(first)
  }

  /// The groups' settings with the names of their parameters.
  private func groups(
    _ ranks: ZeroRanks,
    _ shapes: [[(name: String, shape: Shape)]]
  ) -> [PickleValue] {
    let settings = ranks.ranks.first.map(ranks.settings(of:)) ?? []
    func names(_ groups: some Sequence<Int>) -> PickleValue {
      .list(
        groups.flatMap { shapes.indices.contains($0) ? shapes[$0] : [] }.map { nodes.text($0.name) }
      )
    }
    if settings.isEmpty {
      return shapes.indices.map { nodes.dictionary([("params", names([$0]))]) }
    }
    return settings.map { group in
      .dictionary(
        (group.items ?? []).map { item in
          guard item.key.text == "params" else { return item }
          let own = (item.value.elements ?? []).compactMap { $0.int.flatMap { Int(exactly: $0) } }
          return (item.key, names(own))
        }
      )
    }
  }

  /// What the first rank's file says beside parameters and slots.
  private func record(_ rank: ZeroRanks.Rank, _ model: TorchFile) throws -> PickleValue {
    let apart: Set = [
      "base_optimizer_state", "single_partition_of_fp32_groups", "fp32_flat_groups",
      "optimizer_state_dict", "param_slice_mappings", "group_paddings",
    ]
    let own = (rank.state.items ?? []).filter { !apart.contains($0.key.text ?? "") }
    let rest = (rank.file.tree.items ?? []).filter { $0.key.text != "optimizer_state_dict" }
    let half = try ParameterShapes.computeType(model.tree)
    return nodes.dictionary([
      (ZeroExtras.optimizer, .dictionary(own)), (ZeroExtras.rest, .dictionary(rest)),
      (ZeroExtras.tensorKeys, .list(tensorKeys.map { nodes.text($0) })),
      (ZeroExtras.type, nodes.text(try TorchType.name(of: half))),
      (ZeroExtras.prefix, nodes.text(rank.name.hasPrefix("bf16_") ? "bf16_" : "")),
    ])
  }
}

extension Tensor {
  /// The number in a tensor of one element, `nil` where it is none.
  fileprivate func scalar() throws -> Double? {
    guard shape.elementCount == 1, elementType.isNumeric else { return nil }
    try TensorPass.verifyOrigins(of: [NamedTensor("number", self)])
    let bytes = try cast(to: .float64).bytes(limit: 8)
    return Double(bitPattern: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
}
