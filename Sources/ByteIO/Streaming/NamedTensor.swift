public import Tensors

/// A tensor and the name by which messages call it.
public struct NamedTensor: Sendable {
  /// What messages call it.
  public let name: String

  /// The tensor.
  public let tensor: Tensor

  /// Joins a name and a tensor.
  ///
  /// - Parameters:
  ///   - name: What messages call it.
  ///   - tensor: The tensor.
  public init(_ name: String, _ tensor: Tensor) {
    self.name = name
    self.tensor = tensor
  }
}
