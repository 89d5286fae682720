/// How a dataset is cut into chunks for compression: along its leading axes only, so that every chunk
/// is one range of the dataset's bytes.
package struct ChunkLayout: Sendable {
  /// Elements of a chunk along each axis.
  package let dimensions: [Int]

  /// Bytes of a full chunk.
  package let chunkBytes: Int

  /// First element of each chunk along each axis, and the range of the dataset's bytes that it holds,
  /// in row-major order.
  ///
  /// The last range of an axis may be shorter than a full chunk.
  package let chunks: [(position: [Int], bytes: Range<Int>)]

  /// Cuts a dataset into chunks of about 1 MiB.
  ///
  /// - Precondition: There is at least one axis and one element.
  package init(_ dimensions: [Int], width: Int) {
    let target = 1 << 20
    var chunk = dimensions
    var axis = 0
    while chunk.reduce(width, *) > target, axis < chunk.count {
      let inner = chunk[(axis + 1)...].reduce(width, *)
      chunk[axis] = max(1, target / inner)
      axis += 1
    }
    // The axis that was cut last is the only one on which chunks have more than one element and
    // less than all.
    let cut = max(axis - 1, 0)
    let inner = dimensions[(cut + 1)...].reduce(width, *)
    let counts = zip(dimensions, chunk).map { ($0 - 1) / $1 + 1 }
    let total = counts.reduce(1, *)
    chunks = (0..<total).map { number in
      var rest = number
      var position = [Int](repeating: 0, count: dimensions.count)
      for axis in dimensions.indices.reversed() {
        position[axis] = rest % counts[axis] * chunk[axis]
        rest /= counts[axis]
      }
      let row = position[...cut].enumerated().reduce(0) { $0 * dimensions[$1.offset] + $1.element }
      let rows = min(chunk[cut], dimensions[cut] - position[cut])
      return (position, row * inner..<(row + rows) * inner)
    }
    self.dimensions = chunk
    chunkBytes = chunk.reduce(width, *)
  }
}
