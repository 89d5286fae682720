internal import ByteIO
internal import Tensors
internal import TrainingState

/// Inputs that are no state as they stand: a part of one, or what holds one.
///
/// A message says what they are, and the way in.
enum ForeignInput {
  /// Refuses a file of several that make one state, which by itself would pass for a whole one.
  ///
  /// - Parameter probe: The path.
  /// - Throws: `StateError` with code `unsupported` where the name is that of a part.
  static func refusePart(_ probe: StateProbe) throws {
    guard probe.kind == .file else { return }
    let name = FileSystem.name(of: probe.path)
    if let count = shards(of: name), count > 1 {
      throw refused(
        "is one of \(count) files that make one model",
        probe,
        "give the index of the set (…index.json), or the directory that they are in"
      )
    }
    if name.hasPrefix("zero_pp_rank_") || name.hasSuffix("_optim_states.pt") {
      throw refused(
        "is one rank's part of a ZeRO checkpoint",
        probe,
        "give the directory of all ranks, or the one above it, with the file 'latest'"
      )
    }
    if name.hasSuffix(".distcp") || name == ".metadata" {
      throw refused(
        "is a part of a distributed checkpoint",
        probe,
        "give the directory that it is in: '\(FileSystem.directory(of: probe.path))'"
      )
    }
  }

  /// Refuses what no reader takes and is yet known.
  ///
  /// - Parameter probe: The path.
  /// - Throws: `StateError` with code `unsupported` where it is known what stands there.
  static func refuseStranger(_ probe: StateProbe) throws {
    let path = probe.path
    if probe.kind == .directory {
      if FileSystem.kind(of: FileSystem.path(path, savedModel)) == .file {
        throw refusedModel(probe, path)
      }
      return
    }
    guard let file = try probe.file() else { return }
    let name = FileSystem.name(of: path)
    if name == savedModel { throw refusedModel(probe, FileSystem.directory(of: path)) }
    if name.hasSuffix(".meta") {
      throw refused(
        "is a graph of TensorFlow 1, which has no tensors",
        probe,
        "give the checkpoint beside it: '\(path.dropLast(".meta".count))'"
      )
    }
    guard try ZipArchive.recognizes(file),
      let archive = probe.finding({ () -> ZipArchive? in try? ZipArchive(file) })
    else { return }
    let own = archive.members.map(\.name).filter { $0.hasSuffix(".pth") || $0.hasSuffix(".pt") }
    if !own.isEmpty {
      let isBaselines = archive["_stable_baselines3_version"] != nil
      throw refused(
        isBaselines
          ? "is an archive of Stable-Baselines3, with PyTorch's files in it"
          : "is an archive with PyTorch's files in it",
        probe,
        "unzip it, and give one of them, such as \(own.prefix(3).joined(separator: ", "))"
      )
    }
  }

  private static let savedModel = "saved_model.pb"

  private static func refusedModel(_ probe: StateProbe, _ directory: String) -> StateError {
    refused(
      "is a SavedModel of TensorFlow's: a program, whose variables are a checkpoint of their own",
      probe,
      "give '\(FileSystem.path(directory, "variables/variables"))'"
    )
  }

  private static func refused(
    _ message: String,
    _ probe: StateProbe,
    _ remedy: String
  ) -> StateError {
    StateError(.unsupported, message, file: probe.path, remedy: remedy)
  }

  /// The number of files of a set by the name of one, such as `model-00001-of-00003.safetensors`; `nil` for other names.
  private static func shards(of name: String) -> Int? {
    guard let stem = ["safetensors", "bin"].first(where: { name.hasSuffix("." + $0) }) else {
      return nil
    }
    let parts = name.dropLast(stem.count + 1).split(separator: "-").suffix(3)
    guard parts.count == 3, parts[parts.startIndex + 1] == "of",
      Int(parts[parts.startIndex]) != nil, let count = Int(parts[parts.endIndex - 1])
    else { return nil }
    return count
  }
}
