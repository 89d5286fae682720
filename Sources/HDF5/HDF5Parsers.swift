internal import ByteIO
internal import Tensors

/// Parts of the reader that tests and the fuzzer reach by themselves.
package enum HDF5Parsers {
  /// What is known of a chunked dataset before its index is walked through.
  package struct Chunked: Sendable, Hashable {
    /// The dataset's extent.
    package let shape: [Int]
    /// The greatest extent along each axis, `nil` for none.
    package let maximum: [Int?]
    /// Elements of a chunk along each axis.
    package let chunk: [Int]
    /// Bytes of an element.
    package let elementBytes: Int
    /// Whether chunks pass filters.
    package let isFiltered: Bool

    /// Describes a dataset.
    package init(
      shape: [Int],
      maximum: [Int?],
      chunk: [Int],
      elementBytes: Int,
      isFiltered: Bool
    ) {
      self.shape = shape
      self.maximum = maximum
      self.chunk = chunk
      self.elementBytes = elementBytes
      self.isFiltered = isFiltered
    }
  }

  /// The chunks of a dataset, listed without libhdf5.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - header: Address of the dataset's header.
  ///   - dataset: The dataset, whose extents are one or more.
  /// - Returns: The chunks as the index has them.
  /// - Throws: An error where the index contradicts itself or is of a kind that is not known.
  package static func chunks(
    _ path: String,
    header: Int,
    of dataset: Chunked
  ) throws -> [HDF5DatasetInfo.Chunk] {
    let size = try PositionalFile.open(path).size()
    var file = try IndexedFile(path, in: 0..<size)
    let chunkBytes = try Shape(dataset.chunk).elementCount * dataset.elementBytes
    let grid = zip(dataset.shape, dataset.chunk).map { ($0 - 1) / $1 + 1 }
    let count = try Shape(grid).elementCount
    // As many as the file could have room for.
    guard count <= size else { throw Unfamiliar() }
    var walk = ChunkIndex(
      shape: dataset.shape,
      maximum: dataset.maximum,
      chunk: dataset.chunk,
      chunkBytes: chunkBytes,
      count: count
    )
    let layout = try file.layout(ofHeader: header)
    try walk.walk(&file, layout, isFiltered: dataset.isFiltered)
    return walk.chunks
  }
}
