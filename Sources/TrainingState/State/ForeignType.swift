internal import Tensors

/// Elements of a type that there is no ``ElementType`` for: the tensor is its bytes, and attributes say what they are.
extension StateTensor {
  /// Among the attributes: what the type is called.
  ///
  /// Safetensors was the first format to have such a type, and stores name the attribute after it.
  package static let foreignType = "safetensors.dtype"

  /// Among the attributes: the shape, sizes joined by commas.
  package static let foreignShape = "safetensors.shape"

  /// Type and shape as one reads them, such as `F6_E2M3[4, 2]`; `nil` where the tensor's own type says them.
  public var foreignKind: String? {
    guard case .string(let type)? = attributes[Self.foreignType],
      case .string(let sizes)? = attributes[Self.foreignShape]
    else { return nil }
    return "\(type)[\(sizes.split(separator: ",").joined(separator: ", "))]"
  }
}
