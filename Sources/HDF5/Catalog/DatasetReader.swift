internal import CHDF5
internal import Tensors

/// Finds type, shape and place of one dataset.
struct DatasetReader {
  private let dataset: Handle
  private let fileSize: Int
  private let header: UInt64

  /// Prepares to read.
  ///
  /// - Parameters:
  ///   - dataset: The dataset.
  ///   - header: Address of its header.
  ///   - fileSize: Bytes of the file.
  init(_ dataset: Handle, header: UInt64, fileSize: Int) {
    self.dataset = dataset
    self.header = header
    self.fileSize = fileSize
  }

  /// What there is to know of the dataset.
  ///
  /// - Parameter index: The file for walks through indexes of chunks, `nil` where libhdf5 has to list them.
  /// - Returns: Type, shape and place.
  /// - Throws: `StateError` where the dataset breaks the format's rules or keeps its data elsewhere.
  func info(_ index: inout IndexedFile?) throws -> HDF5DatasetInfo {
    let type = try Handle(H5Dget_type(dataset.id), "read a type")
    let space = try Handle(H5Dget_space(dataset.id), "read a shape")
    guard let extents = try Dataspace.dimensions(of: space.id) else {
      return HDF5DatasetInfo(elementType: nil, shape: .scalar, storage: .absent)
    }
    let shape = try Shape(
      extents.map { extent in
        guard let dimension = Int(exactly: extent) else {
          throw StateError(.malformed, "a dimension is impossibly large", found: "\(extent)")
        }
        return dimension
      }
    )
    guard let elementType = Datatype.elementType(of: type.id) else {
      return HDF5DatasetInfo(elementType: nil, shape: shape, storage: .absent)
    }
    let byteCount = try shape.byteCount(of: elementType)
    // Only contiguous data in the file itself has an offset; asking for it spares the common case the
    // property list.
    if byteCount > 0, H5Dget_offset(dataset.id) != optstate_haddr_undefined() {
      let storage = try contiguous(byteCount)
      return HDF5DatasetInfo(elementType: elementType, shape: shape, storage: storage)
    }
    let creation = try Handle(H5Dget_create_plist(dataset.id), "read a property list")
    let external = H5Pget_external_count(creation.id)
    let layout = H5Pget_layout(creation.id)
    guard external == 0, layout != H5D_VIRTUAL else {
      throw StateError(.unsupported, "the dataset keeps its data in other files")
    }
    let storage: HDF5DatasetInfo.Storage
    switch layout {
    case _ where byteCount == 0: storage = .absent
    case H5D_CONTIGUOUS: storage = try contiguous(byteCount)
    case H5D_COMPACT: storage = try compact(type, byteCount)
    case H5D_CHUNKED: storage = try chunked(creation, shape, elementType, &index)
    default: throw StateError(.unsupported, "the dataset has an unknown layout")
    }
    return HDF5DatasetInfo(elementType: elementType, shape: shape, storage: storage)
  }

  private func contiguous(_ byteCount: Int) throws -> HDF5DatasetInfo.Storage {
    let address = H5Dget_offset(dataset.id)
    guard let offset = Int(exactly: address), address != optstate_haddr_undefined() else {
      throw StateError(.malformed, "the dataset declares \(byteCount) bytes and stores none")
    }
    guard offset <= fileSize, byteCount <= fileSize - offset else {
      throw StateError(
        .truncated,
        "the dataset leaves the file",
        offset: offset,
        expected: "\(byteCount) bytes",
        found: "\(max(0, fileSize - offset))"
      )
    }
    return .contiguous(offset: offset)
  }

  private func compact(_ type: Handle, _ byteCount: Int) throws -> HDF5DatasetInfo.Storage {
    // The data is part of an object header, which libhdf5 bounds at 64 KiB.
    guard byteCount < 1 << 16 else {
      throw StateError(.malformed, "a compact dataset declares \(byteCount) bytes")
    }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    try unsafe Gate.check(H5Dread(dataset.id, type.id, 0, 0, 0, &bytes), "read a compact dataset")
    return .compact(bytes)
  }

