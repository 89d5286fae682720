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
  ///   - asTrainer: Whether to make the Trainer's two groups whatever the record says.
  /// - Throws: `StateError` with code `invalidArgument` when a pattern is no regular expression.
  init(
    _ parameters: [Variable],
    record: OptimizerRecord,
    values: [String: HyperparameterValue],
    asTrainer: Bool
  ) throws {
    var spared = values
    spared["weight_decay"] = .double(0)
    if asTrainer {
      groups = [
        Group(members: parameters.filter { !TrainerGroups.isSpared($0.name) }, values: values),
        Group(members: parameters.filter { TrainerGroups.isSpared($0.name) }, values: spared),
      ]
    } else if record.groups.isEmpty {
      let isSpared = try Self.exclusion(values)
      let decaying = try parameters.filter { try !isSpared($0.name) }
      let rest = try parameters.filter { try isSpared($0.name) }
      groups = [Group(members: decaying, values: values), Group(members: rest, values: spared)]
        .filter { !$0.members.isEmpty }
    } else {
      var places: [ExactName: Int] = [:]
      for (index, group) in record.groups.enumerated() {
        for member in group.members { places[ExactName(member)] = index }
      }
      var groups = record.groups.map { group in
        Group(members: [], values: values.merging(group.overrides) { $1 })
      }
      for parameter in parameters {
        if let place = places[ExactName(parameter.name)] {
          groups[place].members.append(parameter)
        } else if groups.count > record.groups.count {
          groups[record.groups.count].members.append(parameter)
        } else {
          groups.append(Group(members: [parameter], values: values))
        }
      }
      self.groups = groups.filter { !$0.members.isEmpty }
    }
  }

  /// Tells the variables that a record spares weight decay.
  private static func exclusion(
    _ values: [String: HyperparameterValue]
  ) throws -> (String) throws -> Bool {
    guard case .strings(let patterns)? = values["exclude_from_weight_decay"],
      (values["weight_decay"]?.number ?? 0) != 0
    else { return { _ in false } }
    let expressions = try patterns.map { pattern in
      do {
        return try Regex(pattern).matchingSemantics(.unicodeScalar)
      } catch {
        throw StateError(.invalidArgument, "'\(pattern)' is no regular expression: \(error)")
      }
    }
    return { name in try expressions.contains { try $0.firstMatch(in: name) != nil } }
  }
}
