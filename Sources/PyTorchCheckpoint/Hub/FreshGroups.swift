internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// How the parameters of a state are dealt out to the groups of a new optimizer.
struct FreshGroups {
  /// A group: its members in order, and its settings in the words of the core.
  struct Group {
    var members: [Variable]
    let values: [String: HyperparameterValue]
  }

  let groups: [Group]

  /// What somebody who resumes must know of the groups.
  private(set) var note: String?

  /// Deals parameters out.
  ///
  /// - Parameters:
  ///   - parameters: The parameters in the optimizer's order.
  ///   - record: Kind and groups.
  ///   - values: The record's settings with defaults filled in.
  ///   - isSparedDecay: Tells the variables that the record's patterns spare weight decay.
  ///   - asTrainer: Whether to make the Trainer's two groups wherever they can hold what the record says.
  /// - Throws: What `isSparedDecay` throws.
  init(
    _ parameters: [Variable],
    record: OptimizerRecord,
    values: [String: HyperparameterValue],
    isSparedDecay: (String) throws -> Bool,
    asTrainer: Bool
  ) throws {
    var places: [ExactName: Int] = [:]
    for (index, group) in record.groups.enumerated() {
      for member in group.members { places[ExactName(member)] = index }
    }
    // The last is for what is in none of the record's.
    var dealt = record.groups.map { group in
      Group(members: [], values: values.merging(group.overrides) { $1 })
    }
    dealt.append(Group(members: [], values: values))
    for parameter in parameters {
      dealt[places[ExactName(parameter.name)] ?? record.groups.count].members.append(parameter)
    }
    let own = try dealt.flatMap { group -> [Group] in
      guard group.values["weight_decay"]?.number ?? 0 != 0 else { return [group] }
      let spared = try group.members.map { try isSparedDecay($0.name) }
      func members(_ areSpared: Bool) -> [Variable] {
        zip(group.members, spared).filter { $0.1 == areSpared }.map(\.0)
      }
      return [
        Group(members: members(false), values: group.values),
        Group(members: members(true), values: Self.spared(group.values)),
      ]
    }
    .filter { !$0.members.isEmpty }
    guard asTrainer else {
      groups = own
      return
    }
    if let two = Self.trainers(parameters, own, values) {
      groups = two
      if two[1].values["weight_decay"]?.number ?? 0 != 0, !two[1].members.isEmpty {
        note =
          "biases and normalizations decay, as the state says; a new run of the Trainer's would spare "
          + "them"
      }
      return
    }
    groups = own
    note =
      "the optimizer has \(own.count) groups that the Trainer's two cannot hold: a Trainer resumes with "
      + "an optimizer of the same groups alone, which it is given as optimizers="
  }

  /// The Trainer's two groups, `nil` where settings differ within one of them.
  private static func trainers(
    _ parameters: [Variable],
    _ groups: [Group],
    _ values: [String: HyperparameterValue]
  ) -> [Group]? {
    var settings: [ExactName: [String: HyperparameterValue]] = [:]
    for group in groups {
      for member in group.members { settings[ExactName(member.name)] = group.values }
    }
    func side(_ isSpared: Bool, or other: [String: HyperparameterValue]) -> Group? {
      let members = parameters.filter { TrainerGroups.isSpared($0.name) == isSpared }
      let own = Set(members.compactMap { settings[ExactName($0.name)] })
      return own.count > 1 ? nil : Group(members: members, values: own.first ?? other)
    }
    guard let first = side(false, or: values),
      let second = side(true, or: spared(first.values))
    else { return nil }
    return [first, second]
  }

  private static func spared(_ values: [String: HyperparameterValue])
    -> [String: HyperparameterValue]
  {
    values.merging(["weight_decay": .double(0)]) { $1 }
  }
}
