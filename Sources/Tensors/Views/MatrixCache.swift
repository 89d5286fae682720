import Synchronization

/// The matrices that transposed views have in memory as a whole: the latest few, none of them large.
///
/// Read in strips, a matrix costs a call for each row of each strip; as a whole it costs one.
enum MatrixCache {
  /// The bytes of one matrix.
  @safe final class Matrix: Sendable {
    /// Written before anyone else knows of the matrix, and only read from then on.
    nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer

    init(_ tensor: Tensor) throws {
      unsafe bytes = .allocate(byteCount: tensor.byteCount, alignment: 16)
      // Where reading fails, the object is complete and gives its memory back.
      try unsafe tensor.read(into: bytes, at: 0)
    }

    deinit { unsafe bytes.deallocate() }
  }

  /// Bytes beyond which a matrix is read in strips: those of the kernels of BERT-large still fit.
  static let maximumBytes = 20 << 20

  /// One for each core of a small machine, and one that is being finished.
  private static let count = 3

  private static let latest = Mutex<[(owner: ObjectIdentifier, matrix: Matrix)]>([])

  /// Puts a matrix in the place of the oldest.
  static func insert(_ matrix: Matrix, for owner: ObjectIdentifier) {
    latest.withLock { list in
      if list.count == count { list.removeFirst() }
      list.append((owner, matrix))
    }
  }

  /// The matrix of a view, `nil` where it has gone.
  static func matrix(for owner: ObjectIdentifier) -> Matrix? {
    latest.withLock { list in list.first { $0.owner == owner }?.matrix }
  }

  /// Forgets a view's matrix, for a view that goes or has been read to its end.
  static func remove(_ owner: ObjectIdentifier) {
    latest.withLock { list in list.removeAll { $0.owner == owner } }
  }
}
