internal import OptimizerCatalog
internal import Tensors

extension FlatLayout {
  /// A tensor that may be a slot.
  private struct Candidate {
    let key: String
    let word: String
    let owner: ExactName
    /// The scalar that counts the updates of the optimizer whose it is, where the list has several.
    var step: String?
  }

  /// A name in the list of MLX' `MultiOptimizer`: `states.<number>.` and what the optimizer of that number calls it.
  private static func part(_ name: String) -> (prefix: String, own: String)? {
    let parts = name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "states", Int(parts[1]) != nil else { return nil }
    return ("states.\(parts[1]).", String(parts[2]))
  }

  /// Finds out by names which tensor of a list is what.
  ///
  /// A slot's name is its variable's and a word that means a slot, behind a slash or a dot; leading
  /// components that stand before the variable's own name are passed over. A list with the scalars
  /// `step` and `learning_rate` is the state of an MLX optimizer, whose variables are elsewhere; with `states.0.step`
  /// and so on, of several, each of which counts the updates of its own variables.
  ///
  /// - Parameters:
  ///   - tensors: The tensors under the list's names.
  ///   - optimizer: The optimizer's name in lower case, where the file says it.
  /// - Returns: The layout.
  public static func recognize(_ tensors: [StateTensor], optimizer: String? = nil) -> FlatLayout {
    let shapes = Dictionary(tensors.map { (ExactName($0.name), $0.tensor.shape) }) { $1 }
    let scalars = Set(tensors.lazy.filter { $0.tensor.shape.rank == 0 }.map { ExactName($0.name) })
    let counters = Set(
      tensors.lazy.filter { StepTensor.isCounter($0.tensor, floatingPoint: false) }
        .compactMap { tensor in
          part(tensor.name).flatMap { $0.own == "step" ? ExactName(tensor.name) : nil }
        }
    )
    let isMLX =
      !counters.isEmpty
      || scalars.isSuperset(of: [ExactName("step"), ExactName("learning_rate")])
    var layout = FlatLayout()
    var places: [ExactName: Int] = [:]
    func place(of owner: ExactName) -> Int {
      if let place = places[owner] { return place }
      places[owner] = layout.variables.count
      layout.variables.append(Member(owner.text))
      return layout.variables.count - 1
    }
    var candidates: [Candidate] = []
    for tensor in tensors {
      let name = tensor.name
      if let part = part(name), counters.contains(ExactName(part.prefix + "step")) {
        if part.own == "step" { continue }
        var inner = tensor
        inner.name = part.own
        if let found = candidate(inner, among: shapes, isMLX: true) {
          let step = part.prefix + "step"
          candidates.append(Candidate(key: name, word: found.word, owner: found.owner, step: step))
        } else {
          layout.optimizerTensors.append((name, name))
        }
      } else if name == StepTensor.globalName
        || name == "step" && StepTensor.isCounter(tensor.tensor, floatingPoint: false),
        layout.globalStep == nil
      {
        layout.globalStep = name
      } else if tensor.tensor.shape.rank == 0, name == "learning_rate" || BetaPowerName(name) != nil
      {
        layout.optimizerTensors.append((name, name))
      } else if let found = candidate(tensor, among: shapes, isMLX: isMLX) {
        candidates.append(found)
      } else {
        layout.variables[place(of: ExactName(name))].value = name
      }
    }
    var words: [ExactName: Set<String>] = [:]
    for candidate in candidates { words[candidate.owner, default: []].insert(candidate.word) }
    for candidate in candidates {
      let place = place(of: candidate.owner)
      if let step = candidate.step {
        layout.variables[place].step = step
        layout.sharesSteps = true
      }
      if candidate.word == "step", layout.variables[place].step == nil {
        layout.variables[place].step = candidate.key
        continue
      }
      let slot = meaning(of: candidate.word, among: words[candidate.owner] ?? [], optimizer)
      let unique = unused(slot, candidate.word, layout.variables[place].slots.map(\.slot))
      layout.variables[place].slots.append((unique, candidate.key))
    }
    return layout
  }

  private static func candidate(
    _ tensor: StateTensor,
    among shapes: [ExactName: Shape],
    isMLX: Bool
  ) -> Candidate? {
    let bytes = tensor.name.utf8
    let isSeparator = { (byte: UInt8) in byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") }
    guard let mark = bytes.lastIndex(where: isSeparator), mark > bytes.startIndex else {
      return nil
    }
    let word = String(Substring(bytes[bytes.index(after: mark)...]))
    let base = String(Substring(bytes[..<mark]))
    let isLetter = FlatSlots.letters.contains(word)
    let isStep = word == "step" && StepTensor.isCounter(tensor.tensor, floatingPoint: true)
    guard isStep || isLetter || FlatSlots.meaning(of: word, among: []) != nil else {
      // What stands below a variable and has its shape is a slot, of whatever optimizer.
      let shape = tensor.tensor.shape
      guard shape.rank > 0, shapes[ExactName(base)] == shape else { return nil }
      return Candidate(key: tensor.name, word: word, owner: ExactName(base))
    }
    var rest = base.utf8[...]
    while true {
      let owner = ExactName(String(Substring(rest)))
      if shapes[owner] != nil { return Candidate(key: tensor.name, word: word, owner: owner) }
      guard let next = rest.firstIndex(where: isSeparator) else { break }
      rest = rest[rest.index(after: next)...]
    }
    let isAlone = FlatSlots.isUnmistakable(word) || isMLX && isLetter
    return isAlone ? Candidate(key: tensor.name, word: word, owner: ExactName(base)) : nil
  }

  private static func meaning(
    of word: String,
    among words: Set<String>,
    _ optimizer: String?
  ) -> SlotName {
    if FlatSlots.letters.contains(word) {
      let letters = words.intersection(FlatSlots.letters)
      return FlatSlots.meaning(of: word, among: letters, optimizer: optimizer)
    }
    return FlatSlots.meaning(of: word, among: words) ?? .unrecognized(word)
  }

  /// The slot, or its source's word, numbered where that is taken too.
  private static func unused(_ slot: SlotName, _ word: String, _ taken: [SlotName]) -> SlotName {
    var slot = slot
    var number = 1
    while taken.contains(slot) {
      slot = SlotName(rawValue: number == 1 ? word : "\(word)_\(number)")
      number += 1
    }
    return slot
  }
}
