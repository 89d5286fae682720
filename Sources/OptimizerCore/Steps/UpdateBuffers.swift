/// Memory of a range of one variable's elements, its gradient's and its slots', little-endian.
///
/// The memory must stay valid and unshared during an update; the arrays may not overlap.
@unsafe public struct UpdateBuffers {
  /// The parameters, changed in place.
  public var parameter: UnsafeMutableRawBufferPointer

  /// The gradients, only read.
  public var gradient: UnsafeRawBufferPointer

  /// The slots in the order of ``VariablePlan/slots``, changed in place.
  public var slots: [UnsafeMutableRawBufferPointer]

  /// `float32` master weights: the update is applied to them, the parameters are their rounding.
  public var master: UnsafeMutableRawBufferPointer?

  /// Describes memory.
  ///
  /// - Parameters:
  ///   - parameter: The parameters.
  ///   - gradient: The gradients.
  ///   - slots: The slots in the plan's order.
  ///   - master: The master weights, if there are any.
  public init(
    parameter: UnsafeMutableRawBufferPointer,
    gradient: UnsafeRawBufferPointer,
    slots: [UnsafeMutableRawBufferPointer],
    master: UnsafeMutableRawBufferPointer? = nil
  ) {
    unsafe self.parameter = parameter
    unsafe self.gradient = gradient
    unsafe self.slots = slots
    unsafe self.master = master
  }
}
