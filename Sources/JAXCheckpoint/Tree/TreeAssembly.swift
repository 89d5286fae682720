internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// A state put together out of a tree of JAX'.
struct TreeAssembly {
  /// What a number of the tree counts.
  enum Count {
    /// Updates of the model.
    case updates
    /// Updates of the variables of one of optax' states.
    case variables([String])
    /// Something that goes along with them, such as a schedule's steps, and what it begins with.
    case other(beginning: Int64)
  }

  private(set) var state: TrainingState

  /// The numbers that count, by their places.
  private(set) var counts: [TreePath: Count] = [:]

  /// The branches of optimizers.
  private(set) var optimizers: [TreePath] = []

  private var places: [ExactName: Int] = [:]
  private var used: Set<TreePath> = []

  /// Takes a tree apart.
  ///
  /// - Parameters:
  ///   - tree: The tree.
  ///   - origin: The format that it comes from.
  ///   - optimizer: The optimizer that kept it, where somebody says so.
  /// - Throws: `StateError` with code `malformed` where two arrays would have one name.
  init(_ tree: TreeNode, origin: Origin, optimizer: OptimizerRecord?) throws {
    state = TrainingState(origin: origin)
    var contents = Contents()
    tree.forEachLeaf { _, leaf in
      switch leaf.content {
      case .array(let tensor), .opaque(let tensor):
        contents.add(leaf.path.text, bytes: tensor.byteCount)
      default: break
      }
    }
    state.contents = contents
    let root = tree.withoutBoxes()
    let sites = OptimizerSite.all(in: root, optimizer: optimizer)
    optimizers = sites.map(\.optimizer.path)
    var step: Int64?
    if sites.isEmpty {
      if let leaf = root["step"], let found = try Self.integer(leaf) {
        counts[leaf.path] = .updates
        used.insert(leaf.path)
        step = found
      }
      try addParameters(root["params"].map { Self.inner($0).node } ?? root, prefix: [])
    }
    for site in sites {
      let prefix = sites.count > 1 ? site.container : []
      let isNested = site.parameters.map { Self.inner($0).isNested } ?? false
      if let parameters = site.parameters {
        try addParameters(Self.inner(parameters).node, prefix: prefix)
      }
      for state in site.states { try add(state, prefix: prefix, isNested: isNested) }
      let found = try addCounts(of: site, in: root)
      step = step ?? found
      try addRest(of: site, isBare: site.optimizer.path == .root)
    }
    try addRest(of: root)
    for path in counts.keys { state.contents?.claim(path.text, as: .step) }
    state.globalStep = step.map { GlobalStep($0) }
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
  }

  /// The branch without the collection `params` around all of it, as flax' `init` returns it.
  private static func inner(_ node: TreeNode) -> (node: TreeNode, isNested: Bool) {
    guard node.children.count == 1, let inner = node["params"], inner.isBranch else {
      return (node, false)
    }
    return (inner, true)
  }

  private static func name(_ keys: some Sequence<String>) -> String {
    keys.joined(separator: "/")
  }

  // MARK: Variables and slots

  private mutating func addParameters(_ node: TreeNode, prefix: [String]) throws {
    for (keys, leaf, tensor) in OptaxState.arrays(in: node) {
      guard used.insert(leaf.path).inserted else { continue }
      let name = Self.name(prefix + (keys.isEmpty ? [node.key] : keys))
      try addVariable(name, leaf, tensor)
    }
  }

  private mutating func addVariable(_ name: String, _ leaf: TreeNode, _ tensor: Tensor) throws {
    guard places.updateValue(state.variables.count, forKey: ExactName(name)) == nil else {
      throw StateError(.malformed, "two arrays would have this name", tensor: name)
    }
    let value = StateTensor(
      name,
      tensor,
      sourceName: leaf.path.text,
      index: state.variables.count
    )
    state.variables.append(Variable(name, value: value))
  }

