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
}
