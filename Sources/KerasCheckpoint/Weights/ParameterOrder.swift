internal import Tensors

/// Finds the variables that somebody names, by the hub's names or by Keras' own paths.
struct ParameterOrder {
  private let owners: [SlotOwner]

  /// - Parameter owners: The model's variables.
  init(_ owners: [SlotOwner]) { self.owners = owners }

  /// The numbers of the variables behind some names.
  ///
  /// Keras puts the names of models before a variable's path, of which the file may know fewer or more.
  ///
  /// - Parameter names: The names.
  /// - Returns: The numbers, in the names' order.
  /// - Throws: `StateError` with code `invalidArgument` where a name is nobody's, or that of several.
  func places(of names: [String]) throws -> [Int] {
    let known = Dictionary(grouping: owners.indices) { ExactName(owners[$0].name) }
    let parts = owners.map { KerasNames.components($0.name) }
    var taken: Set<Int> = []
    return try names.map { name in
      let place = try place(of: name, known, parts)
      guard taken.insert(place).inserted else {
        throw StateError(.invalidArgument, "the list names a variable twice", tensor: name)
      }
      return place
    }
  }

  private func place(
    of name: String,
    _ known: [ExactName: [Int]],
    _ parts: [[String]]
  ) throws -> Int {
    if let exact = known[ExactName(name)], exact.count == 1 { return exact[0] }
    let path = KerasNames.components(KerasNames.plain(name))
    let found = parts.indices.filter { place in
      let own = parts[place]
      return !path.isEmpty && own.suffix(path.count) == path.suffix(own.count)
    }
    guard found.count == 1 else {
      throw StateError(
        .invalidArgument,
        found.isEmpty ? "the state has no such variable" : "several variables have such a name",
        tensor: name
      )
    }
    return found[0]
  }
}
