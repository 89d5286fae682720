internal import ByteIO
internal import Synchronization
internal import Tensors
internal import TorchContainer

/// The data of a chunk, an archive of its own within a file, which is opened when it is first read.
///
/// A checkpoint of many ranks has more chunks than whoever looks at its names and shapes should open.
final class ChunkSource: VerifiableSource {
  private let files: ShardFiles
  private let place: ShardedItem.Place
  private let elementType: ElementType
  private let shape: Shape
  private let content = Mutex<Tensor?>(nil)

  init(_ files: ShardFiles, _ place: ShardedItem.Place, _ type: ElementType, _ shape: Shape) {
    self.files = files
    self.place = place
    elementType = type
    self.shape = shape
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    try unsafe opened().read(into: buffer, at: offset)
  }

  func verify() throws {
    try TensorPass.verifyOrigins(of: [NamedTensor(place.file, try opened())])
  }

  /// The tensor in the archive, which must be what the metadata say.
  private func opened() throws -> Tensor {
    try content.withLock { content in
      if let content { return content }
      let archive = try files.archive(at: place)
      let file = try TorchArchive.read(archive, allowing: .torch)
      guard let object = file.tree.object, let description = try TorchTensor(object) else {
        throw mismatch("another object")
      }
      guard description.elementType == elementType, description.shape == shape else {
        throw mismatch("\(description.elementType.rawValue)\(description.shape)")
      }
      let tensor = try file.tensor(description)
      content = tensor
      return tensor
    }
  }

  private func mismatch(_ found: String) -> StateError {
    StateError(
      .malformed,
      "the file has something else than the metadata say",
      file: place.file,
      offset: place.range.lowerBound,
      expected: "\(elementType.rawValue)\(shape)",
      found: found,
      remedy: "the file may be of another save: bring the one that belongs here"
    )
  }
}
