internal import OptimizerCatalog
internal import Tensors
internal import TrainingState

/// Pairs an optimizer's tensors with variables by what their names say.
struct NamePairing {
  private let owners: [SlotOwner]
  private let family: KerasFamily
  private let kind: String?
  private let words: [String]
  /// Whether the optimizer is in no entry, so that its words are its own.
  private let isUnknown: Bool
  private var places: [ExactName: Int?] = [:]
  private var flattened: [ExactName: Int?] = [:]

  init(_ owners: [SlotOwner], _ family: KerasFamily, kind: String?) {
    self.owners = owners
    self.family = family
    self.kind = kind
    words = family.vocabulary.texts
    isUnknown = kind.map { OptimizerCatalog.description(of: $0) == nil } ?? false
    for (place, owner) in owners.enumerated() {
      Self.note(place, owner.name, in: &places)
      let flat = owner.name.unicodeScalars.map { $0 == "/" ? "_" : $0 }
      Self.note(place, String(String.UnicodeScalarView(flat)), in: &flattened)
    }
  }

  /// Two variables of one name have none, as far as pairing goes.
  private static func note(_ place: Int, _ name: String, in places: inout [ExactName: Int?]) {
    let key = ExactName(name)
    places.updateValue(places[key] == nil ? place : nil, forKey: key)
  }

  /// The pairs, `nil` where a name does not tell whose slot it is.
  ///
  /// - Parameter tensors: The tensors behind the step counter, in order.
  /// - Returns: The pairs, or `nil`.
  func pairs(_ tensors: [StateTensor]) -> OptimizerTensors? {
    guard family != .multiBackend else { return nil }
    var result = OptimizerTensors()
    var taken: [Int: Set<SlotName>] = [:]
    let found = tensors.map { owner(of: $0.name) }
    let present = Set(found.compactMap { $0?.word })
    for (tensor, owner) in zip(tensors, found) {
      if let (place, word) = owner {
        let slot = slot(word, among: present, tensor.tensor.shape)
        guard taken[place, default: []].insert(slot).inserted else { return nil }
        result.add(tensor, as: slot, of: owners[place], at: place)
      } else if tensor.tensor.shape.rank == 0 {
        result.scalars.append(tensor)
      } else {
        return nil
      }
    }
    return result
  }

  /// The slot that a word means.
  private func slot(_ word: String, among present: Set<String>, _ shape: Shape) -> SlotName {
    let slot = family.vocabulary.slot(word, of: kind, isPresent: present.contains)
    guard let slot else { return .unrecognized(word) }
    // bert4keras calls the factors by the length of the axis that a mean was taken over, and keeps that axis as one of
    // length 1: `AdaFactorBase.factored_shape`.
    guard slot == .factoredRow || slot == .factoredColumn, family == .legacy, shape.rank >= 2 else {
      return slot
    }
    let isRow = shape.dimensions[shape.rank - 1] == 1 && shape.dimensions[shape.rank - 2] != 1
    return isRow ? .factoredRow : .factoredColumn
  }

  private func owner(of name: String) -> (place: Int, word: String)? {
    let parts = KerasNames.components(KerasNames.plain(name))
    switch family {
    case .multiBackend: return nil
    case .legacy:
      guard parts.count >= 3, let last = parts.last else { return nil }
      for start in 1..<parts.count - 1 {
        let base = parts[start..<parts.count - 1].joined(separator: "/")
        if let place = places[ExactName(base)] ?? nil { return (place, withoutNumber(last)) }
      }
      return nil
    case .current:
      guard parts.count >= 3 else { return nil }
      for start in 2..<parts.count where isUnknown || words.contains(parts[start - 1]) {
        let base = parts[start...].joined(separator: "/")
        if let place = places[ExactName(base)] ?? nil { return (place, parts[start - 1]) }
      }
      return nil
    case .keras3:
      guard parts.count >= 2, let last = parts.last else { return nil }
      for word in words where last.utf8.count > word.utf8.count + 1 {
        guard last.hasSuffix("_" + word) else { continue }
        let base = String(last.dropLast(word.count + 1))
        if let place = flattened[ExactName(base)] ?? nil { return (place, word) }
      }
      return isUnknown ? unknownWord(in: last) : nil
    }
  }

  /// The variable whose name a slot's begins with, and the rest as the slot's word; `nil` where two would do.
  private func unknownWord(in name: String) -> (place: Int, word: String)? {
    var found: (place: Int, word: String)?
    for bar in name.indices where name[bar] == "_" {
      guard let place = flattened[ExactName(String(name[..<bar]))] ?? nil else { continue }
      guard found == nil else { return nil }
      found = (place, String(name[name.index(after: bar)...]))
    }
    return found
  }

  /// TensorFlow numbers names that are taken.
  private func withoutNumber(_ word: String) -> String {
    guard let bar = word.lastIndex(of: "_"), bar != word.startIndex,
      Int(word[word.index(after: bar)...]) != nil
    else { return word }
    let stem = String(word[..<bar])
    return words.contains(stem) ? stem : word
  }
}
