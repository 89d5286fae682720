internal import ByteIO
internal import Tensors
internal import TrainingState

/// The file that a state came from, brought up to date: what the state does not know stays as it is.
struct FlaxTemplate {
  private let root: MessagePackNode
  private let assembly: TreeAssembly
  private let state: TrainingState
  private var data: [ExactName: Tensor] = [:]
  private let exposed: Set<ExactName>

  /// The file of a state, `nil` where the state has none or its variables are no longer those of the file.
  init?(_ state: TrainingState) throws {
    guard state.origin == StateFormat.flax.origin,
      let extra = state.extras.first(where: { $0.name == FlaxReader.structure })
    else { return nil }
    let bytes = try TensorPass.verifiedBytes(
      of: NamedTensor(extra.name, extra.tensor),
      limit: Limits[.headerBytes]
    )
    var reader = MessagePackReader(MessagePackInput(bytes), isStructure: true)
    root = try reader.read()
    assembly = try TreeAssembly(
      try FlaxTree(nil).node(root),
      origin: StateFormat.flax.origin,
      optimizer: nil
    )
    self.state = state
    exposed = Set(Self.tensors(assembly.state).map { ExactName($0.path) })
    for (path, tensor) in Self.tensors(state) { data[ExactName(path)] = tensor }
    guard fits() else { return nil }
  }

  /// The tensors of a state with their places in the file.
  private static func tensors(_ state: TrainingState) -> [(path: String, tensor: Tensor)] {
    var found: [(path: String, tensor: Tensor)] = []
    for variable in state.variables {
      for tensor in [variable.value].compactMap(\.self) + variable.slots.map(\.tensor) {
        if let path = tensor.sourceName { found.append((path, tensor.tensor)) }
      }
    }
    for tensor in state.optimizerTensors + state.extras {
      found.append((tensor.sourceName ?? tensor.name, tensor.tensor))
    }
    return found
  }

  /// Whether every variable and slot has its place in the file.
  private func fits() -> Bool {
    var names: [ExactName: ExactName] = [:]
    for variable in assembly.state.variables {
      for tensor in [variable.value].compactMap(\.self) + variable.slots.map(\.tensor) {
        if let path = tensor.sourceName { names[ExactName(path)] = ExactName(variable.name) }
      }
    }
    return state.variables.allSatisfy { variable in
      let tensors = [variable.value].compactMap(\.self) + variable.slots.map(\.tensor)
      return tensors.allSatisfy { tensor in
        guard let path = tensor.sourceName else { return false }
        return names[ExactName(path)] == ExactName(variable.name)
      }
    }
  }

  /// Whether the optimizer was left out, and everything of it goes.
  private var isStripped: Bool {
    state.globalStep == nil && state.optimizerTensors.isEmpty
      && state.variables.allSatisfy(\.slots.isEmpty)
  }

  /// The file's parts.
  ///
  /// - Throws: `StateError` with code `unsupported` where counts disagree that are one in the file, or nothing is left.
  func parts() throws -> FlaxParts {
    guard let parts = try parts(of: root, .root) else {
      throw StateError(
        .unsupported,
        "nothing is left of the file's tree",
        remedy: "write the state in another format"
      )
    }
    return parts
  }

  private func parts(of node: MessagePackNode, _ path: TreePath) throws -> FlaxParts? {
    if isStripped, assembly.optimizers.contains(path) { return nil }
    switch node.content {
    case .map(let children) where !FlaxTree.isChunked(node):
      let kept = try children.compactMap { child in
        try parts(of: child, path.appending(child.name)).map { (child, $0) }
      }
      if kept.isEmpty, !children.isEmpty { return nil }
      var made = FlaxParts()
      made.add(kept.count == children.count ? node.head : MessagePackBytes.map(kept.count))
      for (child, value) in kept {
        made.add(child.key)
        try made.add(value)
      }
      return made
    case .list(let children):
      let kept = try children.map { try parts(of: $0, path.appending($0.name)) }
      if !kept.isEmpty, kept.allSatisfy({ $0 == nil }) { return nil }
      var made = FlaxParts()
      made.add(node.head)
      for value in kept {
        // The others keep their places.
        if let value { try made.add(value) } else { made.add([0xC0]) }
      }
      return made
    default: return try leaf(node, path)
    }
  }