  private func chunked(
    _ creation: Handle,
    _ shape: Shape,
    _ type: ElementType,
    _ index: inout IndexedFile?
  ) throws -> HDF5DatasetInfo.Storage {
    var extents = [hsize_t](repeating: 0, count: Limits.rank)
    let rank = try unsafe Gate.check(
      H5Pget_chunk(creation.id, Int32(Limits.rank), &extents),
      "read the chunk shape"
    )
    guard rank == shape.rank else {
      throw StateError(.malformed, "chunks have \(rank) axes, the dataset \(shape.rank)")
    }
    let dimensions = try extents[..<Int(rank)].map { extent in
      guard let dimension = Int(exactly: extent), dimension > 0 else {
        throw StateError(.malformed, "a chunk dimension is impossible", found: "\(extent)")
      }
      return dimension
    }
    let chunkBytes = try Shape(dimensions).byteCount(of: type)
    guard chunkBytes <= Limits[.chunkBytes] else {
      throw StateError.exceeded(.chunkBytes, "a chunk is too large", found: chunkBytes)
    }
    let filters = try filters(creation)
    let space = try Handle(H5Dget_space(dataset.id), "read a shape")
    var expected = 1
    for (dimension, chunk) in zip(shape.dimensions, dimensions) {
      let next = expected.multipliedReportingOverflow(by: (dimension - 1) / chunk + 1)
      guard !next.overflow else { throw StateError(.malformed, "a dataset has too many chunks") }
      expected = next.partialValue
    }
    let walk = ChunkIndex(
      shape: shape.dimensions,
      maximum: try Dataspace.maximum(of: space.id, rank: shape.rank),
      chunk: dimensions,
      chunkBytes: chunkBytes,
      count: expected
    )
    // Each stored chunk takes room in the file, so a count that agrees is a count that is bounded.
    guard expected <= fileSize else { throw Self.lacking(expected, nil) }
    let chunks =
      try walked(walk, &index, isFiltered: !filters.isEmpty)
      ?? listed(expected, rank: Int(rank), space)
    guard chunks.count == expected else { throw Self.lacking(expected, chunks.count) }
    for chunk in chunks where chunk.offset > fileSize || chunk.byteCount > fileSize - chunk.offset {
      throw StateError(.truncated, "a chunk leaves the file", offset: chunk.offset)
    }
    return .chunked(dimensions: dimensions, filters: filters, chunks: chunks)
  }

  private static func lacking(_ expected: Int, _ found: Int?) -> StateError {
    StateError(
      .malformed,
      "the dataset declares more than it stores",
      expected: "\(expected) chunks",
      found: found.map { "\($0)" }
    )
  }

  /// The chunks by a walk of our own, `nil` where only libhdf5 can judge the index.
  private func walked(
    _ walk: ChunkIndex,
    _ index: inout IndexedFile?,
    isFiltered: Bool
  ) throws -> [HDF5DatasetInfo.Chunk]? {
    guard let address = Int(exactly: header), index != nil else { return nil }
    var walk = walk
    do {
      guard let layout = try index?.layout(ofHeader: address) else { return nil }
      guard var file = index else { return nil }
      defer { index = file }
      try walk.walk(&file, layout, isFiltered: isFiltered)
      return walk.chunks
    } catch {
      return nil
    }
  }

  /// The chunks as libhdf5 lists them, in time that grows with the square of their number.
  private func listed(_ expected: Int, rank: Int, _ space: Handle) throws
    -> [HDF5DatasetInfo.Chunk]
  {
    var stored: hsize_t = 0
    try unsafe Gate.check(H5Dget_num_chunks(dataset.id, space.id, &stored), "count the chunks")
    guard stored == UInt64(expected) else { throw Self.lacking(expected, Int(clamping: stored)) }
    return try (0..<stored).map { try chunk(number: $0, rank: rank, space) }
  }

  private func chunk(number: hsize_t, rank: Int, _ space: Handle) throws -> HDF5DatasetInfo.Chunk {
    var position = [hsize_t](repeating: 0, count: rank)
    var mask: UInt32 = 0
    var address: haddr_t = 0
    var size: hsize_t = 0
    try unsafe Gate.check(
      H5Dget_chunk_info(dataset.id, space.id, number, &position, &mask, &address, &size),
      "find a chunk"
    )
    guard let offset = Int(exactly: address), let byteCount = Int(exactly: size),
      offset <= fileSize, byteCount <= fileSize - offset
    else {
      throw StateError(.truncated, "a chunk leaves the file", offset: Int(exactly: address))
    }
    let elements = try position.map { start in
      guard let element = Int(exactly: start) else {
        throw StateError(.malformed, "a chunk lies outside its dataset")
      }
      return element
    }
    return HDF5DatasetInfo.Chunk(
      position: elements,
      offset: offset,
      byteCount: byteCount,
      skippedFilters: mask
    )
  }

  private func filters(_ creation: Handle) throws -> [HDF5DatasetInfo.Filter] {
    let count = try Gate.check(H5Pget_nfilters(creation.id), "count the filters")
    return try (0..<UInt32(count)).map { index in
      var flags: UInt32 = 0
      var elements = 0
      let filter = unsafe H5Pget_filter2(creation.id, index, &flags, &elements, nil, 0, nil, nil)
      switch filter {
      case H5Z_FILTER_DEFLATE: return .deflate
      case H5Z_FILTER_SHUFFLE: return .shuffle
      default:
        throw StateError(
          .unsupported,
          "the dataset uses HDF5 filter number \(filter)",
          expected: "shuffle or deflate",
          remedy: "rewrite the file with h5repack -f GZIP=4"
        )
      }
    }
  }
}
