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

  private let state: TrainingState
  private let optimizer: Optimizer?
  private let plans: [PlanKey: [SlotName]]
  private let roles: [ExactName: Tally]
  private let scopes: [ExactName: Tally]
  private let trained: [Variable]
  /// The slots of each trained variable.
  private let slots: [ExactName: Set<SlotName>]
  private let isAdam: Bool
  private let isFactored: Bool
  private let peers: [ExactName: [Variable]]
  private let siblings: [ExactName: [Variable]]

  init(_ state: TrainingState, _ optimizer: Optimizer?) {
    self.state = state
    self.optimizer = optimizer
    let candidates = state.variables.filter(\.canBeTrained)
    plans = Self.plans(candidates, optimizer)
    trained = candidates.filter { !Self.names($0).isEmpty }
    slots = Dictionary(trained.map { (ExactName($0.name), Self.names($0)) }) { first, _ in first }
    // Adam's moments come in pairs wherever most variables have both.
    let pair: Set<SlotName> = [.firstMoment, .secondMoment]
    let halves = slots.values.filter { $0.intersection(pair).count == 1 }.count
    isAdam = halves * 2 < slots.count || state.origin.framework == .tensorFlow
    isFactored = trained.contains { $0[.factoredRow] != nil || $0[.factoredColumn] != nil }
    peers = Dictionary(grouping: candidates) { ExactName(Self.split($0.name).role) }
    siblings = Dictionary(grouping: candidates) { ExactName(Self.split($0.name).scope) }
    var (roles, scopes): ([ExactName: Tally], [ExactName: Tally]) = ([:], [:])
    for variable in trained {
      let (scope, role) = Self.split(variable.name)
      let slots = Self.names(variable)
      roles[ExactName(role), default: Tally()].add(slots)
      scopes[ExactName(scope), default: Tally()].add(slots)
    }
    (self.roles, self.scopes) = (roles, scopes)
  }

  private static func plans(
    _ variables: [Variable],
    _ optimizer: Optimizer?
  ) -> [PlanKey: [SlotName]] {
    guard let optimizer, let types = try? UpdateTypes(parameter: .float32, slots: nil) else {
      return [:]
    }
    var plans: [PlanKey: [SlotName]] = [:]
    for variable in variables {
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
    guard variable.canBeTrained, !trained.isEmpty else { return ([], "") }
    let has = Self.names(variable)
    if has.isEmpty {
      guard isConspicuous(variable), let example = neighbour(of: variable) else { return ([], "") }
      let names = Self.names(example).filter { Self.allows($0, variable) }.sorted()
      let list = names.map(\.rawValue).joined(separator: ", ")
      return (names, "\(example.name) beside it has \(list)")
    }
    if let definitions = planned(variable) {
      let absent = definitions.filter { variable[$0] == nil }
      return (absent, "the optimizer '\(state.optimizer?.kind ?? "")' keeps it for every variable")
    }
    let absent = expected(of: variable, having: has).subtracting(has)
    guard !absent.isEmpty else { return ([], "") }
    let count = trained.filter { other in absent.allSatisfy { other[$0] != nil } }.count
    return (absent.sorted(), "\(count) of \(trained.count) variables with slots have it")
  }

  /// The slots of the recorded optimizer where the state has none of them at all.
  var recordedButAbsent: [SlotName]? {
    guard trained.isEmpty, state.variables.allSatisfy({ $0.slots.isEmpty }),
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
    let beside = (siblings[ExactName(scope)] ?? []).filter {
      ExactName($0.name) != ExactName(variable.name)
    }
    guard !beside.isEmpty, beside.allSatisfy({ slots[ExactName($0.name)] != nil }) else {
      return false
    }
    let same = peers[ExactName(role)] ?? []
    let without = same.filter { slots[ExactName($0.name)] == nil }.count
    if same.count > 1 { return without * 2 <= same.count }
    // The only one of its kind: it stands out where everything else that can be trained is.
    return trained.count == peers.values.joined().count - 1
  }

  private func neighbour(of variable: Variable) -> Variable? {
    let (scope, role) = Self.split(variable.name)
    return (siblings[ExactName(scope)] ?? []).first { slots[ExactName($0.name)] != nil }
      ?? (peers[ExactName(role)] ?? []).first { slots[ExactName($0.name)] != nil }
  }

  /// The slots of a variable that an update rule reads.
  private static func names(_ variable: Variable) -> Set<SlotName> {
    Set(variable.slots.map(\.name).filter(isMadeOfGradients))
  }

  private static func isMadeOfGradients(_ slot: SlotName) -> Bool {
    SlotDescription.of(slot)?.isMadeOfGradients == true
  }

  /// A name's layer and what it is in the layer: `dense/kernel` is `kernel` in `dense`.
  private static func split(_ name: String) -> (scope: String, role: String) {
    let bytes = Array(name.utf8)
    guard let cut = bytes.lastIndex(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ".") })
    else { return ("", name) }
    return (
      String(decoding: bytes[..<cut], as: UTF8.self),
      String(decoding: bytes[(cut + 1)...], as: UTF8.self)
    )
  }
}
