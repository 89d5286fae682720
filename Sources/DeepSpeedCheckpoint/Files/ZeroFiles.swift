internal import ByteIO
internal import Tensors
internal import TorchContainer

/// The files of a ZeRO checkpoint: one for the model, or one for each rank of it, and one for each rank of the optimizer.
///
/// Source: DeepSpeed 0.19, `runtime/engine.py`, `_get_ckpt_name` and `_get_zero_ckpt_name`.
struct ZeroFiles {
  /// The directory that has the files.
  let folder: String

  /// The names of the model's files, by rank where there are several.
  let models: [String]

  /// The names of the optimizer's files by rank, empty where the model's file has the optimizer.
  private(set) var optimizers: [String]

  /// What is wrong with the ranks' files, of which none is read then.
  private(set) var fault: StateError?

  /// The names of the ranks' files where none is read.
  private(set) var unread: [String] = []

  private static let rankMark = "zero_pp_rank_"
  private static let modelSuffix = "_model_states.pt"
  private static let optimizerSuffix = "_optim_states.pt"

  /// Whether a directory has such files.
  static func isCheckpoint(_ folder: String) throws -> Bool {
    guard FileSystem.kind(of: folder) == .directory else { return false }
    return try FileSystem.names(in: folder).contains { name in
      rank(name, modelSuffix, "mp_rank_") != nil || dataRank(name, modelSuffix) != nil
    }
  }

  /// Finds the files of a directory.
  ///
  /// - Parameter folder: The directory.
  /// - Throws: `StateError` with code `unsupported` when the model is split, `notFound` when ranks are missing.
  init(_ folder: String) throws {
    self.folder = folder
    var whole: [Int: String] = [:]
    var models: [Int: String] = [:]
    var optimizers: [Int: String] = [:]
    for name in try FileSystem.names(in: folder) {
      if name.hasPrefix("layer_"), name.hasSuffix("-model_states.pt") {
        throw StateError(
          .unsupported,
          "the model is split over the stages of a pipeline, a file for each layer",
          file: FileSystem.path(folder, name),
          remedy: "save it with the training framework from one stage"
        )
      }
      if let model = Self.rank(name, Self.modelSuffix, "mp_rank_") {
        try Self.refuseSplit(model, name, folder)
        try Self.add(name, of: model, to: &whole, folder, "model")
      }
      if let (rank, model) = Self.dataRank(name, Self.modelSuffix) {
        try Self.refuseSplit(model, name, folder)
        try Self.add(name, of: rank, to: &models, folder, "model")
      }
      if let (rank, model) = Self.dataRank(name, Self.optimizerSuffix) {
        try Self.refuseSplit(model, name, folder)
        try Self.add(name, of: rank, to: &optimizers, folder, "optimizer")
      }
    }
    self.models = try whole[0].map { [$0] } ?? Self.ordered(models, folder, "model")
    do {
      self.optimizers = try Self.ordered(optimizers, folder, "optimizer")
    } catch let error as StateError {
      self.optimizers = []
      (fault, unread) = (error, optimizers.values.sorted())
    }
  }

  /// Notes a rank's file, of which there is one.
  private static func add(
    _ name: String,
    of rank: Int,
    to files: inout [Int: String],
    _ folder: String,
    _ subject: String
  ) throws {
    guard files.updateValue(name, forKey: rank) == nil else {
      throw StateError(
        .malformed,
        "two files hold the \(subject) of rank \(rank)",
        file: FileSystem.path(folder, name)
      )
    }
  }

  private static func refuseSplit(_ model: Int, _ name: String, _ folder: String) throws {
    guard model > 0 else { return }
    throw StateError(
      .unsupported,
      "the model is split over tensor-parallel ranks, and nothing here says how",
      file: FileSystem.path(folder, name),
      remedy: "convert it with the training framework to one model-parallel rank"
    )
  }

  private static func ordered(
    _ files: [Int: String],
    _ folder: String,
    _ subject: String
  ) throws -> [String] {
    guard let last = files.keys.max() else { return [] }
    guard files.count == last + 1 else {
      let missing = (0...last).first { files[$0] == nil } ?? 0
      throw StateError(
        .notFound,
        "the file of rank \(missing) with its part of the \(subject) is missing",
        file: FileSystem.path(folder, Self.name(of: missing, like: files[last] ?? "")),
        expected: "\(last + 1) files like it",
        found: "\(files.count)",
        remedy: "bring the file of that rank, from the same save, into the directory"
      )
    }
    return (0...last).compactMap { files[$0] }
  }

  /// What the file of a rank is called where that of another is called so.
  ///
  /// - Parameters:
  ///   - rank: The rank.
  ///   - name: The name of the other's file.
  /// - Returns: The name.
  static func name(of rank: Int, like name: String) -> String {
    guard let mark = name.firstRange(of: rankMark) else { return name }
    let end = name[mark.upperBound...].drop { $0.isNumber }
    return name[..<mark.upperBound] + "\(rank)" + end
  }

  /// The rank that a file is of by its name, `nil` where it is no rank's.
  ///
  /// - Parameter name: The file's name.
  /// - Returns: The rank.
  static func rank(of name: String) -> Int? {
    (dataRank(name, optimizerSuffix) ?? dataRank(name, modelSuffix))?.data
  }

  /// Whether every rank has a file of the model, as with stage 3.
  var cutsModel: Bool { models.first?.hasPrefix("mp_rank_") == false }

  /// The number between a prefix and a suffix.
  private static func rank(_ name: String, _ suffix: String, _ prefix: String) -> Int? {
    guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
    return number(name.dropFirst(prefix.count).dropLast(suffix.count))
  }

  /// The two ranks in a name: that of the data and that of the model.
  private static func dataRank(_ name: String, _ suffix: String) -> (data: Int, model: Int)? {
    let plain = name.hasPrefix("bf16_") ? name.dropFirst("bf16_".count) : name[...]
    guard plain.hasPrefix(rankMark), plain.hasSuffix(suffix) else { return nil }
    let parts = plain.dropFirst(rankMark.count).dropLast(suffix.count)
      .split(separator: "_mp_rank_", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let data = number(parts[0]), let model = number(parts[1]) else {
      return nil
    }
    return (data, model)
  }

  private static func number(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(text),
      number < Limits[.files]
    else { return nil }
    return number
  }

  /// The same checkpoint as one whose optimizer's part cannot be read.
  ///
  /// - Parameter fault: What is wrong with it.
  /// - Returns: The model's files alone.
  /// - Throws: The fault, where the model's parameters are in the optimizer's part.
  func withoutOptimizers(_ fault: StateError) throws -> ZeroFiles {
    if cutsModel { throw fault }
    var copy = self
    (copy.optimizers, copy.fault, copy.unread) = ([], fault, unread + optimizers)
    return copy
  }

  /// Opens a file.
  func open(_ name: String) throws -> TorchFile {
    let path = FileSystem.path(folder, name)
    do {
      let archive = try ZipArchive(try PositionalFile.reopening(path), sumsMayLack: true)
      return try TorchArchive.read(archive, allowing: .any)
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }
}
