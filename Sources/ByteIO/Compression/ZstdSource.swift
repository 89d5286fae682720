internal import Synchronization
internal import Tensors

/// A compressed chunk as the source of a tensor, with memory that does not grow with its size.
///
/// Whoever reads it from front to back gets it out of a stream. What is read in another order is inflated once into the
/// spool, as are small chunks of which parts are read.
package final class ZstdSource: TensorSource {
  /// Bytes of a chunk that is no stream.
  private static let smallBytes = 1 << 20

  private struct State {
    var content: SpooledContent?
    /// Whether the frame has been begun before.
    var isBegun = false
  }

  private let stored: StoredBytes
  private let byteCount: Int
  private let spool: InflationSpool
  private let state = Mutex(State())

  /// Prepares to read a frame.
  ///
  /// - Parameters:
  ///   - stored: The frame.
  ///   - byteCount: Bytes that must come out, neither more nor fewer.
  ///   - spool: Where the content goes that is not read in order.
  package init(_ stored: StoredBytes, byteCount: Int, spool: InflationSpool) {
    self.stored = stored
    self.byteCount = byteCount
    self.spool = spool
  }

  deinit { ZstdStreams.remove(ObjectIdentifier(self)) }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    do {
      if buffer.count == byteCount {
        return try unsafe ZstdStream(stored, byteCount: byteCount).read(into: buffer, at: 0)
      }
      let content = try state.withLock { state -> SpooledContent? in
        if let content = state.content { return content }
        if byteCount > Self.smallBytes, let stream = try stream(at: offset, &state) {
          try unsafe stream.read(into: buffer, at: offset)
          return nil
        }
        ZstdStreams.remove(ObjectIdentifier(self))
        let content = try inflated()
        state.content = content
        return content
      }
      try unsafe content?.read(into: buffer, at: offset)
    } catch let error as StateError {
      ZstdStreams.remove(ObjectIdentifier(self))
      throw stored.path.map { error.inContext(file: $0) } ?? error
    }
  }

  /// The stream that an offset can be read from, `nil` where that has passed.
  private func stream(at offset: Int, _ state: inout State) throws -> ZstdStream? {
    let own = ObjectIdentifier(self)
    if let stream = ZstdStreams.stream(of: own), stream.first <= offset { return stream }
    guard offset == 0 || !state.isBegun else { return nil }
    state.isBegun = true
    let stream = try ZstdStream(stored, byteCount: byteCount)
    ZstdStreams.insert(stream, of: own)
    return stream
  }

  private func inflated() throws -> SpooledContent {
    let stream = try ZstdStream(stored, byteCount: byteCount)
    if spool.takesMemory(byteCount) {
      var bytes = [UInt8](repeating: 0, count: byteCount)
      try unsafe bytes.withUnsafeMutableBytes { try unsafe stream.read(into: $0, at: 0) }
      return .memory(bytes)
    }
    let (file, start) = try spool.reserve(byteCount)
    let piece = WorkBuffer(byteCount: TensorPass.windowBytes)
    for offset in stride(from: 0, to: byteCount, by: TensorPass.windowBytes) {
      let count = min(TensorPass.windowBytes, byteCount - offset)
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: piece.bytes[..<count])
      try unsafe stream.read(into: part, at: offset)
      try unsafe file.write(UnsafeRawBufferPointer(part), at: start + offset)
    }
    return .file(file, start)
  }
}

/// The streams that were read last: of a checkpoint's many chunks only these have a decoder.
private enum ZstdStreams {
  // Each stream is read under the lock of the source that owns it.
  private struct Entry: @unchecked Sendable {
    let owner: ObjectIdentifier
    let stream: ZstdStream
  }

  private static let capacity = min(Workers.count, 7) + 1

  private static let latest = Mutex<[Entry]>([])

  static func stream(of owner: ObjectIdentifier) -> ZstdStream? {
    let found = latest.withLock { list -> Entry? in
      guard let place = list.lastIndex(where: { $0.owner == owner }) else { return nil }
      let entry = list.remove(at: place)
      list.append(entry)
      return entry
    }
    return found?.stream
  }

  static func insert(_ stream: ZstdStream, of owner: ObjectIdentifier) {
    let entry = Entry(owner: owner, stream: stream)
    latest.withLock { list in
      list.removeAll { $0.owner == owner }
      if list.count == capacity { list.removeFirst() }
      list.append(entry)
    }
  }

  static func remove(_ owner: ObjectIdentifier) {
    latest.withLock { list in list.removeAll { $0.owner == owner } }
  }
}
