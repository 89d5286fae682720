internal import ByteIO
internal import Dispatch
internal import HDF5
internal import Synchronization
internal import Tensors

/// Compresses the chunks of datasets on all cores and writes them, in order, as ready-made chunks.
struct ChunkWriter {
  private struct Job {
    let dataset: Int
    let position: [Int]
    let bytes: Range<Int>
    let chunkBytes: Int
  }

  /// What a worker keeps.
  private struct Worker {
    let buffer: WorkBuffer
    let deflater: Deflater
  }

  private let level: Int
  private let progress: TensorPass.Progress?

  init(level: Int, progress: TensorPass.Progress?) {
    self.level = level
    self.progress = progress
  }

  /// Writes all datasets.
  ///
  /// - Parameters:
  ///   - tensors: Their contents.
  ///   - open: Opens the dataset of a tensor; each is open only while its chunks are written.
  /// - Returns: The CRC-32C of the bytes of each, verified against the sum on record.
  /// - Throws: `StateError` with code `checksumMismatch`, or what reading and writing throw.
  func write(
    _ tensors: [NamedTensor],
    open: @escaping @Sendable (Int) throws -> HDF5Dataset
  ) throws -> [CRC32C] {
    try TensorPass.verifyOrigins(of: tensors)
    var jobs: [Job] = []
    for (index, entry) in tensors.enumerated() {
      let tensor = entry.tensor
      let width = tensor.elementType.byteWidth
      let layout = ChunkLayout(
        width == nil ? [tensor.byteCount] : tensor.shape.dimensions,
        width: width ?? 1
      )
      for chunk in layout.chunks {
        jobs.append(
          Job(
            dataset: index,
            position: chunk.position,
            bytes: chunk.bytes,
            chunkBytes: layout.chunkBytes
          )
        )
      }
    }
    let total = jobs.reduce(0) { $0 + $1.bytes.count }
    let (level, progress, plan) = (level, progress, jobs)
    let sums = Mutex([CRC32C](repeating: CRC32C(), count: jobs.count))
    // The order of chunks in the file must not depend on which core was faster.
    let current = Mutex<(number: Int, dataset: HDF5Dataset)?>(nil)
    let queue = OrderedQueue(capacity: 4 * Workers.count) { (number: Int, bytes: [UInt8]) in
      let job = plan[number]
      try current.withLock { current in
        let dataset =
          try current.flatMap { $0.number == job.dataset ? $0.dataset : nil } ?? open(job.dataset)
        current = (job.dataset, dataset)
        try dataset.writeChunk(bytes, at: job.position)
      }
    }
    let done = Atomic<Int>(0)
    try Workers.forEach(
      count: plan.count,
      makeState: {
        Worker(
          buffer: WorkBuffer(byteCount: plan.map(\.chunkBytes).max() ?? 0),
          deflater: try Deflater(level: level)
        )
      },
      body: { worker, number in
        try queue.submit(number) {
          let job = plan[number]
          let tensor = tensors[job.dataset].tensor
          let whole = unsafe UnsafeMutableRawBufferPointer(
            rebasing: worker.buffer.bytes[..<job.chunkBytes]
          )
          let part = unsafe UnsafeMutableRawBufferPointer(rebasing: whole[..<job.bytes.count])
          try unsafe tensor.read(into: part, at: job.bytes.lowerBound)
          var sum = CRC32C()
          unsafe sum.add(UnsafeRawBufferPointer(part))
          let partSum = sum
          sums.withLock { $0[number] = partSum }
          // The last chunk along an axis is filled up beyond the edge.
          for byte in job.bytes.count..<job.chunkBytes { unsafe whole[byte] = 0 }
          let shuffled = unsafe Shuffle.apply(
            UnsafeRawBufferPointer(whole),
            width: tensor.elementType.byteWidth ?? 1
          )
          let bytes = try unsafe shuffled.withUnsafeBytes {
            try unsafe worker.deflater.deflate($0)
          }
          try progress?(done.add(job.bytes.count, ordering: .relaxed).newValue, total)
          return bytes
        }
      }
    )
    var result = [CRC32C](repeating: CRC32C(), count: tensors.count)
    for (job, sum) in zip(plan, sums.withLock { $0 }) {
      result[job.dataset].add(sum, count: job.bytes.count)
    }
    for (tensor, sum) in zip(tensors, result) { try TensorPass.check(tensor, sum) }
    return result
  }
}
