internal import Tensors

/// Variables that are one parameter under several names.
package enum TiedVariables {
  /// For each variable the index of the one that it is tied to, `nil` where it is itself.
  ///
  /// Tied are those that draw from the same bytes, and one without slots whose recorded sum is that of
  /// an earlier one of the same shape that has slots: two trained tensors are not equal by chance.
  package static func find(_ variables: [Variable]) -> [Int?] {
    struct Look: Hashable {
      let sum: UInt32
      let type: ElementType
      let shape: Shape
    }
    var sources: [ObjectIdentifier: Int] = [:]
    var looks: [Look: Int] = [:]
    return variables.enumerated().map { index, variable in
      guard let tensor = variable.value?.tensor else { return nil }
      let look = tensor.checksum.map {
        Look(sum: $0, type: tensor.elementType, shape: tensor.shape)
      }
      if variable.slots.isEmpty {
        let twin = sources[ObjectIdentifier(tensor.source)] ?? look.flatMap { looks[$0] }
        if let twin, variables[twin].value?.tensor.shape == tensor.shape { return twin }
      }
      sources[ObjectIdentifier(tensor.source)] = sources[ObjectIdentifier(tensor.source)] ?? index
      if let look, !variable.slots.isEmpty, looks[look] == nil { looks[look] = index }
      return nil
    }
  }

  /// The second names of a state's tensors, as safetensors' own `save_model` writes them into a file's metadata.
  ///
  /// - Parameter variables: The variables.
  /// - Returns: For each variable that is left out its name and the name of the one that has the data.
  package static func texts(_ variables: [Variable]) -> [(name: String, text: String)] {
    zip(variables, find(variables)).compactMap { variable, twin in
      twin.map { (variable.name, variables[$0].name) }
    }
  }

  /// Gives tensors of a state the second names that a file's metadata says.
  ///
  /// - Parameters:
  ///   - texts: The metadata; what does not name a variable of the state is something else.
  ///   - front: What the state's names begin with and the file's do not.
  ///   - state: The state.
  package static func add(
    _ texts: [(name: String, text: String)],
    behind front: String = "",
    to state: inout TrainingState
  ) {
    var places: [ExactName: Int] = [:]
    for (place, variable) in state.variables.enumerated() {
      places[ExactName(variable.name)] = place
    }
    for (own, original) in texts where places[ExactName(front + own)] == nil {
      let name = front + own
      guard let value = places[ExactName(front + original)].flatMap({ state.variables[$0].value })
      else { continue }
      places[ExactName(name)] = state.variables.count
      state.variables.append(
        Variable(name, value: StateTensor(name, value.tensor, sourceName: own))
      )
    }
  }
}
