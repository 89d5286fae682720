/// A tensor put together from rectangular parts.
final class AssembledView: TensorSource {
  /// The parts in the order of their first elements in the whole.
  private let parts: [(tensor: Tensor, runs: BlockRuns)]
  /// For each part where the furthest of it and those before it ends, in elements of the whole.
  private let reaches: [Int]
  private let width: Int

  init(_ parts: [(tensor: Tensor, runs: BlockRuns)], width: Int) {
    self.parts = parts
    self.width = width
    var reach = 0
    reaches = parts.map { _, runs in
      if runs.count > 0 {
        reach = max(reach, runs.position(ofRun: runs.count - 1) + runs.length)
      }
      return reach
    }
  }

  var origins: [Tensor] { parts.map(\.tensor) }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let end = offset + buffer.count
    for part in firstPart(endingAfter: offset / width)..<parts.count {
      let (tensor, runs) = parts[part]
      // Those that follow begin later still.
      if runs.position(ofRun: 0) * width >= end { break }
      let runBytes = runs.length * width
      var run = runs.firstRun(endingAfter: offset / width)
      while run < runs.count {
        let position = runs.position(ofRun: run) * width
        if position >= end { break }
        let from = max(position, offset)
        let to = min(position + runBytes, end)
        if from < to {
          try unsafe tensor.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[from - offset..<to - offset]),
            at: run * runBytes + from - position
          )
        }
        run += 1
      }
    }
  }

  /// The first part that ends after an element of the whole, or has one before it that does.
  private func firstPart(endingAfter element: Int) -> Int {
    var low = 0
    var high = parts.count
    while low < high {
      let middle = low + (high - low) / 2
      if reaches[middle] > element { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension Tensor {
  /// One tensor out of rectangular parts that cover it, without moving data.
  ///
  /// - Parameters:
  ///   - elementType: Type of the elements of all parts.
  ///   - shape: Shape of the whole.
  ///   - parts: The parts and their places, in any order.
  /// - Returns: The whole.
  /// - Throws: ``StateError`` with code `malformed` when parts overlap, leave a hole or differ in type
  ///   or shape from their place.
  /// - Complexity: O(*n*) in the number of parts, twice that for every axis along which they are cut.
  public static func assemble(
    _ elementType: ElementType,
    _ shape: Shape,
    from parts: [(block: TensorBlock, tensor: Tensor)]
  ) throws -> Tensor {
    guard let width = elementType.byteWidth else {
      throw StateError(.unsupported, "a tensor of \(elementType.rawValue) cannot be sliced")
    }
    var covered = 0
    for (block, tensor) in parts {
      guard tensor.elementType == elementType, tensor.shape.dimensions == block.lengths else {
        throw StateError(
          .malformed,
          "a slice differs from its place",
          expected: "\(elementType.rawValue)\(block.lengths)",
          found: "\(tensor.elementType.rawValue)\(tensor.shape)"
        )
      }
      let next = covered.addingReportingOverflow(tensor.shape.elementCount)
      covered = next.overflow ? .max : next.partialValue
    }
    let ordered = parts.filter { $0.tensor.shape.elementCount > 0 }
      .sorted { $0.block.starts.lexicographicallyPrecedes($1.block.starts) }
    guard covered >= shape.elementCount else {
      throw StateError(
        .malformed,
        "the slices do not cover their tensor",
        expected: "\(shape.elementCount) elements",
        found: "\(covered)"
      )
    }
    guard covered == shape.elementCount, try TensorBlock.areApart(ordered.map(\.block), in: shape)
    else {
      throw StateError(.malformed, "two slices overlap")
    }
    let placed = ordered.map { ($0.tensor, BlockRuns(full: shape, block: $0.block)) }
    return try Tensor(elementType, shape, source: AssembledView(placed, width: width))
  }
}
