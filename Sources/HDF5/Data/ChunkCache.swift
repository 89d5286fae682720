internal import Synchronization

/// The few chunks that were decompressed last, so that neighbouring ranges do not repeat the work.
public final class ChunkCache: Sendable {
  private struct Entry {
    let key: Int
    let bytes: [UInt8]
  }

  private let entries = Mutex<[Entry]>([])
  private let capacity: Int

  /// Makes an empty cache.
  ///
  /// - Parameter capacity: Chunks that it keeps at most.
  public init(capacity: Int = 8) {
    self.capacity = capacity
  }

  /// The chunk at a file offset, made where it is not kept; two threads may make the same one.
  func chunk(at offset: Int, make: () throws -> [UInt8]) throws -> [UInt8] {
    let kept = entries.withLock { entries -> [UInt8]? in
      guard let index = entries.firstIndex(where: { $0.key == offset }) else { return nil }
      let entry = entries.remove(at: index)
      entries.append(entry)
      return entry.bytes
    }
    if let kept { return kept }
    let bytes = try make()
    entries.withLock { entries in
      if entries.count == capacity { entries.removeFirst() }
      entries.append(Entry(key: offset, bytes: bytes))
    }
    return bytes
  }
}
