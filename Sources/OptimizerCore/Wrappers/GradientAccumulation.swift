public import Tensors

/// The mean of several gradients as the gradient of one update.
///
///     a' = a + g;  at every `steps`-th gradient the update has g = a'/steps, then a' = 0
///
/// - SeeAlso: Keras' `gradient_accumulation_steps`.
public struct GradientAccumulation: Sendable, Hashable {
  /// Gradients per update.
  public let steps: Int64

  init?(from reader: inout RecordReader) throws {
    steps = try reader.count("accumulation_steps", default: 1, atLeast: 1)
    if steps == 1 { return nil }
  }

  /// Whether a gradient completes an update.
  ///
  /// - Parameter gradient: Number of the gradient, counted from 1.
  /// - Returns: Whether it is a multiple of ``steps``.
  public func completesUpdate(_ gradient: Int64) -> Bool { gradient % steps == 0 }

  /// Adds a gradient; a completing one leaves the mean, which is the update's gradient.
  ///
  /// The caller clears the sum after the update.
  ///
  /// - Parameters:
  ///   - gradient: The gradient's elements.
  ///   - type: Their type.
  ///   - sum: The slot `gradient_accumulator`, as many `float32` elements.
  ///   - completes: Whether the gradient completes an update.
  /// - Throws: `StateError` with code `invalidArgument` when the sizes differ, `unsupported` when the
  ///   type is no floating-point type.
  public func add(
    _ gradient: UnsafeRawBufferPointer,
    _ type: ElementType,
    to sum: UnsafeMutableRawBufferPointer,
    completes: Bool
  ) throws {
    let types = try UpdateTypes(parameter: type)
    let expected = gradient.count / ScalarBuffer<Float>.width(types.gradient) * 4
    guard sum.count == expected else {
      throw StateError(
        .invalidArgument,
        "the sum of gradients has the wrong size",
        expected: "\(expected) bytes",
        found: "\(sum.count)"
      )
    }
    let source = unsafe UnsafeMutableRawBufferPointer(mutating: gradient)
    let new = unsafe ScalarBuffer<Float>(source, type)
    let total = unsafe ScalarBuffer<Float>(sum, .float32)
    defer {
      new.release()
      total.release()
    }
    let count = Float(steps)
    for i in 0..<total.lane.count {
      let value = new.lane[i] + total.lane[i]
      total.lane[i] = completes ? value / count : value
    }
    total.store()
  }
}
