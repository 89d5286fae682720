internal import OptimizerCore
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// What a checkpoint of DeepSpeed's is to hold, in the order of its dictionaries, before it is cut.
struct ZeroContent {
  /// A group of parameters.
  struct Group {
    let settings: [PickleItem]
    var members: [Member]
  }

  /// A trained parameter: its float32 numbers, and what is kept for it.
  struct Member {
    let name: String
    let master: Tensor
    let slots: [(key: String, tensor: Tensor)]
    let numbers: [(key: String, value: PickleValue)]
  }

  let nodes: TorchNodes

  /// The model's file without module, optimizer and shapes.
  let model: [PickleItem]

  /// The model's tensors in its order.
  let module: [(name: String, object: PickleObject)]

  let groups: [Group]

  /// Whether the model's file has the optimizer too, as without ZeRO.
  let isWhole: Bool

  /// What the ranks' files have beside parameters and slots.
  let record: PickleValue

  /// The tensors of all objects.
  let tensors: [StoragePlan.Node]

  private let data: [ObjectIdentifier: Tensor]

  /// Collects a state's content.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - note: Told of what is written differently from the source.
  /// - Throws: `StateError` with code `unsupported` when the format cannot hold it.
  init(_ state: TrainingState, note: ((String) -> Void)?) throws {
    if [StateFormat.deepSpeed.origin, StateFormat.deepSpeedUniversal.origin].contains(state.origin),
      let template = try TemplateTree(state, allowing: .any)
    {
      Self.count(template.tree, state)
      try self.init(template.tree, template.tensors, template.nodes, names: [], state, isOurs: true)
      return
    }
    PyTorchWriter.noteExtras(state, note)
    var own = state
    own.extras = []
    own.attributes = state.attributes.filter { $0.key == TrainingState.keepsSteps }
    for index in own.variables.indices {
      own.variables[index].slots.removeAll { $0.name.rawValue == ZeroExtras.master }
    }
    let fresh = try FreshTree(own, note: note)
    var tree = fresh.tree
    if tree["model"] == nil { tree = fresh.nodes.dictionary([("model", tree)]) }
    try self.init(tree, fresh.tensors, fresh.nodes, names: fresh.names, state, isOurs: false)
  }

  private init(
    _ tree: PickleValue,
    _ tensors: [StoragePlan.Node],
    _ nodes: TorchNodes,
    names: [String],
    _ state: TrainingState,
    isOurs: Bool
  ) throws {
    self.nodes = nodes
    self.tensors = tensors
    let data = Dictionary(
      tensors.map { (ObjectIdentifier($0.object), $0.tensor) },
      uniquingKeysWith: { first, _ in first }
    )
    self.data = data
    let module = (tree[isOurs ? "module" : "model"]?.items ?? []).compactMap {
      item -> (name: String, object: PickleObject)? in
      guard let name = item.key.text, let object = item.value.object else { return nil }
      return (name, object)
    }
    guard !module.isEmpty else {
      throw StateError(.unsupported, "DeepSpeed's checkpoints hold a model, and the state has none")
    }
    self.module = module
    record = tree[ZeroExtras.record] ?? .none
    isWhole = isOurs && record.isNone
    var apart: Set = ["module", "dp_world_size"]
    if !isWhole { apart.formUnion(["optimizer", "param_shapes", ZeroExtras.record]) }
    model =
      isOurs
      ? (tree.items ?? []).filter { !apart.contains($0.key.text ?? "") }
      : try Self.freshModel(tree, nodes, module, data, state)
    groups =
      isWhole ? [] : try Self.groups(tree["optimizer"], module, data, names, state, nodes)
  }

  /// Brings what the engine counts to the state's step: updates with those that it skipped, and the examples in them.
  private static func count(_ tree: PickleValue, _ state: TrainingState) {
    guard let move = ZeroExtras.move(of: state), move != 0, let steps = tree["global_steps"]?.int
    else { return }
    let (moved, overflow) = steps.addingReportingOverflow(move)
    if overflow { return }
    tree.replace("global_steps", with: .int(moved))
    if let samples = tree["global_samples"]?.int, steps > 0, samples % steps == 0 {
      let (all, overflows) = (samples / steps).multipliedReportingOverflow(by: moved)
      if !overflows { tree.replace("global_samples", with: .int(all)) }
    }
  }

  /// The tensor of an object.
  func tensor(_ object: PickleObject) -> Tensor? { data[ObjectIdentifier(object)] }

  /// The type that the model computes in.
  var type: ElementType {
    if let name = record[ZeroExtras.type]?.text, let type = TorchType.elementType(named: name) {
      return type
    }
    let types = module.compactMap { tensor($0.object)?.elementType }.filter(\.isFloatingPoint)
    return types.first { $0 != .float32 } ?? .float32
  }

