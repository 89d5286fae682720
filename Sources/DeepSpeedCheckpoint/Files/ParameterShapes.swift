internal import Tensors
internal import TorchContainer

/// Names and shapes of parameters, as the model's file lists them.
enum ParameterShapes {
  /// The groups of parameters in the order in which they are flattened.
  static func groups(_ value: PickleValue?) throws -> [[(name: String, shape: Shape)]] {
    guard let groups = value?.elements else {
      throw StateError(.unsupported, "the model's file does not say the parameters' shapes")
    }
    return try groups.map { try list($0) }
  }

  /// The parameters of one dictionary.
  static func list(_ value: PickleValue) throws -> [(name: String, shape: Shape)] {
    try (value.items ?? []).map { item in
      guard let name = item.key.text else {
        throw StateError(.malformed, "a parameter has no name")
      }
      var sizes = item.value.elements
      if case .call(let call)? = item.value.object?.content, call.name == "Size" {
        sizes = call.arguments.elements?.first?.elements
      }
      let numbers = sizes?.compactMap { $0.int.flatMap { Int(exactly: $0) } }
      guard let numbers, numbers.count == sizes?.count else {
        throw StateError(.malformed, "the parameter has no shape", tensor: name)
      }
      return (name, try Shape(numbers))
    }
  }

  /// The type that a model computes in: of less precision than float32 where any of its tensors is.
  ///
  /// - Parameter model: The model's file.
  /// - Returns: The type.
  /// - Throws: `StateError` with code `malformed` when a tensor of the model's is described wrongly.
  static func computeType(_ model: PickleValue) throws -> ElementType {
    let types = try (model["module"]?.items ?? []).compactMap { item in
      try item.value.object.flatMap { try TorchTensor($0) }?.elementType
    }
    return types.first { $0.isFloatingPoint && $0 != .float32 } ?? .float32
  }
}
