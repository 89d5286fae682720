/// A rectangular part of a tensor: for each axis where it starts and how long it is.
public struct TensorBlock: Sendable, Hashable {
  /// First element along each axis.
  public let starts: [Int]

  /// Elements along each axis.
  public let lengths: [Int]

  /// Checks a block against the tensor that it belongs to.
  ///
  /// - Parameters:
  ///   - starts: First element along each axis.
  ///   - lengths: Elements along each axis.
  ///   - shape: Shape of the whole tensor.
  /// - Throws: ``StateError`` with code `malformed` when the block leaves the tensor.
  public init(starts: [Int], lengths: [Int], in shape: Shape) throws {
    let fits =
      starts.count == shape.rank && lengths.count == shape.rank
      && shape.dimensions.indices.allSatisfy { axis in
        let (start, length, size) = (starts[axis], lengths[axis], shape.dimensions[axis])
        return start >= 0 && length >= 0 && length <= size && start <= size - length
      }
    guard fits else {
      throw StateError(
        .malformed,
        "a slice starting at \(starts) of lengths \(lengths) leaves the tensor",
        expected: "within \(shape)"
      )
    }
    self.starts = starts
    self.lengths = lengths
  }

  /// Whether two blocks of one tensor have an element in common.
  ///
  /// - Parameter other: A block of the same tensor.
  /// - Returns: Whether they overlap.
  public func overlaps(_ other: TensorBlock) -> Bool {
    starts.indices.allSatisfy { axis in
      lengths[axis] > 0 && other.lengths[axis] > 0
        && starts[axis] < other.starts[axis] + other.lengths[axis]
        && other.starts[axis] < starts[axis] + lengths[axis]
    }
  }
}
