internal import ByteIO
internal import Tensors
public import TrainingState

/// Writes safetensors files and sharded sets.
public enum SafetensorsWriter: StateWriter {
  /// What the name of a sharded set's index ends in.
  private static let indexSuffix = SafetensorsReader.suffix + ".index.json"

  /// Bytes of data that a file of a new sharded set has at most, as transformers had them for years.
  private static let shardBytes = 5_000_000_000

  /// Writes a state into a file, or into a sharded set when the path is that of an index
  /// (`….safetensors.index.json`).
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    if options.deflateLevel != nil {
      throw StateError(.unsupported, "safetensors files are never compressed", file: path)
    }
    let files = try SafetensorsFiles(state, note: options.note)
    let output = OutputSet(overwrite: options.overwrite)
    if path.hasSuffix(indexSuffix) {
      try writeSet(files, path, output, options)
    } else {
      let image = try files.image()
      let file = try output.add(path)
      _ = try TensorPass.copy(try image.place(in: file), progress: options.progress)
    }
    try output.commit()
  }

  private static func writeSet(
    _ files: SafetensorsFiles,
    _ path: String,
    _ output: OutputSet,
    _ options: WriteOptions
  ) throws {
    let stem = String(FileSystem.name(of: path).dropLast(indexSuffix.count))
    let images = try files.shards(stem: stem, limit: shardBytes)
    if options.overwrite { output.removeBeforeCommit(path) }
    var placements: [TensorPass.Placement] = []
    var map: [(tensor: String, file: String)] = []
    for (name, image) in images {
      let target = FileSystem.path(FileSystem.directory(of: path), name)
      placements += try image.place(in: try output.add(target))
      map += image.tensors.map { ($0.name, name) }
    }
    let index = ShardIndex(metadata: try files.indexMetadata(images.map(\.image)), files: map)
    // The index makes the others valid, so it comes last.
    try output.add(path).write(index.bytes, at: 0)
    _ = try TensorPass.copy(placements, progress: options.progress)
  }
}
