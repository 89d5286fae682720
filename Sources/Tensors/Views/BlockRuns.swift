/// The contiguous runs of elements that make up a rectangular block inside a row-major tensor.
///
/// Run *k* of the block lies at `position(ofRun: k)` in the tensor and at `k · length` in the block;
/// both grow with *k*.
package struct BlockRuns: Sendable {
  /// Elements of one run.
  package let length: Int

  /// Runs in the block.
  package let count: Int

  private let outerLengths: [Int]
  private let outerStrides: [Int]
  private let base: Int

  /// Finds the runs of a block.
  ///
  /// - Parameters:
  ///   - full: Shape of the tensor.
  ///   - block: The block inside it, already checked against the shape.
  ///   - alongLastAxis: Whether runs end with the last axis even where they could go on.
  package init(full: Shape, block: TensorBlock, alongLastAxis: Bool = false) {
    let dimensions = full.dimensions
    var strides = [Int](repeating: 1, count: full.rank)
    for axis in stride(from: full.rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * max(dimensions[axis + 1], 1)
    }
    // Trailing axes that the block spans whole belong to one run, and the last cut axis too.
    var split = full.rank
    var length = 1
    while split > 0 {
      split -= 1
      length *= block.lengths[split]
      if alongLastAxis || block.lengths[split] != dimensions[split] { break }
    }
    self.length = length
    outerLengths = Array(block.lengths[..<split])
    outerStrides = Array(strides[..<split])
    count = length == 0 ? 0 : outerLengths.reduce(1, *)
    base = zip(block.starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Where in the tensor a run begins, in elements.
  ///
  /// O(rank).
  package func position(ofRun run: Int) -> Int {
    var rest = run
    var position = base
    for axis in outerLengths.indices.reversed() {
      position += rest % outerLengths[axis] * outerStrides[axis]
      rest /= outerLengths[axis]
    }
    return position
  }

  /// The first run that ends after an element of the tensor.
  ///
  /// O(rank · log count).
  package func firstRun(endingAfter element: Int) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if position(ofRun: middle) + length > element { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
