internal import Tensors
internal import TrainingState

/// Which variable of a state is which of a template's: by name, by the end of the name, or, where no name agrees, by shape
/// and order.
struct VariableMatching {
  /// A pair, by the number of the template's variable.
  struct Pair {
    let source: Int
    let match: Likeness.Match
  }

  /// The pairs that were found.
  private(set) var pairs: [Int: Pair] = [:]

  private let sources: [Variable]
  private let targets: [Variable]
  private var taken: Set<Int> = []

  /// Pairs variables.
  ///
  /// - Parameters:
  ///   - sources: The state's.
  ///   - targets: The template's.
  ///   - isOrdered: Whether both are in the order of their models.
  /// - Throws: `StateError` with code `unsupported` when two of one name differ in shape.
  init(_ sources: [Variable], _ targets: [Variable], isOrdered: Bool) throws {
    self.sources = sources
    self.targets = targets
    try pairByName()
    pairBySuffix()
    pairTwins()
    pairByShape(isOrdered: isOrdered)
  }

  /// The places of the state's variables that no target has, second names of what one has left out.
  var leftOver: [Int] {
    let known = Set(taken.compactMap { identity(of: sources[$0]) })
    return sources.indices.filter { place in
      !taken.contains(place) && identity(of: sources[place]).map { !known.contains($0) } ?? true
    }
  }

  private func identity(of variable: Variable) -> ObjectIdentifier? {
    guard let tensor = variable.value?.tensor, tensor.byteCount > 0 else { return nil }
    return ObjectIdentifier(tensor.source)
  }

  private mutating func pair(_ target: Int, _ source: Int, _ match: Likeness.Match) {
    pairs[target] = Pair(source: source, match: match)
    taken.insert(source)
  }

  private mutating func pairByName() throws {
    let places = Dictionary(
      sources.enumerated().map { (ExactName($1.name), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    for (target, variable) in targets.enumerated() {
      guard let source = places[ExactName(variable.name)] else { continue }
      guard let own = variable.shape, let other = sources[source].shape, own != other else {
        pair(target, source, .name)
        continue
      }
      throw StateError(
        .unsupported,
        "has another shape in the template, which is of another model",
        tensor: variable.name,
        expected: "\(own)",
        found: "\(other)"
      )
    }
  }

  // MARK: Ends of names

  /// The parts of a name, however a framework separates them.
  private static func parts(_ name: String) -> [Substring] {
    let isMark = { (byte: UInt8) in byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") }
    return name.utf8.split(whereSeparator: isMark).map { Substring($0) }
  }

  /// Pairs where one name is the end of the other, and of no second one.
  private mutating func pairBySuffix() {
    let open = targets.indices.filter { pairs[$0] == nil }
    let own = open.map { (place: $0, parts: Self.parts(targets[$0].name)) }
    let others = leftOver.map { (place: $0, parts: Self.parts(sources[$0].name)) }
    func ends(_ list: [(place: Int, parts: [Substring])]) -> [[Substring]: [Int]] {
      var ends: [[Substring]: [Int]] = [:]
      for (place, parts) in list {
        for count in parts.indices { ends[Array(parts[count...]), default: []].append(place) }
      }
      return ends
    }
    let (targetEnds, sourceEnds) = (ends(own), ends(others))
    var found: [Int: Set<Int>] = [:]
    for (place, parts) in others {
      for target in targetEnds[parts] ?? [] { found[target, default: []].insert(place) }
    }
    for (place, parts) in own {
      for source in sourceEnds[parts] ?? [] { found[place, default: []].insert(source) }
    }
    var uses: [Int: Int] = [:]
    for place in found.values.joined() { uses[place, default: 0] += 1 }
    for (target, places) in found {
      guard places.count == 1, let source = places.first, uses[source] == 1,
        targets[target].shape == sources[source].shape
      else { continue }
      pair(target, source, .suffix)
    }
  }

  // MARK: Second names

  /// A second name of one tensor of the template gets what the first one has.
  private mutating func pairTwins() {
    var first: [ObjectIdentifier: Int] = [:]
    for (target, variable) in targets.enumerated() where pairs[target] != nil {
      guard let tensor = variable.value?.tensor, tensor.byteCount > 0 else { continue }
      first[ObjectIdentifier(tensor.source)] = first[ObjectIdentifier(tensor.source)] ?? target
    }
    for (target, variable) in targets.enumerated() where pairs[target] == nil {
      guard let tensor = variable.value?.tensor,
        let twin = first[ObjectIdentifier(tensor.source)], let pair = pairs[twin]
      else { continue }
      pairs[target] = Pair(source: pair.source, match: .tied)
    }
  }

  // MARK: Shapes

  /// Pairs what no name tells apart: all of it or nothing, so that a head that was replaced is not filled with another.
  private mutating func pairByShape(isOrdered: Bool) {
    let open = targets.indices.filter { pairs[$0] == nil && targets[$0].isFloatingPoint }
    let rest = leftOver.filter { sources[$0].isFloatingPoint }
    guard !open.isEmpty, open.count == rest.count else { return }
    let shapes = (open.map { targets[$0].shape }, rest.map { sources[$0].shape })
    if Set(shapes.0).count == open.count, Set(shapes.0) == Set(shapes.1) {
      for target in open {
        guard let place = rest.first(where: { sources[$0].shape == targets[target].shape }) else {
          continue
        }
        pair(target, place, .shape)
      }
    } else if isOrdered, shapes.0 == shapes.1 {
      for (target, source) in zip(open, rest) { pair(target, source, .order) }
    }
  }
}

extension Variable {
  /// The shape of its value, or of what is kept for it.
  fileprivate var shape: Shape? {
    value?.tensor.shape ?? slots.first { $0.name != .momentumProduct }?.tensor.tensor.shape
  }

  fileprivate var isFloatingPoint: Bool {
    (value ?? slots.first?.tensor)?.tensor.elementType.isFloatingPoint ?? false
  }
}