  private mutating func place(of name: String) -> Int {
    if let place = places[ExactName(name)] { return place }
    places[ExactName(name)] = state.variables.count
    state.variables.append(Variable(name, value: nil))
    return state.variables.count - 1
  }

  private mutating func add(_ found: OptaxState, prefix: [String], isNested: Bool) throws {
    var shapes: [ExactName: [String: Shape]] = [:]
    var arrays: [(name: String, field: OptaxState.Field, leaf: TreeNode, tensor: Tensor)] = []
    for field in found.fields {
      for (keys, leaf, tensor) in OptaxState.arrays(in: field.tree) {
        let inner = isNested && keys.first == "params" ? keys.dropFirst() : keys[...]
        let own = inner.isEmpty ? ["params"] : Array(inner)
        let name = Self.name(prefix + own)
        shapes[ExactName(name), default: [:]][field.word] = tensor.shape
        arrays.append((name, field, leaf, tensor))
      }
    }
    let fits = try found.isFactored || fits(found, shapes)
    let count = try found.count.flatMap { try Self.integer($0) }
    var names: [String] = []
    var seen: Set<ExactName> = []
    for (name, field, leaf, tensor) in arrays {
      used.insert(leaf.path)
      let place = place(of: name)
      if seen.insert(ExactName(name)).inserted {
        names.append(name)
        if let count { state.variables[place].step = count }
      }
      var slot: SlotName? = fits ? field.slot : .unrecognized(field.word)
      if found.isFactored {
        slot = FactoredMeans.slot(
          field.word,
          shapes: shapes[ExactName(name)] ?? [:],
          parameter: state.variables[place].value?.tensor.shape
        )
      }
      if let slot { add(slot, word: field.word, leaf, tensor, to: place) }
    }
    if let leaf = found.count, count != nil {
      counts[leaf.path] = .variables(names)
      used.insert(leaf.path)
    }
  }

  /// Whether all slots of a state have the shapes of their variables, as those of the catalogue do.
  private func fits(_ found: OptaxState, _ shapes: [ExactName: [String: Shape]]) throws -> Bool {
    try shapes.allSatisfy { name, shapes in
      let forms = found.fields.map { SlotDescription.of($0.slot)?.form ?? .elementwise }
      let whole = zip(found.fields, forms).first { $0.1 == .elementwise }?.0
      let value = places[name].flatMap { state.variables[$0].value?.tensor.shape }
      guard let variable = value ?? whole.flatMap({ shapes[$0.word] }) else { return false }
      return try zip(found.fields, forms).allSatisfy { field, form in
        try shapes[field.word] == form.shape(for: variable)
      }
    }
  }

  private mutating func add(
    _ slot: SlotName,
    word: String,
    _ leaf: TreeNode,
    _ tensor: Tensor,
    to place: Int
  ) {
    var slot = slot
    var number = 1
    while state.variables[place][slot] != nil {
      number += 1
      slot = .unrecognized("\(word)_\(number)")
    }
    let name = "\(state.variables[place].name)/\(slot)"
    let value = StateTensor(name, tensor, sourceName: leaf.path.text)
    state.variables[place].slots.append(Slot(slot, value))
  }

  // MARK: Counts

  /// The number in a leaf, `nil` where it is no whole one.
  private static func integer(_ leaf: TreeNode) throws -> Int64? {
    switch leaf.content {
    case .integer(let number): return number
    case .array(let tensor):
      guard tensor.shape.rank == 0, [.int32, .int64, .uint32].contains(tensor.elementType) else {
        return nil
      }
      return try StepTensor.count(StateTensor(leaf.path.text, tensor))
    default: return nil
    }
  }

