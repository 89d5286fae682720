internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// Which slots each variable of a state should have, by the optimizer's record or by what its peers have.
///
/// A variable without any slot is not conspicuous by itself: no gradient reaches a frozen layer, nor the
/// pooler of a run that does not use it. It is where the other variables of its layer have slots and so
/// have its peers in other layers.
struct SlotExpectations {
  /// What the slots of a rule depend on: the group's hyper-parameters and the variable's shape.
  private struct PlanKey: Hashable {
    let group: Int?
    let shape: Shape
  }

  /// How many variables there are of a kind, and how many of them have each slot.
  private struct Tally {
    var total = 0
    var counts: [SlotName: Int] = [:]

    mutating func add(_ slots: Set<SlotName>) {
      total += 1
      for slot in slots { counts[slot, default: 0] += 1 }
    }

    /// Slots that more than half of the others have.
    func usual(without own: Set<SlotName>) -> [SlotName] {
      counts.filter { ($0.value - (own.contains($0.key) ? 1 : 0)) * 2 > total - 1 }.map(\.key)
    }
  }

  /// Variables that have the same slots; of a model, however large, there are few such sets.
  private struct Sets {
    private var numbers: [[SlotName]: Int] = [:]
    private(set) var all: [(slots: Set<SlotName>, count: Int)] = []

    /// The slots of a variable that an update rule reads.
    func slots(of variable: Variable) -> Set<SlotName> {
      numbers[variable.slots.map(\.name)].map { all[$0].slots } ?? SlotExpectations.names(variable)
    }

    mutating func add(_ variable: Variable) {
      let key = variable.slots.map(\.name)
      if let number = numbers[key] {
        all[number].count += 1
      } else {
        numbers[key] = all.count
        all.append((SlotExpectations.names(variable), 1))
      }
    }

    /// How many variables have all of some slots.
    func count(with slots: Set<SlotName>) -> Int {
      all.reduce(0) { $0 + ($1.slots.isSuperset(of: slots) ? $1.count : 0) }
    }
  }

  private let state: TrainingState
  private let optimizer: Optimizer?
  private let plans: [PlanKey: [SlotName]]
  private let sets: Sets
  private let candidateCount: Int
  private let trainedCount: Int
  private let roles: [ExactName: Tally]
  private let scopes: [ExactName: Tally]
  private let isAdam: Bool
  private let isFactored: Bool
  /// Numbers of the variables that can be trained, by what they are in their layer; empty where all have slots.
  private let peers: [ExactName: [Int]]
  /// The same by their layer.
  private let siblings: [ExactName: [Int]]

  /// Looks at what every variable has.
  ///
  /// - Complexity: O(*n*) in the number of variables.
  init(_ state: TrainingState, _ optimizer: Optimizer?) {
    self.state = state
    self.optimizer = optimizer
    let variables = state.variables
    let candidates = variables.indices.filter { variables[$0].canBeTrained }
    plans = Self.plans(candidates, of: state, optimizer)
    var sets = Sets()
    for place in candidates { sets.add(variables[place]) }
    let kinds = sets.all.filter { !$0.slots.isEmpty }
    candidateCount = candidates.count
    let trainedCount = kinds.reduce(0) { $0 + $1.count }
    // Adam's moments come in pairs wherever most variables have both.
    let pair: Set<SlotName> = [.firstMoment, .secondMoment]
    let halves = kinds.filter { $0.slots.intersection(pair).count == 1 }.reduce(0) { $0 + $1.count }
    isAdam = halves * 2 < trainedCount || state.origin.framework == .tensorFlow
    isFactored = kinds.contains { !$0.slots.isDisjoint(with: [.factoredRow, .factoredColumn]) }
    var (roles, scopes): ([ExactName: Tally], [ExactName: Tally]) = ([:], [:])
    var (peers, siblings): ([ExactName: [Int]], [ExactName: [Int]]) = ([:], [:])
    // Where all are alike there is nothing that one could lack and another have.
    if sets.all.count > 1 {
      for place in candidates {
        let slots = sets.slots(of: variables[place])
        let (scope, role) = Self.split(variables[place].name)
        if trainedCount < candidates.count {
          peers[ExactName(role), default: []].append(place)
          siblings[ExactName(scope), default: []].append(place)
        }
        guard kinds.count > 1, !slots.isEmpty else { continue }
        roles[ExactName(role), default: Tally()].add(slots)
        scopes[ExactName(scope), default: Tally()].add(slots)
      }
    }
    (self.sets, self.trainedCount) = (sets, trainedCount)
    (self.roles, self.scopes, self.peers, self.siblings) = (roles, scopes, peers, siblings)
  }

  private static func plans(
    _ candidates: [Int],
    of state: TrainingState,
    _ optimizer: Optimizer?
  ) -> [PlanKey: [SlotName]] {
    guard let optimizer, let types = try? UpdateTypes(parameter: .float32, slots: nil) else {
      return [:]
    }
    var plans: [PlanKey: [SlotName]] = [:]
    for variable in candidates.lazy.map({ state.variables[$0] }) {
      guard let shape = variable.value?.tensor.shape else { continue }
      let key = PlanKey(group: optimizer.group(of: variable.name), shape: shape)
      guard plans[key] == nil,
        let plan = try? optimizer.plan(for: variable.name, shape: shape, types: types)
      else { continue }
      plans[key] = plan.slots.map(\.name).filter(Self.isMadeOfGradients)
    }
    return plans
  }

