internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors

/// One of optax' states, such as `ScaleByAdamState`: a branch that has the fields of a row of the catalogue, each of
/// which is a tree like the parameters'.
///
/// In a file nothing but its fields, and whether they are numbers or arrays, tells which state it is. Adam, Adamax, Yogi and
/// others have the same; the first of the catalogue is meant where nobody says which it was.
struct OptaxState {
  /// A field that holds slots.
  struct Field {
    let word: String
    let slot: SlotName
    let tree: TreeNode
  }

  let fields: [Field]

  /// How often the state was updated, where it counts.
  let count: TreeNode?

  /// Fields that are no tree of slots: counts, Muon's coefficients, and what `ScheduleFreeState` has beside `z`.
  private static let others: Set<String> = [
    "count", "ns_coeffs", "b1", "weight_sum", "step_count", "max_lr", "base_optimizer_state",
  ]

  /// The fields of `MultiStepsState` that tell it from every other.
  private static let accumulation: Set<String> = ["mini_step", "gradient_step", "acc_grads"]

  private static let rows: [(known: OptimizerDescription, row: DialectRow, words: Set<String>)] =
    OptimizerCatalog.all.flatMap { known in
      known.rows.filter { $0.dialect == .optax }.map { row in
        (known, row, Set(row.words.map(\.text)))
      }
    }

  /// Looks at a branch.
  ///
  /// - Parameters:
  ///   - node: The branch.
  ///   - optimizer: The optimizer that it is said to be of.
  ///   - isLast: Whether it is the last of all the tuples that it is in, so that nothing scales what leaves it.
  init?(_ node: TreeNode, optimizer: OptimizerRecord?, isLast: Bool = false) {
    let keys = Set(node.children.map(\.key))
    if keys.isSuperset(of: Self.accumulation), let tree = node["acc_grads"] {
      fields = [Field(word: "acc_grads", slot: .gradientAccumulator, tree: tree)]
      count = nil
      return
    }
    let words = keys.subtracting(Self.others)
    let isCounted = keys.contains("count") || keys.contains("step_count")
    // What corrects a bias has to count.
    let fitting = Self.rows.filter {
      $0.words == words && (isCounted || $0.known.biasCorrection == .inapplicable)
    }
    guard let first = fitting.first else { return nil }
    let trees = first.row.words.compactMap { word in node[word.text].map { (word.text, $0) } }
    var shapes: [TreePath: [String: Shape]] = [:]
    for (word, tree) in trees {
      for (keys, _, tensor) in Self.arrays(in: tree) {
        shapes[TreePath(keys), default: [:]][word] = tensor.shape
      }
    }
    // SM3, whose words are those of a centered RMSProp, keeps lists in one of them.
    guard !shapes.isEmpty, shapes.values.allSatisfy({ $0.count == trees.count }) else {
      return nil
    }
    let found =
      fitting.first { $0.known.kind == optimizer?.kind }
      ?? fitting.first { Self.fits($0.row, shapes.values) } ?? first
    // Behind the rate a buffer adds up updates; no optimizer of the catalogue keeps that.
    let isUpdates =
      isLast && !found.known.stepBuffers.isEmpty && found.row.words.map(\.slot) == [.momentum]
    fields = trees.map { word, tree in
      let own = isUpdates ? nil : found.row.words.first { $0.text == word }?.slot
      return Field(word: word, slot: own ?? .unrecognized(word), tree: tree)
    }
    count = node["count"]
  }

  /// Whether arrays are shaped as a row's slots are: one number where a slot is one, otherwise alike.
  private static func fits(
    _ row: DialectRow,
    _ shapes: some Sequence<[String: Shape]>
  ) -> Bool {
    shapes.allSatisfy { shapes in
      let whole = row.words.filter { SlotDescription.of($0.slot)?.form == .elementwise }
      let numbers = row.words.filter { SlotDescription.of($0.slot)?.form == .scalar }
      return Set(whole.map { shapes[$0.text] }).count <= 1
        && numbers.allSatisfy { shapes[$0.text]?.rank == 0 }
    }
  }

  /// The means that `optax.adafactor` keeps of its updates, which are a state of their own.
  init?(meansOfUpdates node: TreeNode) {
    let keys = Set(node.children.map(\.key))
    let words = Self.rows.flatMap(\.row.beside)
    guard let word = words.first(where: { keys == ["count", $0.text] }), let tree = node[word.text]
    else { return nil }
    fields = [Field(word: word.text, slot: word.slot, tree: tree)]
    count = nil
  }

  /// Whether the state is Adafactor's.
  var isFactored: Bool { fields.contains { $0.slot == .factoredRow } }

  /// The arrays of a tree with their keys.
  static func arrays(in tree: TreeNode) -> [(keys: [String], leaf: TreeNode, tensor: Tensor)] {
    var found: [(keys: [String], leaf: TreeNode, tensor: Tensor)] = []
    tree.forEachLeaf { keys, leaf in
      if case .array(let tensor) = leaf.content { found.append((keys, leaf, tensor)) }
    }
    return found
  }

  /// All states below a node, those of other states' parts included.
  static func all(below node: TreeNode, optimizer: OptimizerRecord?) -> [OptaxState] {
    var states: [OptaxState] = []
    // `isLast` is `nil` outside of tuples.
    func add(_ branch: TreeNode, _ optimizer: OptimizerRecord?, isLast: Bool?) {
      guard branch.isBranch else { return }
      var inner = optimizer
      if let state = OptaxState(branch, optimizer: optimizer, isLast: isLast ?? false) {
        states.append(state)
        guard state.count == nil, !state.isFactored else { return }
        // A schedule-free optimizer's own state says what the one inside it is.
        if state.fields.contains(where: { $0.slot == .baseWeights }) {
          inner = OptimizerRecord(kind: OptimizerDescription.scheduleFree)
        }
      }
      let keys = Set(branch.children.map(\.key))
      let isTuple = keys.count > 1 && branch.children.indices.allSatisfy { keys.contains("\($0)") }
      for child in branch.children {
        let isEnd = child.key == "\(branch.children.count - 1)"
        add(child, inner, isLast: isTuple ? isEnd && isLast ?? true : isLast)
      }
    }
    add(node, optimizer, isLast: nil)
    if states.contains(where: \.isFactored) {
      visit(node) { branch in
        guard let means = OptaxState(meansOfUpdates: branch) else { return true }
        states.append(means)
        return false
      }
    }
    return states
  }

  private static func visit(_ node: TreeNode, _ enters: (TreeNode) -> Bool) {
    guard node.isBranch, enters(node) else { return }
    for child in node.children { visit(child, enters) }
  }
}