  private func leaf(_ node: MessagePackNode, _ path: TreePath) throws -> FlaxParts? {
    var parts = FlaxParts()
    if let count = assembly.counts[path] {
      guard let new = try value(count, old: old(node)) else { return nil }
      try addCount(new, node, path, to: &parts)
      return parts
    }
    let key = ExactName(path.text)
    guard let tensor = data[key] else {
      if exposed.contains(key) { return nil }
      parts.add(node.head)
      return parts
    }
    switch node.content {
    case .array(let array):
      try add(tensor, array.payload, node, array, path, to: &parts)
    case .bytes(let payload):
      try add(tensor, payload, node, nil, path, to: &parts)
    case .map: try addChunked(tensor, node, path, to: &parts)
    default: parts.add(node.head)
    }
    return parts
  }

  private func add(
    _ tensor: Tensor,
    _ payload: MessagePackPayload,
    _ node: MessagePackNode,
    _ array: MessagePackArray?,
    _ path: TreePath,
    to parts: inout FlaxParts
  ) throws {
    let type = array.flatMap { ElementType(rawValue: $0.type) }
    let isSame =
      tensor.byteCount == payload.count
      && (type?.byteWidth == nil || tensor.elementType == type && tensor.shape == array?.shape)
    guard isSame else { return try parts.addArray(tensor, path.text) }
    parts.add(node.head.dropLast(payload.bytes?.count ?? 0))
    try parts.add(tensor, path.text)
  }

  private func addChunked(
    _ tensor: Tensor,
    _ node: MessagePackNode,
    _ path: TreePath,
    to parts: inout FlaxParts
  ) throws {
    let old = try FlaxTree(nil).node(node, path: path)
    guard case .array(let before) = old.content, before.elementType == tensor.elementType,
      before.shape == tensor.shape
    else { return try parts.addArray(tensor, path.text) }
    let whole = Shape.vector(tensor.shape.elementCount)
    let flat = try Tensor(tensor.elementType, whole, source: tensor.source)
    var starts: [ExactName: Int] = [:]
    var start = 0
    for (place, chunk) in try FlaxTree.chunks(node).enumerated() {
      starts[ExactName("\(place)")] = start
      start += chunk.shape.elementCount
    }
    parts.add(node.head)
    for child in node.children {
      parts.add(child.key + child.head)
      for part in child.children {
        parts.add(part.key)
        guard child.name == "chunks", case .array(let array) = part.content,
          let start = starts[ExactName(part.name)]
        else {
          parts.add(part.head)
          continue
        }
        parts.add(part.head.dropLast(array.payload.bytes?.count ?? 0))
        let block = try TensorBlock(
          starts: [start],
          lengths: [array.shape.elementCount],
          in: whole
        )
        try parts.add(try flat.slice(block), path.text)
      }
    }
  }

  // MARK: Counts

  private func old(_ node: MessagePackNode) throws -> Int64? {
    switch node.content {
    case .integer(let number): number
    case .array:
      if case .array(let tensor) = try FlaxTree(nil).node(node).content {
        try StepTensor.count(StateTensor(node.name, tensor))
      } else {
        nil
      }
    default: nil
    }
  }

  /// What a count is now, `nil` where it goes.
  private func value(_ count: TreeAssembly.Count, old: Int64?) throws -> Int64? {
    switch count {
    case .updates: return state.globalStep?.value
    case .variables(let names):
      let members = Set(names.map(ExactName.init))
      let steps = Set(
        state.variables.filter { members.contains(ExactName($0.name)) }.compactMap(\.step)
      )
      guard steps.count <= 1 else {
        throw StateError(
          .unsupported,
          "optax counts once for variables whose steps differ now",
          tensor: names.first,
          remedy: "change the steps of all variables"
        )
      }
      return steps.first ?? old
    case .other(let beginning):
      guard let old, let step = state.globalStep?.value,
        let before = assembly.state.globalStep?.value, step != before
      else { return old }
      // What counts beside the updates goes along with them, and begins with them.
      let (difference, isTooLarge) = step.subtractingReportingOverflow(before)
      let (moved, overflow) = old.addingReportingOverflow(difference)
      return step == 0 ? beginning : overflow || isTooLarge ? old : max(beginning, moved)
    }
  }

  private func addCount(
    _ value: Int64,
    _ node: MessagePackNode,
    _ path: TreePath,
    to parts: inout FlaxParts
  ) throws {
    guard try old(node) != value else { return parts.add(node.head) }
    guard case .array(let array) = node.content else {
      return parts.add(MessagePackBytes.integer(value))
    }
    let tensor = try StepTensor.scalar(value, type: array.type)
    parts.add(node.head.dropLast(array.payload.count))
    try parts.add(tensor, path.text)
  }
}
