internal import OptimizerCore
internal import Tensors
internal import TorchContainer

/// The settings of an optimizer's groups brought to what a record says.
struct SettingsUpdate {
  /// New numbers of the settings that are tensors, by the tensor.
  private(set) var numbers: [ObjectIdentifier: Double] = [:]

  private let optimizer: TorchOptimizer
  private let rule: TorchRule
  private let record: OptimizerRecord
  private let members: [[String]]
  private let tensors: [ObjectIdentifier: Tensor]
  private let ignored: Set<String>
  private var uses: [ObjectIdentifier: Int] = [:]

  /// Prepares an update.
  ///
  /// - Parameters:
  ///   - optimizer: The optimizer of a file.
  ///   - rule: The rule that its keys belong to.
  ///   - record: What it shall say.
  ///   - members: The names of each group's variables, as far as they are known.
  ///   - tensors: The tensors of the file.
  ///   - ignored: Settings that somebody else writes.
  init(
    _ optimizer: TorchOptimizer,
    _ rule: TorchRule,
    _ record: OptimizerRecord,
    members: [[String]],
    tensors: [StoragePlan.Node],
    ignoring ignored: Set<String>
  ) {
    self.ignored = ignored
    self.optimizer = optimizer
    self.rule = rule
    self.record = record
    self.members = members
    self.tensors = Dictionary(
      tensors.map { (ObjectIdentifier($0.object), $0.tensor) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// Changes the groups in place.
  ///
  /// - Throws: `StateError` with code `unsupported` when they have no place for what the record says.
  mutating func apply() throws {
    let settings = optimizer.groups.map(\.settings)
    let present = try settings.map { try rule.hyperparameters($0, number) }
    let old = try rule.record(settings, settings.map { _ in [] }, number: number)
    let isKept = old?.groups.map(\.overrides) == record.groups.map(\.overrides)
    let places = try places()
    for (index, group) in optimizer.groups.enumerated() {
      func merged(_ record: OptimizerRecord, _ place: Int?) -> [String: HyperparameterValue] {
        record.hyperparameters.merging(place.map { record.groups[$0].overrides } ?? [:]) { $1 }
          .filter { !ignored.contains($0.key) }
      }
      var wanted = merged(record, places[index])
      if isKept, let old {
        // A group lacks what only the first one has, which is nothing new.
        let before = merged(old, old.groups.isEmpty ? nil : index)
        wanted = wanted.filter { before[$0.key] != $0.value }
      }
      let ids = Set(group.parameters.compactMap { TorchOptimizer.ParameterID($0) })
      let change = try SettingsChange(
        rule,
        group.settings,
        present: present[index],
        said: wanted,
        record: record,
        isOtherKind: old.map { $0.kind != record.kind } ?? false,
        entries: optimizer.entries.filter { ids.contains($0.id) }.map(\.value)
      )
      try set(change.values, in: group.settings)
    }
    try checkShared()
  }

  /// The record's group that each of the file's is, `nil` for one that is in none.
  private func places() throws -> [Int?] {
    if record.groups.isEmpty { return members.map { _ in nil } }
    var known: [ExactName: Int] = [:]
    for (place, group) in record.groups.enumerated() {
      for member in group.members { known[ExactName(member)] = place }
    }
    return try members.enumerated().map { index, names in
      let found = Set(names.map { known[ExactName($0)] })
      if found.isEmpty, record.groups.count == members.count { return index }
      guard found.count == 1, let place = found.first else {
        throw StateError(
          .unsupported,
          "the record's groups deal the parameters out otherwise than the file's do",
          expected: "\(members.count) groups like the file's",
          remedy: "keep the file's groups together"
        )
      }
      return place
    }
  }

  private func number(_ value: PickleValue) throws -> Double? {
    if let number = value.number { return number }
    guard let object = value.object, let tensor = tensors[ObjectIdentifier(object)] else {
      return nil
    }
    return try TorchAssembly.scalar(tensor)
  }

  private mutating func set(
    _ values: [String: SettingsChange.Value],
    in group: PickleValue
  ) throws {
    guard let object = group.object, var items = object.items else { return }
    for (place, item) in items.enumerated() {
      guard let key = item.key.text, let value = values[key] else { continue }
      switch value {
      case .flag(let flag): items[place].value = .bool(flag)
      case .unset: items[place].value = .none
      case .count(let count): items[place].value = .int(count)
      case .number(let number): items[place].value = try changed(item.value, number)
      case .numbers(let numbers):
        let old = item.value.elements ?? numbers.map { _ in .none }
        let new = try zip(old, numbers).map { old, number in
          try number.map { try changed(old, $0) } ?? old
        }
        // Groups share what they were made with: the old one stays as it is.
        let isList = if case .list? = item.value.object?.content { true } else { false }
        items[place].value = isList ? .list(new) : .tuple(new)
      }
    }
    object.setItems(items)
  }

  /// A number in place of another; a tensor stays one.
  private mutating func changed(_ old: PickleValue, _ number: Double) throws -> PickleValue {
    guard let object = old.object, tensors[ObjectIdentifier(object)] != nil else {
      return .double(number)
    }
    let id = ObjectIdentifier(object)
    guard numbers[id] == nil || numbers[id] == number else { throw Self.shared }
    numbers[id] = number
    uses[id, default: 0] += 1
    return old
  }

  /// Refuses to change a tensor in some of the groups that share it.
  private func checkShared() throws {
    var held: [ObjectIdentifier: Int] = [:]
    for value in optimizer.groups.flatMap({ $0.settings.items ?? [] }).map(\.value) {
      for object in ([value] + (value.elements ?? [])).compactMap(\.object) {
        held[ObjectIdentifier(object), default: 0] += 1
      }
    }
    guard uses.allSatisfy({ $0.value == held[$0.key] }) else { throw Self.shared }
  }

  private static let shared = StateError(
    .unsupported,
    "the file's groups share the tensor of a setting that shall differ between them",
    remedy: "give all of them the same value"
  )
}
