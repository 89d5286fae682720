public import Tensors

/// Consecutive elements of one variable with their gradients and slots.
public struct Block<Scalar: BinaryFloatingPoint> {
  /// Index of the first element in the variable.
  public let start: Int

  /// Shape of the whole variable.
  public let shape: Shape

  /// The parameters.
  public let parameter: Lane<Scalar>

  /// The gradients, clipped and regularized.
  public let gradient: Lane<Scalar>

  /// The slots, in the rule's order, without those that are one number for the whole variable.
  public let slots: [Lane<Scalar>]

  /// Type of the framework's tensors where it is narrower than what is computed in: an implementation that has a kernel
  /// per operation rounds to it every time.
  public let tensorType: ElementType?

  /// Describes elements.
  ///
  /// - Parameters:
  ///   - start: Index of the first element in the variable.
  ///   - shape: Shape of the whole variable.
  ///   - parameter: The parameters.
  ///   - gradient: The gradients.
  ///   - slots: The slots, in the rule's order.
  ///   - tensorType: Type of the framework's tensors where it is narrower.
  public init(
    start: Int,
    of shape: Shape,
    parameter: Lane<Scalar>,
    gradient: Lane<Scalar>,
    slots: [Lane<Scalar>],
    tensorType: ElementType? = nil
  ) {
    self.start = start
    self.shape = shape
    self.parameter = parameter
    self.gradient = gradient
    self.slots = slots
    self.tensorType = tensorType
  }

  /// Elements in the block.
  public var count: Int { parameter.count }

  /// Index in the block from which PyTorch's fused kernels go element by element: what is left of
  /// the variable when it is cut into vectors of 32 bytes.
  var fusedTail: Int {
    let lanes = 32 / MemoryLayout<Scalar>.size
    return shape.elementCount - shape.elementCount % lanes - start
  }
}
