internal import Tensors

/// Whether a catalog can be true of a file of a certain size, whoever made it.
///
/// Behind this check, offsets are added and shapes are multiplied without fear, and no byte of the file
/// belongs to two datasets, so that reading all of them takes no longer than reading the file.
struct CatalogCheck {
  let fileSize: Int

  func check(_ catalog: HDF5Catalog) throws {
    var ranges: [Range<Int>] = []
    for object in catalog.objects {
      guard let dataset = object.dataset else { continue }
      do {
        ranges += try self.ranges(of: dataset)
      } catch let error as StateError {
        throw error.inContext(tensor: "/" + object.path.joined(separator: "/"))
      }
    }
    ranges.sort { $0.lowerBound < $1.lowerBound }
    for (range, next) in zip(ranges, ranges.dropFirst()) where next.lowerBound < range.upperBound {
      throw StateError(.malformed, "two datasets share bytes", offset: next.lowerBound)
    }
  }

  /// The ranges of the file that hold a dataset's bytes.
  private func ranges(of dataset: HDF5DatasetInfo) throws -> [Range<Int>] {
    let byteCount = try dataset.elementType.map { try dataset.shape.byteCount(of: $0) } ?? 0
    switch dataset.storage {
    case .absent:
      try demand(byteCount == 0, "declares bytes and stores none")
      return []
    case .compact(let bytes):
      try demand(bytes.count == byteCount, "stores another number of bytes than it declares")
      return []
    case .contiguous(let offset): return [try range(offset, byteCount)]
    case .chunked(let dimensions, let filters, let chunks):
      try demand(
        dimensions.count == dataset.shape.rank && dimensions.allSatisfy { $0 > 0 },
        "has chunks of an impossible shape"
      )
      let chunkBytes = try dataset.elementType.map { try Shape(dimensions).byteCount(of: $0) } ?? 0
      try demand(
        byteCount > 0 && chunkBytes <= Limits[.chunkBytes] && filters.count <= 32,
        "has chunks that are too large"
      )
      var expected = 1
      for (dimension, chunk) in zip(dataset.shape.dimensions, dimensions) {
        let next = expected.multipliedReportingOverflow(by: (dimension - 1) / chunk + 1)
        try demand(!next.overflow, "has too many chunks")
        expected = next.partialValue
      }
      try demand(chunks.count == expected, "lacks chunks")
      return try chunks.map { chunk in
        try demand(
          chunk.position.count == dimensions.count && chunk.position.allSatisfy { $0 >= 0 },
          "has a chunk in an impossible place"
        )
        return try range(chunk.offset, chunk.byteCount)
      }
    }
  }

  private func range(_ offset: Int, _ count: Int) throws -> Range<Int> {
    try demand(
      offset >= 0 && count >= 0 && offset <= fileSize && count <= fileSize - offset,
      "leaves the file"
    )
    return offset..<offset + count
  }

  private func demand(_ condition: Bool, _ message: String) throws {
    guard condition else { throw StateError(.malformed, "the dataset \(message)") }
  }
}
