internal import Tensors

/// The content of a frame from front to back, of which the latest few MiB can be read once more.
///
/// Workers take the windows of a tensor in rising order, but may overtake each other by one or two.
final class ZstdStream {
  /// Bytes that can be read once more: a window for each worker and one that is being made.
  private static let history = (min(Workers.count, 7) + 1) * TensorPass.windowBytes

  private let stored: StoredBytes
  private let byteCount: Int
  private let decoder: ZstdDecoder
  private let input = WorkBuffer(byteCount: 1 << 17)
  private var unread = 0..<0
  private var position = 0
  private let ring: WorkBuffer
  private let capacity: Int

  /// Bytes that have been made.
  private var end = 0

  /// The first byte that can still be read.
  var first: Int { max(0, end - capacity) }

  /// Begins with a frame.
  ///
  /// - Parameters:
  ///   - stored: The frame.
  ///   - byteCount: Bytes that must come out, neither more nor fewer.
  /// - Throws: `StateError` with code `malformed`.
  init(_ stored: StoredBytes, byteCount: Int) throws {
    self.stored = stored
    self.byteCount = byteCount
    capacity = max(1, min(Self.history, byteCount))
    ring = WorkBuffer(byteCount: capacity)
    var head = [UInt8](repeating: 0, count: min(ZstdDecoder.headBytes, stored.count))
    try unsafe head.withUnsafeMutableBytes { try unsafe stored.read(into: $0, at: 0) }
    decoder = try ZstdDecoder(head, at: stored.offset)
    if let declared = decoder.declaredCount, declared != byteCount {
      throw StateError(
        .malformed,
        "a frame of Zstandard has another size than its chunk",
        offset: stored.offset,
        expected: "\(byteCount) bytes",
        found: "\(declared)"
      )
    }
  }

  /// Fills a buffer with a range, which begins at ``first`` or behind it.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < buffer.count {
      if offset + done >= end {
        try advance()
        continue
      }
      let start = (offset + done) % capacity
      let count = min(buffer.count - done, end - offset - done, capacity - start)
      unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: ring.bytes[start..<start + count]))
      done += count
    }
  }

  /// Makes the next bytes, a part of a window at most.
  private func advance() throws {
    let start = end % capacity
    let room = min(capacity - start, byteCount - end, 1 << 17)
    let target = unsafe UnsafeMutableRawBufferPointer(rebasing: ring.bytes[start..<start + room])
    let made = try unsafe make(target)
    if made == 0 { throw decoder.damage("ends too early") }
    end += made
    if end == byteCount { try finish() }
  }

  /// Decodes until something comes out or the frame has ended.
  private func make(_ target: UnsafeMutableRawBufferPointer) throws -> Int {
    while !decoder.isEnded {
      if unread.isEmpty, position < stored.count {
        let count = min(1 << 17, stored.count - position)
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: input.bytes[..<count])
        try unsafe stored.read(into: part, at: position)
        position += count
        unread = 0..<count
      }
      var made = 0
      let used = try unsafe decoder.step(
        from: UnsafeRawBufferPointer(rebasing: input.bytes[unread]),
        into: target,
        made: &made
      )
      unread = unread.lowerBound + used..<unread.upperBound
      if made > 0 { return made }
      if used == 0, position == stored.count, !decoder.isEnded {
        throw decoder.damage("ends too early")
      }
    }
    return 0
  }

  /// Makes sure that the frame ends with the content, and the bytes with the frame.
  private func finish() throws {
    let beyond = WorkBuffer(byteCount: 1)
    guard try unsafe make(beyond.bytes) == 0 else {
      throw decoder.damage("inflates beyond the \(byteCount) bytes of its chunk")
    }
    guard unread.isEmpty, position == stored.count else {
      throw decoder.damage("has bytes behind its end")
    }
  }
}
