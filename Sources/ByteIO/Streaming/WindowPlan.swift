/// How the bytes of tensors are cut into windows, each of which one worker treats at once.
///
/// A large tensor fills many windows; small ones that follow each other share one, so that a
/// checkpoint of 100,000 scalars does not cost 100,000 writes.
package struct WindowPlan: Sendable {
  /// A range of one tensor.
  package struct Piece: Sendable {
    package let tensor: Int
    package let offset: Int
    package let count: Int
  }

  /// All pieces, tensor by tensor, in the order in which the tensors were given.
  package let pieces: [Piece]

  /// Ranges of ``pieces``; the pieces of each are read into one buffer, one after another.
  package let windows: [Range<Int>]

  /// Bytes that a window has at most.
  package let capacity: Int

  /// Cuts tensors into windows.
  ///
  /// - Parameters:
  ///   - byteCounts: Bytes of each tensor.
  ///   - capacity: Bytes that a window has at most.
  ///   - mayShare: Whether a tensor may follow the one before it in the same window.
  package init(
    _ byteCounts: [Int],
    capacity: Int,
    mayShare: (_ tensor: Int, _ previous: Int) -> Bool
  ) {
    var pieces: [Piece] = []
    var windows: [Range<Int>] = []
    var begin = 0
    var filled = 0
    func closeWindow() {
      if begin < pieces.count { windows.append(begin..<pieces.count) }
      begin = pieces.count
      filled = 0
    }
    for (tensor, byteCount) in byteCounts.enumerated() {
      if tensor > 0, begin < pieces.count, !mayShare(tensor, tensor - 1) { closeWindow() }
      var offset = 0
      // What does not fit the rest of a window begins one, so that cuts fall on whole elements.
      if byteCount > capacity - filled { closeWindow() }
      repeat {
        let count = min(byteCount - offset, capacity)
        pieces.append(Piece(tensor: tensor, offset: offset, count: count))
        offset += count
        filled += count
        if filled == capacity { closeWindow() }
      } while offset < byteCount
    }
    closeWindow()
    self.pieces = pieces
    self.windows = windows
    self.capacity = capacity
  }
}