  /// Finds the number of updates.
  ///
  /// Under `MultiSteps` that is `gradient_step`, elsewhere the step beside the optimizer, else what moments count,
  /// else what a schedule counts.
  private mutating func addCounts(of site: OptimizerSite, in root: TreeNode) throws -> Int64? {
    var updates: TreeNode?
    var others: [TreeNode] = []
    // `ScheduleFreeState` counts the update that comes.
    var ahead: [TreeNode] = []
    site.optimizer.forEachLeaf { keys, leaf in
      switch keys.last {
      case "gradient_step": updates = updates ?? leaf
      case "count" where counts[leaf.path] == nil: others.append(leaf)
      case "step_count": ahead.append(leaf)
      default: break
      }
    }
    let container = site.container.reduce(root) { $0[$1] ?? $0 }
    let steps = [container["step"], site.optimizer["step"]].compactMap(\.self)
    for step in steps where try Self.integer(step) != nil {
      if updates == nil { updates = step } else { others.append(step) }
    }
    for other in others where try Self.integer(other) != nil {
      counts[other.path] = .other(beginning: 0)
    }
    for other in ahead where try Self.integer(other) != nil {
      counts[other.path] = .other(beginning: 1)
    }
    for step in steps { used.insert(step.path) }
    if let updates, let step = try Self.integer(updates) {
      counts[updates.path] = .updates
      used.insert(updates.path)
      return step
    }
    let counted = state.variables.compactMap(\.step).max()
    return try counted ?? others.lazy.compactMap { try Self.integer($0) }.first
  }

  // MARK: The rest

  /// What an optimizer has besides: numbers of its own, and slots of states that are not known.
  private mutating func addRest(of site: OptimizerSite, isBare: Bool) throws {
    var rest: [(keys: [String], leaf: TreeNode)] = []
    site.optimizer.forEachLeaf { keys, leaf in
      if !used.contains(leaf.path) { rest.append((keys, leaf)) }
    }
    for (keys, leaf) in rest {
      used.insert(leaf.path)
      let path = leaf.path.text
      let name = isBare ? "opt_state/" + path : path
      switch leaf.content {
      case .array(let tensor) where tensor.shape.rank == 0:
        state.optimizerTensors.append(StateTensor(name, tensor, sourceName: path))
      case .array(let tensor):
        if let (place, word) = owner(of: keys, tensor.shape) {
          add(.unrecognized(word), word: word, leaf, tensor, to: place)
        } else {
          state.extras.append(StateTensor(name, tensor, sourceName: path))
        }
      case .opaque(let tensor):
        state.extras.append(StateTensor(name, tensor, sourceName: path))
      default: break
      }
    }
  }

  /// The variable whose keys end the keys of a slot, and the word before them.
  private func owner(of keys: [String], _ shape: Shape) -> (place: Int, word: String)? {
    for start in keys.indices.dropFirst() {
      let suffixes = [keys[start...], keys[start...].drop { $0 == "params" }]
      for suffix in suffixes where !suffix.isEmpty {
        guard let place = places[ExactName(Self.name(suffix))],
          state.variables[place].value?.tensor.shape == shape
        else { continue }
        let word = keys[start - 1]
        return word.isEmpty || word.contains("/") ? nil : (place, word)
      }
    }
    return nil
  }

  /// What the tree has beside optimizers and their parameters.
  private mutating func addRest(of root: TreeNode) throws {
    var rest: [(keys: [String], leaf: TreeNode)] = []
    root.forEachLeaf { keys, leaf in
      if !used.contains(leaf.path) { rest.append((keys, leaf)) }
    }
    for (keys, leaf) in rest {
      let path = leaf.path.text
      switch leaf.content {
      case .array(let tensor):
        let name = Self.name(keys)
        if keys.first == "batch_stats" {
          try addVariable(name, leaf, tensor)
        } else if let (place, word) = owner(of: keys, tensor.shape), WeightAverages.isAverage(word)
        {
          add(.average, word: word, leaf, tensor, to: place)
        } else {
          state.extras.append(StateTensor(path, tensor))
        }
      case .opaque(let tensor): state.extras.append(StateTensor(path, tensor))
      default: break
      }
    }
  }
}
