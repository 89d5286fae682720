internal import ByteIO
internal import OptimizerCore
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
public import TrainingState

/// Reads checkpoints of `torch.distributed.checkpoint`, and the directories in which Trainer and accelerate keep one
/// for the model and one for the optimizer.
///
/// A tensor is put together from its chunks wherever these lie; nothing but the metadata, the steps and
/// the objects is read.
public enum DistributedReader: StateReader {
  /// Whether a path is a directory with the metadata of such a checkpoint, or with directories that are one.
  public static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard probe.kind == .directory else { return false }
    return try !parts(of: probe.path).isEmpty
  }

  /// The checkpoints that a directory consists of: itself, or the model's and the optimizer's.
  private static func parts(of path: String) throws -> [String] {
    func isCheckpoint(_ directory: String) -> Bool {
      FileSystem.kind(of: FileSystem.path(directory, MetadataFile.name)) == .file
    }
    if isCheckpoint(path) { return [""] }
    let names = try FileSystem.names(in: path).filter { name in
      ["pytorch_model_fsdp_", "optimizer_"].contains { stem in
        name.hasPrefix(stem) && Int(name.dropFirst(stem.count)) != nil
      }
    }
    // The model first: what the optimizer keeps belongs to its parameters.
    return names.sorted { ($0.hasPrefix("o") ? 1 : 0, $0) < ($1.hasPrefix("o") ? 1 : 0, $1) }
      .filter { isCheckpoint(FileSystem.path(path, $0)) }.map { $0 + "/" }
  }

  /// Describes the state in a directory.
  public static func read(_ probe: StateProbe, options: ReadOptions) throws -> TrainingState {
    let path = probe.path
    do {
      var state = TrainingState(origin: StateFormat.distributed.origin)
      var used: Set<ExactName> = []
      let parts = try parts(of: path)
      for part in parts {
        let directory = part.isEmpty ? path : FileSystem.path(path, String(part.dropLast()))
        let metadata = try MetadataFile(of: directory)
        let files = try ShardFiles(directory, metadata.items)
        let tree = try DistributedTree(directory, metadata.items, files)
        var assembly = try TorchAssembly(tree.file, into: state, prefix: part)
        if !part.hasPrefix("optimizer_") { try assembly.addModel() }
        try assembly.addOptimizer(names: options.parameterNames)
        assembly.addStep()
        try assembly.addExtras()
        assembly.addSchedule()
        state = assembly.state
        for (name, bytes) in tree.opaque {
          state.extras.append(StateTensor(part + DistributedExtras.object + name, bytes))
        }
        for name in metadata.files { used.insert(ExactName(part + name.text)) }
        used.insert(ExactName(part + MetadataFile.name))
        if !tree.flattened.isEmpty {
          state.attributes[DistributedExtras.flattened + part] = .strings(tree.flattened)
        }
        if part.isEmpty || !part.hasPrefix("optimizer_") {
          state.attributes[DistributedExtras.ranks] = .int(Int64(Self.ranks(metadata.files)))
        }
      }
      state.attributes[DistributedExtras.parts] = .strings(parts)
      for name in try FileSystem.files(below: path) where !used.contains(ExactName(name)) {
        let source = try ReopenedSource(FileSystem.path(path, name))
        let tensor = try Tensor(.uint8, .vector(source.byteCount), source: source)
        state.extras.append(StateTensor(DistributedExtras.file + name, tensor))
      }
      state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
      return state
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// How many ranks wrote files, by the number in their names.
  private static func ranks(_ names: Set<ExactName>) -> Int {
    let ranks = names.compactMap { name -> Int? in
      guard name.text.hasPrefix("__") else { return nil }
      return name.text.dropFirst(2).split(separator: "_").first.flatMap { Int($0) }
    }
    return min((ranks.max() ?? 0) + 1, max(names.count, 1))
  }
}
