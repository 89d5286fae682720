internal import ByteIO
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// The files of a checkpoint of DeepSpeed's that is being written, all of them streamed in one pass at the end.
struct ZeroFilesOutput {
  private(set) var writers: [ZipWriter] = []

  private let nodes: TorchNodes
  private let tensors: [ObjectIdentifier: StoragePlan.Node]
  private let output: OutputDirectory
  private let folder: String

  /// Prepares files.
  ///
  /// - Parameters:
  ///   - content: What they hold.
  ///   - output: The directory.
  ///   - folder: The path in it, with `/` at its end.
  init(_ content: ZeroContent, _ output: OutputDirectory, _ folder: String) {
    nodes = content.nodes
    tensors = Dictionary(
      content.tensors.map { (ObjectIdentifier($0.object), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    self.output = output
    self.folder = folder
  }

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - tree: What it holds.
  ///   - made: Those of the tensors in it that are none of the content's own.
  /// - Throws: `StateError` with code `unsupported` when torch has no such elements.
  mutating func add(_ name: String, _ tree: PickleValue, _ made: [StoragePlan.Node]) throws {
    var inside = made
    PickleTree.forEach(tree) { object in
      if let node = tensors[ObjectIdentifier(object)] { inside.append(node) }
    }
    let file = try TorchOutput(
      tree,
      inside,
      nodes: nodes,
      state: TrainingState(origin: StateFormat.deepSpeed.origin),
      root: TorchLayout.stem(of: name),
      note: nil
    )
    writers.append(try file.archive(in: try output.add(folder + name)))
  }
}
