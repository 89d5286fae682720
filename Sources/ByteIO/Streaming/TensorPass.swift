internal import Synchronization
internal import Tensors

/// One pass over the bytes of many tensors, on all cores, with one buffer per core.
///
/// Memory does not depend on the size of the tensors. Every pass sums what it reads, so that a copy
/// verifies its source and yields the checksums of its target without reading anything twice.
public enum TensorPass {
  /// Told how many bytes are done and how many there are; from any thread, in no particular order.
  ///
  /// What it throws ends the pass within a window's work, as the cancellation of the calling task does.
  public typealias Progress = @Sendable (_ done: Int, _ total: Int) throws -> Void

  /// Bytes that a worker reads, sums and hands on at a time: few enough for the second-level cache.
  package static let windowBytes = 1 << 20

  /// Sums tensors.
  ///
  /// - Parameters:
  ///   - tensors: The tensors.
  ///   - progress: Told of the bytes done.
  /// - Returns: The CRC-32C of each tensor's bytes, whatever is on record.
  /// - Throws: `StateError` when a source fails.
  /// - Complexity: O(bytes) time, O(tensors) memory.
  public static func sums(_ tensors: [NamedTensor], progress: Progress? = nil) throws -> [CRC32C] {
    try unsafe map(tensors, progress: progress) { _, _, _ in }.map(\.sum)
  }

  /// The bytes of a tensor that is known to be small, compared with the checksum on record.
  ///
  /// - Parameters:
  ///   - tensor: The tensor.
  ///   - limit: Bytes that the caller is prepared to hold, by default `Limits.Name.stringBytes`.
  /// - Returns: The bytes.
  /// - Throws: `StateError` with code `limitExceeded` or `checksumMismatch`, or what the source throws.
  public static func verifiedBytes(
    of tensor: NamedTensor,
    limit: Int? = nil
  ) throws -> [UInt8] {
    do {
      let bytes = try tensor.tensor.bytes(limit: limit)
      try check(tensor, CRC32C.of(bytes))
      return bytes
    } catch let error as StateError {
      throw error.inContext(tensor: tensor.name)
    }
  }

  /// Transforms tensors piece by piece.
  ///
  /// - Parameters:
  ///   - tensors: The tensors.
  ///   - progress: Told of the bytes done.
  ///   - transform: Given the index of a tensor, the offset of a piece in it and the piece's bytes;
  ///     pieces are multiples of 16 bytes but for the last. Called from all workers.
  /// - Returns: For each tensor its CRC-32C and the results of its pieces in order.
  /// - Throws: What a source or the transform throws.
  /// - Complexity: O(bytes) time, O(tensors + bytes / 1 MiB) memory.
  public static func map<Result: Sendable>(
    _ tensors: [NamedTensor],
    progress: Progress? = nil,
    transform:
      @Sendable (_ tensor: Int, _ offset: Int, _ bytes: UnsafeRawBufferPointer) throws ->
      Result
  ) throws -> [(sum: CRC32C, pieces: [Result])] {
    let windows = WindowPlan(tensors.map(\.tensor.byteCount), capacity: windowBytes) { _, _ in true
    }
    let results = Mutex<[Int: Result]>([:])
    let sums = try unsafe run(tensors, windows, progress) { window, bytes in
      var position = 0
      for index in window {
        let piece = windows.pieces[index]
        let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[position..<position + piece.count])
        let result = try unsafe transform(piece.tensor, piece.offset, part)
        results.withLock { $0[index] = result }
        position += piece.count
      }
    }
    let found = results.withLock { $0 }
    var output = sums.map { (sum: $0, pieces: [Result]()) }
    for (index, piece) in windows.pieces.enumerated() {
      if let result = found[index] { output[piece.tensor].pieces.append(result) }
    }
    return output
  }

  /// Runs the windows of a plan on all cores and combines the sums of their pieces.
  package static func run<Sum: RunningSum>(
    _ tensors: [NamedTensor],
    _ plan: WindowPlan,
    _ progress: Progress?,
    summing _: Sum.Type = CRC32C.self,
    body: @Sendable (_ window: Range<Int>, _ bytes: UnsafeRawBufferPointer) throws -> Void
  ) throws -> [Sum] {
    let total = plan.pieces.reduce(0) { $0 + $1.count }
    let done = Atomic<Int>(0)
    let sums = Mutex([Sum](repeating: Sum(), count: plan.pieces.count))
    try Workers.forEach(
      count: plan.windows.count,
      makeState: { WorkBuffer(byteCount: min(plan.capacity, max(total, 1))) },
      body: { buffer, index in
        let window = plan.windows[index]
        var position = 0
        var windowSums: [Sum] = []
        for piece in plan.pieces[window] {
          let part = unsafe UnsafeMutableRawBufferPointer(
            rebasing: buffer.bytes[position..<position + piece.count]
          )
          let (name, tensor) = (tensors[piece.tensor].name, tensors[piece.tensor].tensor)
          do {
            try unsafe tensor.read(into: part, at: piece.offset)
          } catch let error as StateError {
            throw error.inContext(tensor: name)
          }
          var sum = Sum()
          unsafe sum.add(UnsafeRawBufferPointer(part))
          windowSums.append(sum)
          position += piece.count
        }
        sums.withLock { $0.replaceSubrange(window, with: windowSums) }
        try unsafe body(window, UnsafeRawBufferPointer(rebasing: buffer.bytes[..<position]))
        if let progress {
          try progress(done.add(position, ordering: .relaxed).newValue, total)
        }
      }
    )
    var result = [Sum](repeating: Sum(), count: tensors.count)
    for (piece, sum) in zip(plan.pieces, sums.withLock({ $0 })) {
      if piece.offset == 0 {
        result[piece.tensor] = sum
      } else {
        result[piece.tensor].add(sum, count: piece.count)
      }
    }
    return result
  }
}
