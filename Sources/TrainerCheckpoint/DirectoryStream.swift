internal import ByteIO
internal import PyTorchCheckpoint
internal import Tensors

/// Copies the files of a directory, telling of all bytes together.
struct DirectoryStream {
  private let output: OutputDirectory
  private let progress: TensorPass.Progress?

  /// Prepares to copy.
  ///
  /// - Parameters:
  ///   - output: Where the archives go.
  ///   - progress: Told of the bytes done.
  init(_ output: OutputDirectory, _ progress: TensorPass.Progress?) {
    self.output = output
    self.progress = progress
  }

  /// Copies everything.
  ///
  /// - Parameters:
  ///   - placements: Tensors of plain files.
  ///   - archives: Files of PyTorch's.
  /// - Throws: What reading and writing throw.
  func copy(
    _ placements: [TensorPass.Placement],
    _ archives: [(name: String, output: TorchOutput)]
  ) throws {
    let plain = placements.reduce(0) { $0 + $1.tensor.tensor.byteCount }
    let total = archives.reduce(plain) { $0 + $1.output.byteCount }
    var before = 0
    func share() -> TensorPass.Progress? {
      guard let progress else { return nil }
      return { [before] done, _ in try progress(min(before + done, total), total) }
    }
    _ = try TensorPass.copy(placements, progress: share())
    before = plain
    for (name, archive) in archives {
      try archive.write(to: try output.add(name), progress: share())
      before += archive.byteCount
    }
  }
}
