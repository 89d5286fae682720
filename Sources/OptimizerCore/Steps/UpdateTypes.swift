public import Tensors

/// Element types of a variable, its gradient and its slots.
///
/// The update is computed in `float64` for `float64` parameters and in `float32` for all others.
public struct UpdateTypes: Sendable, Hashable {
  /// Type of the parameters.
  public let parameter: ElementType
  /// Type of the gradients.
  public let gradient: ElementType
  /// Type of the slots.
  public let slots: ElementType

  /// Checks and keeps types.
  ///
  /// - Parameters:
  ///   - parameter: Type of the parameters.
  ///   - gradient: Type of the gradients, the parameters' if `nil`.
  ///   - slots: Type of the slots; if `nil` `float64` beside `float64` parameters, else `float32`.
  /// - Throws: `StateError` with code `unsupported` when one of them is no floating-point type.
  public init(
    parameter: ElementType = .float32,
    gradient: ElementType? = nil,
    slots: ElementType? = nil
  ) throws {
    self.parameter = parameter
    self.gradient = gradient ?? parameter
    self.slots = slots ?? (parameter == .float64 ? .float64 : .float32)
    for type in [self.parameter, self.gradient, self.slots] where !type.isFloatingPoint {
      throw StateError(
        .unsupported,
        "elements of type \(type.rawValue) cannot be trained",
        expected: "float16, bfloat16, float32 or float64"
      )
    }
  }
}
