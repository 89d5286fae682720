internal import ByteIO
internal import Tensors

/// The bytes of a chunked dataset, decompressed as they are asked for.
final class ChunkedSource: TensorSource {
  private struct Placed {
    let chunk: HDF5DatasetInfo.Chunk
    /// The runs of the part of the chunk that lies inside the dataset, seen from the dataset.
    let inDataset: BlockRuns
    /// The same runs, seen from the chunk.
    let inChunk: BlockRuns
  }

  private let file: PositionalFile
  private let cache: ChunkCache
  private let width: Int
  private let chunkBytes: Int
  private let filters: [HDF5DatasetInfo.Filter]
  /// By their place along the first axis.
  private let chunks: [Placed]
  /// Bytes of a row of the dataset.
  private let rowBytes: Int
  private let chunkRows: Int

  init(
    file: PositionalFile,
    cache: ChunkCache,
    shape: Shape,
    width: Int,
    chunkShape: Shape,
    filters: [HDF5DatasetInfo.Filter],
    chunks: [HDF5DatasetInfo.Chunk]
  ) throws {
    self.file = file
    self.cache = cache
    self.width = width
    self.filters = filters
    chunkBytes = chunkShape.elementCount * width
    rowBytes = shape.dimensions.dropFirst().reduce(width, *)
    chunkRows = chunkShape.dimensions.first ?? 1
    let chunks = chunks.sorted { $0.position.first ?? 0 < $1.position.first ?? 0 }
    var seen: Set<[Int]> = []
    self.chunks = try chunks.map { chunk in
      let aligned = zip(chunk.position, chunkShape.dimensions).allSatisfy { $0 % $1 == 0 }
      guard aligned, seen.insert(chunk.position).inserted else {
        throw StateError(.malformed, "a chunk is misplaced", offset: chunk.offset)
      }
      let inside = zip(chunk.position, zip(shape.dimensions, chunkShape.dimensions)).map {
        min($1.1, $1.0 - $0)
      }
      let here = try TensorBlock(starts: chunk.position, lengths: inside, in: shape)
      let there = try TensorBlock(
        starts: inside.map { _ in 0 },
        lengths: inside,
        in: chunkShape
      )
      // Runs must be cut alike on both sides, so each is one run of the last axis.
      return Placed(
        chunk: chunk,
        inDataset: BlockRuns(full: shape, block: here, alongLastAxis: true),
        inChunk: BlockRuns(full: chunkShape, block: there, alongLastAxis: true)
      )
    }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let end = offset + buffer.count
    let row = offset / rowBytes / chunkRows * chunkRows
    for placed in chunks[firstChunk(from: row)...] {
      if (placed.chunk.position.first ?? 0) * rowBytes >= end { break }
      let runBytes = placed.inDataset.length * width
      var run = placed.inDataset.firstRun(endingAfter: offset / width)
      guard run < placed.inDataset.count, placed.inDataset.position(ofRun: run) * width < end else {
        continue
      }
      let bytes = try cache.chunk(at: placed.chunk.offset) { try decompress(placed.chunk) }
      while run < placed.inDataset.count {
        let position = placed.inDataset.position(ofRun: run) * width
        if position >= end { break }
        let from = max(position, offset)
        let to = min(position + runBytes, end)
        if from < to {
          let start = placed.inChunk.position(ofRun: run) * width + from - position
          unsafe bytes.withUnsafeBytes { all in
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[from - offset..<to - offset])
              .copyMemory(from: UnsafeRawBufferPointer(rebasing: all[start..<start + to - from]))
          }
        }
        run += 1
      }
    }
  }

  /// The number of the first chunk that begins in a row or behind it.
  private func firstChunk(from row: Int) -> Int {
    var (low, high) = (0, chunks.count)
    while low < high {
      let middle = low + (high - low) / 2
      if chunks[middle].chunk.position.first ?? 0 < row { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Undoes the filters of a chunk, last first.
  private func decompress(_ chunk: HDF5DatasetInfo.Chunk) throws -> [UInt8] {
    var bytes = try file.bytes(at: chunk.offset, count: chunk.byteCount)
    for (index, filter) in filters.enumerated().reversed()
    where chunk.skippedFilters >> UInt32(index) & 1 == 0 {
      switch filter {
      case .deflate:
        var output = [UInt8](repeating: 0, count: chunkBytes)
        do {
          try unsafe bytes.withUnsafeBytes { input in
            try unsafe output.withUnsafeMutableBytes { try unsafe Deflate.inflate(input, into: $0) }
          }
        } catch let error as StateError {
          var located = error.inContext(file: file.path)
          located.offset = chunk.offset
          throw located
        }
        bytes = output
      case .shuffle: bytes = Shuffle.undo(bytes, width: width)
      }
    }
    guard bytes.count == chunkBytes else {
      throw StateError(
        .malformed,
        "a chunk has another size than its shape",
        file: file.path,
        offset: chunk.offset,
        expected: "\(chunkBytes) bytes",
        found: "\(bytes.count)"
      )
    }
    return bytes
  }
}
