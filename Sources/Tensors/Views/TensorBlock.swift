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

  /// Whether blocks that have as many elements as their tensor lie side by side.
  ///
  /// A block is the sum over all places of its corners, each taken as plus or minus one; so blocks make
  /// up the tensor exactly when their corners cancel and the tensor's own are left. That takes a
  /// glance at each block, where comparing each with each could take hours for a forged list.
  static func areApart(_ blocks: [TensorBlock], in shape: Shape) throws -> Bool {
    guard shape.elementCount > 0 else { return true }
    let cut = shape.dimensions.indices.filter { axis in
      blocks.contains { $0.lengths[axis] != shape.dimensions[axis] }
    }
    guard cut.count <= 8 else {
      throw StateError(
        .limitExceeded,
        "a tensor is cut along \(cut.count) axes",
        expected: "at most 8"
      )
    }
    var corners: [[Int]: Int] = [:]
    func add(_ starts: [Int], _ lengths: [Int], _ sign: Int) {
      for choice in 0..<1 << cut.count {
        let corner = cut.enumerated().map { place, axis in
          starts[axis] + (choice >> place & 1 == 1 ? lengths[axis] : 0)
        }
        corners[corner, default: 0] += choice.nonzeroBitCount.isMultiple(of: 2) ? sign : -sign
      }
    }
    for block in blocks { add(block.starts, block.lengths, 1) }
    add(shape.dimensions.map { _ in 0 }, shape.dimensions, -1)
    return corners.values.allSatisfy { $0 == 0 }
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
