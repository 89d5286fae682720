internal import Tensors
internal import TorchContainer

/// What the parts of a tree are: the model, the optimizer, the schedule, and tensors that are neither.
struct TorchSurvey {
  /// A tensor and its place; a class, as lists of many are handed around.
  final class Found {
    let path: TorchPath
    let object: PickleObject
    let kind: Kind

    init(path: TorchPath, object: PickleObject, kind: Kind) {
      (self.path, self.object, self.kind) = (path, object, kind)
    }

    /// What it is: a view of a storage, or an array that the pickle holds itself.
    enum Kind {
      case view(TorchTensor)
      case array(NumPyTensor)
    }

    var view: TorchTensor? { if case .view(let view) = kind { view } else { nil } }

    var shape: Shape {
      switch kind {
      case .view(let view): view.shape
      case .array(let array): array.shape
      }
    }

    var elementType: ElementType {
      switch kind {
      case .view(let view): view.elementType
      case .array(let array): array.elementType
      }
    }
  }

  /// A dictionary and its place.
  struct Part {
    let path: TorchPath
    let value: PickleValue

    /// The dictionary of the tree, where an optimizer's was flattened and `value` is what it was before.
    var flattened: PickleObject?

    /// What stands in the tree.
    var object: PickleObject? { flattened ?? value.object }

    /// What it is called among several: the keys that lead to it.
    var name: String { path.keys.isEmpty ? "optimizer" : path.keys.joined(separator: "/") }
  }

  /// Every tensor of the tree, in the order of the pickle; a shared one at each of its places.
  private(set) var tensors: [Found] = []

  /// The optimizers' states, in the tree's order.
  private(set) var optimizers: [Part] = []

  /// The schedulers' states, in the tree's order.
  private(set) var schedulers: [Part] = []

  /// What is wrong with a tensor of an optimizer's; those of the model make the tree one that cannot be read.
  private(set) var fault: StateError?

  private var modelRoots: [Part] = []
  private let root: PickleValue

  private static let modelKeys = [
    "model", "state_dict", "model_state_dict", "module", "net", "network", "model_state",
    "weights", "params",
  ]
  static let optimizerWords = ["optimizer", "optim", "opt"]
  private static let schedulerKeys = [
    "scheduler", "lr_scheduler", "scheduler_state_dict", "lr_scheduler_state_dict",
  ]
  private static let schedulerWords = ["lr_scheduler", "scheduler", "sched", "lr"]

  init(_ root: PickleValue) throws {
    self.root = root
    try walk(root, TorchPath(), isInside: false)
  }

  /// The optimizer's state where there is one, `nil` where there are several.
  var optimizer: Part? { optimizers.count == 1 ? optimizers[0] : nil }

  /// The scheduler's state of an only optimizer, `nil` where it is not certain.
  var onlyScheduler: Part? {
    optimizers.count > 1 ? nil : Self.choose(schedulers, Self.schedulerKeys)
  }

  /// The scheduler of an optimizer, `nil` where it is not certain.
  ///
  /// Of an only optimizer it is the only scheduler, or the one that has the usual key. One of several goes with the one
  /// whose key is the same but for the word, or, in a list, with the one at the same place of a list as long.
  func scheduler(of optimizer: Part) -> Part? {
    guard optimizers.count > 1 else { return onlyScheduler }
    let stem = Self.stem(optimizer, Self.optimizerWords)
    let named = schedulers.filter { Self.stem($0, Self.schedulerWords) == stem }
    if let stem, !stem.isEmpty, Int(stem) == nil { return named.count == 1 ? named[0] : nil }
    let place = optimizers.firstIndex { $0.path == optimizer.path }
    guard schedulers.count == optimizers.count, let place else { return nil }
    return schedulers[place]
  }

  /// What is left of a part's key without the word for what it is.
  private static func stem(_ part: Part, _ words: [String]) -> String? {
    guard let key = part.path.keys.last?.lowercased() else { return nil }
    let word = words.first { key.contains($0) }
    let rest = word.map { key.replacing($0, with: "") } ?? key
    return rest.replacing("state_dict", with: "").filter { $0 != "_" && $0 != "." && $0 != "-" }
  }

  /// A whole number at the root.
  func counter(_ key: String) -> Int64? { root[key]?.int }

  private static func choose(_ parts: [Part], _ keys: [String]) -> Part? {
    if parts.count <= 1 { return parts.first }
    for key in keys {
      let named = parts.filter { $0.path.keys.last == key }
      if named.count == 1 { return named[0] }
    }
    return nil
  }