  private static func groups(
    _ optimizer: PickleValue?,
    _ module: [(name: String, object: PickleObject)],
    _ data: [ObjectIdentifier: Tensor],
    _ names: [String],
    _ state: TrainingState,
    _ nodes: TorchNodes
  ) throws -> [Group] {
    func name(_ value: PickleValue) -> String {
      guard let number = value.int, names.indices.contains(Int(number)) else {
        return value.text ?? ""
      }
      return names[Int(number)]
    }
    var entries: [ExactName: [PickleItem]] = [:]
    for item in optimizer?["state"]?.items ?? [] {
      entries[ExactName(name(item.key))] = item.value.items ?? []
    }
    let values = Dictionary(
      module.map { (ExactName($0.name), $0.object) },
      uniquingKeysWith: { first, _ in first }
    )
    // A fresh dictionary has no masters: those of the state are the numbers themselves.
    let kept = Dictionary(
      state.variables.compactMap { variable in
        variable.slots.first { $0.name.rawValue == ZeroExtras.master }
          .map { (ExactName(variable.name), $0.tensor.tensor) }
      },
      uniquingKeysWith: { first, _ in first }
    )
    return try (optimizer?["param_groups"]?.elements ?? []).map { group in
      let members = try (group["params"]?.elements ?? []).map { value -> Member in
        let own = name(value)
        let key = ExactName(own)
        var slots: [(key: String, tensor: Tensor)] = []
        var numbers: [(key: String, value: PickleValue)] = []
        var master = kept[key] ?? values[key].flatMap { data[ObjectIdentifier($0)] }
        for item in entries[key] ?? [] {
          let word = item.key.text ?? ""
          guard let tensor = item.value.object.flatMap({ data[ObjectIdentifier($0)] }) else {
            numbers.append((word, item.value))
            continue
          }
          if word == ZeroExtras.master {
            master = tensor
          } else if word == "step" {
            numbers.append((word, .int(Int64(try TorchAssembly.scalar(tensor) ?? 0))))
          } else {
            slots.append((word, try tensor.cast(to: .float32)))
          }
        }
        guard let master else {
          throw StateError(.unsupported, "the state has no such parameter", tensor: own)
        }
        for slot in slots where slot.tensor.shape.elementCount != master.shape.elementCount {
          throw StateError(
            .unsupported,
            "ZeRO cuts slots as it cuts their parameter, and '\(slot.key)' has another size",
            tensor: own,
            remedy: "leave the slots out with --only parameters"
          )
        }
        return Member(
          name: own,
          master: try master.cast(to: .float32),
          slots: slots,
          numbers: numbers
        )
      }
      return Group(
        settings: (group.items ?? []).filter { $0.key.text != "params" },
        members: members
      )
    }
  }

  /// What the model's file has beside the model, for a state that came from elsewhere.
  private static func freshModel(
    _ tree: PickleValue,
    _ nodes: TorchNodes,
    _ module: [(name: String, object: PickleObject)],
    _ data: [ObjectIdentifier: Tensor],
    _ state: TrainingState
  ) throws -> [PickleItem] {
    var sources: [ObjectIdentifier: String] = [:]
    var shared: [PickleItem] = []
    for (name, object) in module {
      guard let tensor = data[ObjectIdentifier(object)] else { continue }
      let key = ObjectIdentifier(tensor.source)
      if let source = sources[key] { shared.append((nodes.text(name), nodes.text(source))) }
      sources[key] = sources[key] ?? name
    }
    let trained = Set(FreshTree.parameters(state).map { ExactName($0.name) })
    let aliases = Set(shared.compactMap { $0.key.text.map(ExactName.init) })
    let rest = module.filter { name, _ in
      !trained.contains(ExactName(name)) && !aliases.contains(ExactName(name))
    }
    let buffers = rest.filter { name, object in
      TrainerGroups.isBuffer(name)
        || data[ObjectIdentifier(object)]?.elementType.isFloatingPoint != true
    }
    let others = Set(buffers.map { ExactName($0.name) })
    let frozen = rest.filter { !others.contains(ExactName($0.name)) }
    let step = state.globalStep?.value ?? 0
    return [
      (nodes.text("buffer_names"), .list(buffers.map { nodes.text($0.name) })),
      (
        nodes.text("frozen_param_shapes"),
        nodes.ordered(
          frozen.compactMap { name, object in
            data[ObjectIdentifier(object)].map { (nodes.text(name), nodes.size($0.shape)) }
          }
        )
      ),
      (nodes.text("shared_params"), .dictionary(shared)),
      (
        nodes.text("frozen_param_fragments"),
        nodes.ordered(frozen.map { (nodes.text($0.name), .object($0.object)) })
      ),
      (nodes.text("lr_scheduler"), tree["scheduler"] ?? .none),
      (nodes.text("data_sampler"), .none), (nodes.text("random_ltd"), .none),
      (nodes.text("skipped_steps"), .int(0)), (nodes.text("global_steps"), .int(step)),
      (nodes.text("global_samples"), .int(0)), (nodes.text("mp_world_size"), .int(1)),
      (nodes.text("ds_config"), .dictionary([])), (nodes.text("ds_version"), nodes.text("0.19.8")),
    ]
  }
}

extension TorchNodes {
  /// A `torch.Size`.
  func size(_ shape: Shape) -> PickleValue {
    let call = PickleCall(
      module: "torch",
      name: "Size",
      callable: global("torch", "Size"),
      arguments: .tuple([.tuple(shape.dimensions.map { .int(Int64($0)) })])
    )
    return .object(PickleObject(.call(call)))
  }
}
