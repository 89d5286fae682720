internal import Synchronization
internal import Tensors

extension TensorPass {
  /// Transforms tensors that belong together, element beside element, in one pass.
  ///
  /// - Parameters:
  ///   - groups: Tensors of equal element counts, such as two moments of one variable. A tensor whose
  ///     elements differ in length counts as bytes.
  ///   - progress: Told of the bytes done.
  ///   - transform: Given the index of a group, the number of the first element and as many elements
  ///     of each tensor; called from all workers.
  /// - Returns: For each group the CRC-32C of each tensor, and the results of its pieces in order.
  /// - Throws: What a source or the transform throws, `StateError` with code `checksumMismatch` where a
  ///   view's origin is damaged.
  /// - Precondition: The tensors of a group have the same number of elements.
  /// - Complexity: O(bytes) time, O(tensors + bytes / 1 MiB) memory.
  package static func mapGroups<Result: Sendable>(
    _ groups: [[NamedTensor]],
    progress: Progress? = nil,
    transform:
      @Sendable (_ group: Int, _ first: Int, _ parts: [UnsafeRawBufferPointer]) throws -> Result
  ) throws -> [(sums: [CRC32C], pieces: [Result])] {
    try verifyOrigins(of: groups.flatMap(\.self))
    let plan = groups.enumerated().flatMap { GroupPiece.pieces(of: $0.element, group: $0.offset) }
    let total = groups.joined().reduce(0) { $0 + $1.tensor.byteCount }
    let capacity = min(windowBytes, max(total, 1)) + GroupPiece.slack(groups)
    let done = Atomic<Int>(0)
    let found = Mutex([(sums: [CRC32C], result: Result)?](repeating: nil, count: plan.count))
    try Workers.forEach(
      count: plan.count,
      makeState: { WorkBuffer(byteCount: capacity) },
      body: { buffer, index in
        let piece = plan[index]
        var (position, bytes) = (0, 0)
        var sums: [CRC32C] = []
        var parts = unsafe [UnsafeRawBufferPointer]()
        for tensor in groups[piece.group] {
          let width = tensor.tensor.elementType.byteWidth ?? 1
          let part = unsafe UnsafeMutableRawBufferPointer(
            rebasing: buffer.bytes[position..<position + piece.count * width]
          )
          do {
            try unsafe tensor.tensor.read(into: part, at: piece.first * width)
          } catch let error as StateError {
            throw error.inContext(tensor: tensor.name)
          }
          var sum = CRC32C()
          unsafe sum.add(UnsafeRawBufferPointer(part))
          sums.append(sum)
          unsafe parts.append(UnsafeRawBufferPointer(part))
          bytes += part.count
          // Each part begins at an element of any type, and at a cache line.
          position = (position + part.count + 63) & ~63
        }
        let result = try unsafe transform(piece.group, piece.first, parts)
        found.withLock { $0[index] = (sums, result) }
        if let progress {
          try progress(done.add(bytes, ordering: .relaxed).newValue, total)
        }
      }
    )
    var output = groups.map { group in
      (sums: [CRC32C](repeating: CRC32C(), count: group.count), pieces: [Result]())
    }
    for (piece, result) in zip(plan, found.withLock { $0 }) {
      guard let result else { continue }
      for (place, tensor) in groups[piece.group].enumerated() {
        let width = tensor.tensor.elementType.byteWidth ?? 1
        output[piece.group].sums[place].add(result.sums[place], count: piece.count * width)
      }
      output[piece.group].pieces.append(result.result)
    }
    return output
  }
}

/// Elements of the tensors of one group that a worker treats at once.
private struct GroupPiece {
  let group: Int
  let first: Int
  let count: Int

  /// Bytes that parts may be moved by to begin at a cache line.
  static func slack(_ groups: [[NamedTensor]]) -> Int {
    64 * (1 + (groups.map(\.count).max() ?? 0))
  }

  /// Cuts a group so that the parts of all its tensors fill one window together.
  static func pieces(of tensors: [NamedTensor], group: Int) -> [GroupPiece] {
    guard let lead = tensors.first else { return [] }
    let widths = tensors.map { $0.tensor.elementType.byteWidth ?? 1 }
    let total = lead.tensor.byteCount / widths[0]
    precondition(
      zip(tensors, widths).allSatisfy { $0.tensor.byteCount == total * $1 },
      "tensors of a group have equal element counts"
    )
    // Whole cache lines, so that neighbours do not share one.
    let step = max(64, TensorPass.windowBytes / widths.reduce(0, +) / 64 * 64)
    var pieces: [GroupPiece] = []
    var first = 0
    repeat {
      let count = min(step, total - first)
      pieces.append(GroupPiece(group: group, first: first, count: count))
      first += count
    } while first < total
    return pieces
  }
}
