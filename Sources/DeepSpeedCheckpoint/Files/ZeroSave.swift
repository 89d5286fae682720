internal import ByteIO
internal import Tensors
internal import TorchContainer

/// The save that files are of, by what they say of it: how many ranks it had, how far the training was.
struct ZeroSave {
  private let files: ZeroFiles
  private let ranks: ZeroRanks
  /// The model's files, one or one for each rank.
  private let models: [TorchFile]

  /// Refuses files that are not all of one save.
  ///
  /// - Parameters:
  ///   - files: The files.
  ///   - ranks: The optimizer's, opened.
  ///   - models: The model's, opened.
  /// - Throws: `StateError` with code `notFound` when ranks are missing and `malformed` when the files contradict one
  ///   another, naming the one that differs.
  static func check(_ files: ZeroFiles, _ ranks: ZeroRanks, _ models: [TorchFile]) throws {
    let save = ZeroSave(files: files, ranks: ranks, models: models)
    if files.optimizers.isEmpty {
      try save.checkPresence()
    } else {
      try save.checkWorld()
      try save.checkModels()
      try save.checkMoment()
    }
  }

  /// The error on a rank's file that is of an earlier or a later save.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - key: What differs.
  ///   - expected: What the first rank's file says.
  ///   - found: What this one says.
  /// - Returns: The error.
  static func otherMoment(
    _ path: String,
    _ key: String,
    expected: Double,
    found: Double
  ) -> StateError {
    StateError(
      .malformed,
      "the rank is of another moment of the training than the first one",
      file: path,
      expected: "\(key) \(expected)",
      found: "\(key) \(found)",
      remedy: remedy
    )
  }

  private static let remedy = "bring together the files of one save"

  // MARK: Number of ranks

  /// Refuses the model's files alone where what is trained is with the optimizer.
  private func checkPresence() throws {
    let model = models[0].tree
    let isTrained = model["param_shapes"]?.elements?.contains { $0.items?.isEmpty == false } == true
    guard files.fault == nil, files.cutsModel || isTrained, model["optimizer"]?.isNone != false
    else { return }
    throw StateError(
      .notFound,
      "the ranks' files of the optimizer are missing"
        + (files.cutsModel ? ", which have the parameters" : ""),
      file: files.folder,
      expected: model["dp_world_size"]?.int.map { "\($0) of them" },
      remedy: files.cutsModel ? Self.remedy : "bring them, or pass --only parameters"
    )
  }

  /// Refuses files that are not as many as they say.
  private func checkWorld() throws {
    let found = Int64(ranks.ranks.count)
    let claims = ranks.ranks.map { Self.partitions($0.state) }
    let model = models[0].tree["dp_world_size"]?.int
    if claims.contains(found), claims.allSatisfy({ $0 == nil || $0 == found }) {
      guard let model, model != found else { return }
      throw foreign(FileSystem.path(files.folder, files.models[0]), found, model)
    }
    guard let world = model ?? claims.lazy.compactMap({ $0 }).first else { return }
    for (rank, claim) in zip(ranks.ranks, claims) {
      if let claim, claim != world { throw foreign(rank.path, world, claim) }
    }
    if world == found { return }
    let isMissing = world > found
    let place = Int(clamping: isMissing ? found : max(0, world))
    throw StateError(
      isMissing ? .notFound : .malformed,
      isMissing
        ? "the file of rank \(found) is missing"
          + (world - 1 > found ? ", and those of ranks up to \(world - 1)" : "")
        : "there are more files than ranks: those of rank \(world) and later are of another save",
      file: FileSystem.path(files.folder, ZeroFiles.name(of: place, like: files.optimizers[0])),
      expected: "\(world) files of the optimizer",
      found: "\(found)",
      remedy: Self.remedy
    )
  }

  /// How many ranks a rank's file says there are, `nil` where it does not say, or says several numbers.
  private static func partitions(_ state: PickleValue) -> Int64? {
    guard let value = state["partition_count"] else { return nil }
    if let number = value.int { return number }
    let numbers = Set((value.elements ?? []).compactMap(\.int))
    return numbers.count == 1 ? numbers.first : nil
  }

  private func foreign(_ path: String, _ world: Int64, _ claim: Int64) -> StateError {
    StateError(
      .malformed,
      "the file is of a save with another number of ranks than the others",
      file: path,
      expected: "\(world) ranks",
      found: "\(claim)",
      remedy: Self.remedy
    )
  }

  // MARK: Moment

  /// Refuses ranks' files of the model that are not as many as the optimizer's, or of another step.
  private func checkModels() throws {
    guard files.cutsModel else { return }
    let found = ranks.ranks.count
    guard models.count == found else {
      let place = min(models.count, found)
      let names = models.count < found ? files.models : files.optimizers
      throw StateError(
        .notFound,
        "the file of rank \(place) with its part of the \(models.count < found ? "model" : "optimizer") is missing",
        file: FileSystem.path(files.folder, ZeroFiles.name(of: place, like: names[0])),
        expected: "\(max(models.count, found)) files like it",
        found: "\(place)",
        remedy: Self.remedy
      )
    }
    for (file, name) in zip(models, files.models).dropFirst() {
      let path = FileSystem.path(files.folder, name)
      if let world = file.tree["dp_world_size"]?.int, world != Int64(found) {
        throw foreign(path, Int64(found), world)
      }
      try compare(models[0].tree["global_steps"], file.tree["global_steps"], "global_steps", path)
    }
  }

  /// Refuses ranks whose settings are not the first one's: rates that move tell saves apart without any count.
  private func checkMoment() throws {
    let first = ranks.ranks[0]
    let settings = ranks.settings(of: first)
    for rank in ranks.ranks.dropFirst() {
      for (one, other) in zip(settings, ranks.settings(of: rank)) {
        for item in one.items ?? [] {
          guard let key = item.key.text else { continue }
          try compare(item.value, other[key], key, rank.path)
        }
      }
      for key in ["cur_iter", "cur_scale"] {
        try compare(Self.scaler(first.state)?[key], Self.scaler(rank.state)?[key], key, rank.path)
      }
    }
  }

  private static func scaler(_ state: PickleValue) -> PickleValue? {
    guard case .call(let call)? = state["loss_scaler"]?.object?.content else { return nil }
    return call.state
  }

  private func compare(
    _ one: PickleValue?,
    _ other: PickleValue?,
    _ key: String,
    _ path: String
  ) throws {
    guard let one = one?.number, let other = other?.number, one != other,
      !(one.isNaN && other.isNaN)
    else { return }
    throw Self.otherMoment(path, key, expected: one, found: other)
  }
}
