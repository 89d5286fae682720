/// A rectangular part of a tensor as a tensor of its own.
final class SliceView: TensorSource {
  private let base: Tensor
  private let runs: BlockRuns
  private let width: Int

  init(_ base: Tensor, runs: BlockRuns, width: Int) {
    self.base = base
    self.runs = runs
    self.width = width
  }

  var origins: [Tensor] { [base] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let runBytes = runs.length * width
    var done = 0
    while done < buffer.count {
      let run = (offset + done) / runBytes
      let within = (offset + done) % runBytes
      let part = min(runBytes - within, buffer.count - done)
      try unsafe base.read(
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + part]),
        at: runs.position(ofRun: run) * width + within
      )
      done += part
    }
  }
}

extension Tensor {
  /// A rectangular part of the tensor, without moving data.
  ///
  /// - Parameter block: The part.
  /// - Returns: The view, or the tensor itself where the part is all of it.
  /// - Throws: ``StateError`` with code `unsupported` when elements have no fixed width.
  public func slice(_ block: TensorBlock) throws -> Tensor {
    let part = try Shape(block.lengths)
    guard let width = elementType.byteWidth else {
      throw StateError(.unsupported, "a tensor of \(elementType.rawValue) cannot be sliced")
    }
    if part == shape { return self }
    let view = SliceView(self, runs: BlockRuns(full: shape, block: block), width: width)
    return try Tensor(elementType, part, source: view)
  }
}