  /// Slots that a variable lacks, and why it should have them.
  func missing(of variable: Variable) -> (names: [SlotName], reason: String) {
    guard variable.canBeTrained, trainedCount > 0 else { return ([], "") }
    let has = sets.slots(of: variable)
    if has.isEmpty {
      guard isConspicuous(variable), let example = neighbour(of: variable) else { return ([], "") }
      let names = sets.slots(of: example).filter { Self.allows($0, variable) }.sorted()
      let list = names.map(\.rawValue).joined(separator: ", ")
      return (names, "\(example.name) beside it has \(list)")
    }
    if let definitions = planned(variable) {
      let absent = definitions.filter { variable[$0] == nil }
      return (absent, "the optimizer '\(state.optimizer?.kind ?? "")' keeps it for every variable")
    }
    let absent = expected(of: variable, having: has).subtracting(has)
    guard !absent.isEmpty else { return ([], "") }
    let count = sets.count(with: absent)
    return (absent.sorted(), "\(count) of \(trainedCount) variables with slots have it")
  }

  /// The slots of the recorded optimizer where the state has none of them at all.
  var recordedButAbsent: [SlotName]? {
    guard trainedCount == 0, state.variables.allSatisfy({ $0.slots.isEmpty }),
      let variable = state.variables.first(where: \.canBeTrained),
      let slots = planned(variable), !slots.isEmpty
    else { return nil }
    return slots
  }

  /// What the record's rule keeps for a variable, `nil` without a record of a rule that is known.
  private func planned(_ variable: Variable) -> [SlotName]? {
    guard let optimizer, let shape = variable.value?.tensor.shape else { return nil }
    return plans[PlanKey(group: optimizer.group(of: variable.name), shape: shape)]
  }

  /// What a variable with some slots should have by the example of others.
  private func expected(of variable: Variable, having has: Set<SlotName>) -> Set<SlotName> {
    let (scope, role) = Self.split(variable.name)
    let tally = [roles[ExactName(role)], scopes[ExactName(scope)]].compactMap(\.self)
      .first { $0.total > 1 }
    var expected = Set(tally?.usual(without: has) ?? [])
    let pair: Set<SlotName> = [.firstMoment, .secondMoment]
    if has.intersection(pair).count == 1, isAdam, has.isDisjoint(with: Self.secondMoments) {
      expected.formUnion(pair)
    }
    // Whether a variable is factored depends on its shape.
    if isFactored { expected.subtract([.factoredRow, .factoredColumn, .secondMoment]) }
    return expected.filter { Self.allows($0, variable) }
  }

  /// Whether a variable's shape has room for a slot: a vector has no second axis.
  private static func allows(_ slot: SlotName, _ variable: Variable) -> Bool {
    guard let axis = SlotDescription.of(slot)?.form.axis, let shape = variable.value?.tensor.shape
    else { return true }
    return axis < shape.rank
  }

  private static let secondMoments: Set<SlotName> = [
    .infinityNorm, .growingSecondMoment, .factoredRow, .factoredColumn,
  ]

  private func isConspicuous(_ variable: Variable) -> Bool {
    let (scope, role) = Self.split(variable.name)
    let variables = state.variables
    let beside = (siblings[ExactName(scope)] ?? []).filter {
      ExactName(variables[$0].name) != ExactName(variable.name)
    }
    guard !beside.isEmpty, beside.allSatisfy(hasSlots) else { return false }
    let same = peers[ExactName(role)] ?? []
    let without = same.filter { !hasSlots($0) }.count
    if same.count > 1 { return without * 2 <= same.count }
    // The only one of its kind: it stands out where everything else that can be trained is.
    return trainedCount == candidateCount - 1
  }

  private func neighbour(of variable: Variable) -> Variable? {
    let (scope, role) = Self.split(variable.name)
    let place =
      (siblings[ExactName(scope)] ?? []).first(where: hasSlots)
      ?? (peers[ExactName(role)] ?? []).first(where: hasSlots)
    return place.map { state.variables[$0] }
  }

  private func hasSlots(_ place: Int) -> Bool { !sets.slots(of: state.variables[place]).isEmpty }

  private static func names(_ variable: Variable) -> Set<SlotName> {
    Set(variable.slots.map(\.name).filter(isMadeOfGradients))
  }

  private static func isMadeOfGradients(_ slot: SlotName) -> Bool {
    SlotDescription.of(slot)?.isMadeOfGradients == true
  }

  /// A name's layer and what it is in the layer: `dense/kernel` is `kernel` in `dense`.
  private static func split(_ name: String) -> (scope: String, role: String) {
    let slash = UInt8(ascii: "/")
    let dot = UInt8(ascii: ".")
    guard let cut = name.utf8.lastIndex(where: { $0 == slash || $0 == dot }) else {
      return ("", name)
    }
    return (String(name[..<cut]), String(name[name.utf8.index(after: cut)...]))
  }
}
