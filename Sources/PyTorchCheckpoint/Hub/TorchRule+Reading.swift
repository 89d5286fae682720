internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TorchContainer

extension TorchRule {
  /// The record that groups of settings make.
  ///
  /// - Parameters:
  ///   - groups: The groups' settings.
  ///   - members: The names of each group's variables.
  ///   - number: Reads a number that is kept as a tensor.
  /// - Returns: The record, `nil` where the settings do not say which optimizer they are of: the
  ///   Adam and AdamW of before 2.6 differ in nothing but what they do with a weight decay.
  /// - Throws: What reading a number throws.
  func record(
    _ groups: [PickleValue],
    _ members: [[String]],
    number: (PickleValue) throws -> Double?
  ) throws -> OptimizerRecord? {
    if !candidates.isEmpty { return nil }
    let values = Self.withBothDecays(try groups.map { try hyperparameters($0, number) })
    guard let first = values.first else { return nil }
    var kind = self.kind
    if let apart = row.apartKind {
      switch row.decayMark.flatMap({ groups[0][$0]?.bool }) {
      case true?: kind = apart
      case false?: break
      // What an older version does with a weight decay, its class alone says.
      case nil: if try groups.contains(where: { try decays($0, number) }) { return nil }
      }
    }
    let overrides = values.map { own in own.filter { first[$0.key] != $0.value } }
    let parts = zip(overrides, members).map { ParameterGroup(overrides: $0, members: $1) }
    return OptimizerRecord(
      kind: kind,
      hyperparameters: first,
      groups: groups.count > 1 ? parts : []
    )
  }

  /// The kinds that a file could be of whose record is none.
  var possibleKinds: [String] {
    let known = candidates.isEmpty ? [self] : candidates
    return known.flatMap { [$0.kind, $0.row.apartKind].compactMap(\.self) }
  }

  /// Where groups decay in different ways, each has the other's at zero: it would inherit it otherwise.
  private static func withBothDecays(
    _ groups: [[String: HyperparameterValue]]
  ) -> [[String: HyperparameterValue]] {
    let keys = ["weight_decay", "l2"]
    guard keys.allSatisfy({ key in groups.contains { $0[key] != nil } }) else { return groups }
    let none = Dictionary(uniqueKeysWithValues: keys.map { ($0, HyperparameterValue.double(0)) })
    return groups.map { $0.merging(none) { own, _ in own } }
  }

  /// A group's settings in the words of the core.
  func hyperparameters(
    _ group: PickleValue,
    _ number: (PickleValue) throws -> Double?
  ) throws -> [String: HyperparameterValue] {
    var values: [String: HyperparameterValue] = [:]
    for word in row.words {
      guard let value = group[word.text] else { continue }
      switch word.content {
      case .number(let name), .vector(let name):
        values[name] = try number(value).map { .double($0) }
      case .negated(let name): values[name] = try number(value).map { .double(-$0) }
      case .bound(let name): values[name] = try number(value).map { .double(max($0, 0)) }
      case .count(let name):
        values[name] = try number(value).flatMap { Int64(exactly: $0) }.map { .int($0) }
      case .flag(let name): values[name] = value.bool.map { .bool($0) }
      case .switched(let name): if value.bool == true { values[name] = .bool(true) }
      case .numbers(let names):
        guard let elements = value.elements, elements.count == names.count else { continue }
        for (name, element) in zip(names, elements) {
          values[name] = try number(element).map { .double($0) }
        }
      case .decay:
        values[isOwnDecay(group) ? "weight_decay" : "l2"] = try number(value).map { .double($0) }
      case .correction: if value.bool == false { values["bias_correction"] = .string("none") }
      case .list(let name): values[name] = try list(value, number)
      case .word(let name): values[name] = value.text.map { .string($0) }
      case .decoupling, .fusing, .unrecorded: continue
      }
    }
    for list in row.groupedLists { values[list] = .strings([]) }
    if let library = row.library { values[OptimizerRecord.libraryKey] = .string(library) }
    let isFused = row.word(.fusing).flatMap { group[$0]?.bool } == true
    if row.isTorchsArithmetic {
      let arithmetic = isFused ? Arithmetic.pytorchFused : .pytorch
      values["arithmetic"] = .string(arithmetic.rawValue)
    }
    return values
  }

  /// Whether a group's weight decay is one of its own, and no penalty in the gradient.
  func isOwnDecay(_ group: PickleValue) -> Bool {
    switch row.decay {
    case .penalty, .untold: false
    case .apart: true
    case .marked(let word, _): group[word]?.bool == true
    }
  }

  private func list(
    _ value: PickleValue,
    _ number: (PickleValue) throws -> Double?
  ) throws -> HyperparameterValue? {
    guard let elements = value.elements else { return nil }
    let numbers = try elements.compactMap(number)
    return numbers.count == elements.count ? .doubles(numbers) : nil
  }

  private func decays(
    _ group: PickleValue,
    _ number: (PickleValue) throws -> Double?
  ) throws -> Bool {
    guard let value = row.word(.decay).flatMap({ group[$0] }) else { return false }
    return try number(value) ?? 0 != 0
  }
}