  private mutating func walk(
    _ value: PickleValue,
    _ path: TorchPath,
    isInside: Bool
  ) throws {
    guard let object = value.object else { return }
    do {
      if let kind = try Self.tensor(object) {
        tensors.append(Found(path: path, object: object, kind: kind))
        return
      }
    } catch let error as StateError where isInside {
      fault = fault ?? error.inContext(tensor: path.text)
      return
    }
    var isInside = isInside
    if !isInside, let items = object.items, FlatOptimizer.isFlat(items) {
      let unfolded = FlatOptimizer.unfold(items, TorchNodes())
      optimizers.append(Part(path: path, value: unfolded, flattened: object))
      try walk(unfolded, path, isInside: true)
      return
    }
    if let items = object.items {
      if !isInside { isInside = note(value, path) }
      for (place, item) in items.enumerated() where item.value.object != nil {
        try walk(item.value, path.item(item.key, place), isInside: isInside)
      }
    }
    switch object.content {
    case .tuple(let elements), .list(let elements), .set(let elements):
      for (index, element) in elements.enumerated() where element.object != nil {
        try walk(element, path.index(index), isInside: isInside)
      }
    case .call(let call):
      try walk(call.arguments, path.part("arguments"), isInside: isInside)
      for (index, element) in call.elements.enumerated() where element.object != nil {
        try walk(element, path.index(index), isInside: isInside)
      }
      if object.items == nil {
        for (place, item) in call.items.enumerated() where item.value.object != nil {
          try walk(item.value, path.part("items").item(item.key, place), isInside: isInside)
        }
      }
      if let state = call.state {
        try refuseModule(state, object)
        try walk(state, path.part("state"), isInside: isInside)
      }
    default: break
    }
  }

  private static func tensor(_ object: PickleObject) throws -> Found.Kind? {
    if let tensor = try TorchTensor(object) { return .view(tensor) }
    return try NumPyTensor(object).map { .array($0) }
  }

  /// Whether a value belongs to an optimizer or a scheduler.
  func isApart(_ path: TorchPath) -> Bool {
    optimizers.contains { path.isBelow($0.path) } || schedulers.contains { path.isBelow($0.path) }
  }

  /// Refuses a whole module of a user's own: its parameters have names that only its code knows.
  private func refuseModule(_ state: PickleValue, _ object: PickleObject) throws {
    guard state["_parameters"]?.items != nil, state["_modules"]?.items != nil else { return }
    throw StateError(
      .unsupported,
      "a whole module in place of its state",
      offset: object.offset,
      remedy: "save state_dict() in place of the module itself"
    )
  }

  /// Notes what a dictionary is.
  ///
  /// - Returns: Whether it belongs to optimizer or scheduler, so that nothing in it is a model.
  private mutating func note(_ value: PickleValue, _ path: TorchPath) -> Bool {
    let part = Part(path: path, value: value)
    if TorchOptimizer.isOptimizer(value) {
      optimizers.append(part)
      return true
    }
    if TorchScheduler.isScheduler(value) {
      schedulers.append(part)
      return true
    }
    if let key = path.keys.last, Self.modelKeys.contains(key) { modelRoots.append(part) }
    return false
  }

  /// The tensors of the model with the names that they have in it.
  ///
  /// They are those below the dictionary that is called a model. Where none is, they are those of all
  /// dictionaries beside optimizer and scheduler; beside dictionaries of tensors, a tensor that
  /// stands alone at the root is no part of the model.
  ///
  /// - Throws: `StateError` with code `unsupported` when two of them have one name, such as `a.b` and `b` in `a`.
  func variables() throws -> [(name: String, found: Found)] {
    let outside = tensors.filter { !isApart($0.path) }
    let base = modelRoot(among: outside)
    var inside = outside.filter { found in
      guard let base else { return true }
      return found.path.isBelow(base)
    }
    let depth = base?.keys.count ?? 0
    if root.items != nil {
      inside = inside.filter { $0.path.isOfKeys(from: depth) }
      // Arrays of a user's own statistics do not make tensors beside them less of a model.
      let isNested = inside.contains { $0.path.keys.count > 1 && $0.view != nil }
      if base == nil, isNested { inside = inside.filter { $0.path.keys.count > 1 } }
    }
    var names: Set<ExactName> = []
    return try inside.map { found in
      let path = found.path.keys.dropFirst(depth).joined(separator: ".")
      let name = path.isEmpty ? "tensor" : path
      guard names.insert(ExactName(name)).inserted else {
        throw StateError(.unsupported, "the model has two tensors of this name", tensor: name)
      }
      return (name, found)
    }
  }

  /// The dictionary that is called a model: the least deep one with tensors in it.
  private func modelRoot(among tensors: [Found]) -> TorchPath? {
    func rank(_ part: Part) -> (Int, Int) {
      (part.path.keys.count, Self.modelKeys.firstIndex(of: part.path.keys.last ?? "") ?? 0)
    }
    return modelRoots.sorted { rank($0) < rank($1) }
      .first { root in tensors.contains { $0.path.isBelow(root.path) } }?.path
  }
}
