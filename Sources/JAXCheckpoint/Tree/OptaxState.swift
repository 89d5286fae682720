internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors

/// One of optax' states, such as `ScaleByAdamState`: a branch that has the fields of a row of the catalogue, each of
/// which is a tree like the parameters'.
///
/// In a file nothing but its fields tells which state it is. Adam, Adamax, Yogi and others have the same; the first of the
/// catalogue is meant where nobody says which it was.
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
  init?(_ node: TreeNode, optimizer: OptimizerRecord?) {
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
    guard let found = fitting.first(where: { $0.known.kind == optimizer?.kind }) ?? fitting.first
    else { return nil }
    let fields = found.row.words.compactMap { word in
      node[word.text].map { Field(word: word.text, slot: word.slot, tree: $0) }
    }
    // SM3, whose words are those of a centered RMSProp, keeps lists in one of them.
    let places = fields.map { Set(Self.arrays(in: $0.tree).map { TreePath($0.keys) }) }
    guard let first = places.first, !first.isEmpty, places.allSatisfy({ $0 == first }) else {
      return nil
    }
    self.fields = fields
    count = node["count"]
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
    func add(_ branch: TreeNode, _ optimizer: OptimizerRecord?) {
      guard branch.isBranch else { return }
      var inner = optimizer
      if let state = OptaxState(branch, optimizer: optimizer) {
        states.append(state)
        guard state.count == nil, !state.isFactored else { return }
        // A schedule-free optimizer's own state says what the one inside it is.
        if state.fields.contains(where: { $0.slot == .baseWeights }) {
          inner = OptimizerRecord(kind: OptimizerDescription.scheduleFree)
        }
      }
      for child in branch.children { add(child, inner) }
    }
    add(node, optimizer)
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
