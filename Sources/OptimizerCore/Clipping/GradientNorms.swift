import CKernels
public import Tensors

/// The norms of some variables' gradients.
public struct GradientNorms: Sendable, Hashable {
  /// Sums of squares in `Double`, one per variable.
  public let squareSums: [Double]

  private let names: [String]

  /// Keeps sums of squares.
  ///
  /// - Parameters:
  ///   - squareSums: One per variable, as ``squareSum(_:_:)`` forms them.
  ///   - names: The variables' names, for messages.
  /// - Precondition: There are as many names as sums.
  public init(squareSums: [Double], names: [String]) {
    precondition(squareSums.count == names.count, "every sum has a variable's name")
    self.squareSums = squareSums
    self.names = names
  }

  /// The norm of all gradients together.
  ///
  /// TensorFlow: `√(2·Σ sᵢ/2)`, the sums added in `Float` in the variables' order; PyTorch: the norm of
  /// the `Float` norms. The sum inside one variable is formed in `Double` and rounded once; the
  /// frameworks' own vary with vector width and threads, by about 1e-7.
  ///
  /// - Parameter arithmetic: Whose form to follow.
  /// - Returns: The norm.
  public func global(_ arithmetic: Arithmetic) -> Float {
    switch arithmetic {
    case .tensorflow:
      let halves = squareSums.reduce(Float(0)) { $0 + Float($1 / 2) }
      return (halves * 2).squareRoot()
    case .keras:
      return squareSums.reduce(Float(0)) { $0 + Float($1) }.squareRoot()
    case .pytorch, .pytorchFused:
      let squares = each(arithmetic).map { Double($0) * Double($0) }
      return Float(squares.reduce(0, +).squareRoot())
    }
  }

  /// The norms of the gradients one by one.
  ///
  /// - Parameter arithmetic: Whose form to follow.
  /// - Returns: One norm per variable.
  public func each(_ arithmetic: Arithmetic) -> [Float] {
    switch arithmetic.convention {
    case .tensorflow: squareSums.map { Float($0).squareRoot() }
    case .pytorch: squareSums.map { Float($0.squareRoot()) }
    }
  }

  /// Refuses norms that are not finite.
  ///
  /// - Throws: `StateError` with code `malformed`, naming the first variable concerned.
  public func checkFinite() throws {
    for (sum, name) in zip(squareSums, names) where !sum.isFinite {
      throw StateError(
        .malformed,
        "the norm of the gradient is not finite",
        tensor: name,
        found: "\(sum)",
        remedy: "leave out the step or find out why the loss diverged"
      )
    }
    let total = squareSums.reduce(0, +)
    guard Float(total).isFinite else {
      throw StateError(.malformed, "the global norm of the gradients is not finite")
    }
  }

  /// The sum of squares of a gradient's elements.
  ///
  /// - Parameters:
  ///   - bytes: The elements.
  ///   - type: Their type.
  /// - Returns: The sum, in `Double`; the same bits on every processor.
  /// - Throws: `StateError` with code `unsupported` when the type is no floating-point type.
  /// - Complexity: O(*n*).
  public static func squareSum(
    _ bytes: UnsafeRawBufferPointer,
    _ type: ElementType
  ) throws -> Double {
    let source = unsafe UnsafeMutableRawBufferPointer(mutating: bytes)
    if type == .float64 {
      let buffer = unsafe ScalarBuffer<Double>(source, type)
      defer { buffer.release() }
      return (0..<buffer.lane.count).reduce(0) { $0 + buffer.lane[$1] * buffer.lane[$1] }
    }
    let types = try UpdateTypes(parameter: type)
    let buffer = unsafe ScalarBuffer<Float>(source, types.parameter)
    defer { buffer.release() }
    return unsafe optstate_square_sum(KernelPath.best, buffer.lane.base, buffer.lane.count)
  }
}
