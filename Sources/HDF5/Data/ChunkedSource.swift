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
  private let chunks: [Placed]

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
    for placed in chunks {
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
            try unsafe output.withUnsafeMutableBytes { try unsafe Zlib.inflate(input, into: $0) }
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
