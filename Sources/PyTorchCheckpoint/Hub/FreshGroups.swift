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

  /// Deals parameters out.
  ///
  /// - Parameters:
  ///   - parameters: The parameters in the optimizer's order.
  ///   - record: Kind and groups.
  ///   - values: The record's settings with defaults filled in.
  ///   - isSparedDecay: Tells the variables that the record's patterns spare weight decay.
  ///   - asTrainer: Whether to make the Trainer's two groups whatever the record says.
  /// - Throws: What `isSparedDecay` throws.
  init(
    _ parameters: [Variable],
    record: OptimizerRecord,
    values: [String: HyperparameterValue],
    isSparedDecay: (String) throws -> Bool,
    asTrainer: Bool
  ) throws {
    guard !asTrainer else {
      groups = [
        Group(members: parameters.filter { !TrainerGroups.isSpared($0.name) }, values: values),
        Group(
          members: parameters.filter { TrainerGroups.isSpared($0.name) },
          values: Self.spared(values)
        ),
      ]
      return
    }
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
    groups = try dealt.flatMap { group -> [Group] in
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
  }

  private static func spared(_ values: [String: HyperparameterValue])
    -> [String: HyperparameterValue]
  {
    values.merging(["weight_decay": .double(0)]) { $1 }
  }
}
