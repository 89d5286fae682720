internal import ByteIO
internal import OptimizerCore
internal import PyTorchCheckpoint
internal import Tensors
internal import TorchContainer
internal import TrainingState

/// A state out of the dictionary that a checkpoint's files make together.
enum CheckpointReading {
  /// Describes the state in a directory.
  ///
  /// - Parameters:
  ///   - probe: The directory.
  ///   - isUniversal: Whether its checkpoint is a universal one.
  ///   - options: What the files do not say.
  /// - Returns: The state.
  /// - Throws: `StateError` with code `notFound`, `malformed` or `unsupported`, naming the file.
  static func read(
    _ probe: StateProbe,
    isUniversal: Bool,
    options: ReadOptions
  ) throws -> TrainingState {
    let path = probe.path
    do {
      guard let folder = try CheckpointFolder(path, isUniversal: isUniversal) else {
        throw StateError(.notFound, "there is no checkpoint of DeepSpeed's")
      }
      var files = try ZeroFiles(folder.path)
      guard !files.models.isEmpty else {
        throw StateError(.notFound, "the model's file is missing", file: folder.path)
      }
      if let fault = files.fault {
        files = try files.withoutOptimizers(RankShare.explaining(fault, files))
      }
      let file: TorchFile
      do {
        file = try isUniversal ? UniversalTree.read(files) : ZeroTree.read(files)
      } catch let error as StateError where error.code.concernsData || error.code == .notFound {
        files = try files.withoutOptimizers(RankShare.explaining(error, files))
        file = try ZeroTree.read(files)
      }
      let format = isUniversal ? StateFormat.deepSpeedUniversal : .deepSpeed
      var assembly = try TorchAssembly(file, into: TrainingState(origin: format.origin))
      try assembly.addModel()
      try assembly.addOptimizer(names: options.parameterNames)
      assembly.addStep()
      try assembly.addExtras()
      // Wrappers count a step of their own at the start; this counts updates, skipped ones among them.
      if let steps = file.tree["global_steps"]?.int {
        assembly.state.globalStep = GlobalStep(steps - (file.tree["skipped_steps"]?.int ?? 0))
      }
      assembly.addSchedule()
      var state = assembly.state
      state.fault = state.fault ?? files.fault
      for name in files.unread { state.contents?.add(name) }
      state.attributes[ZeroExtras.step] = state.globalStep.map { .int($0.value) }
      state.attributes[ZeroExtras.tag] = .string(folder.tag ?? FileSystem.name(of: folder.path))
      let world = file.tree["dp_world_size"]?.int ?? 1
      state.attributes[ZeroExtras.ranks] = .int(
        max(1, isUniversal ? world : Int64(files.optimizers.count))
      )
      try carry(files, path, folder.tag, isUniversal, &state)
      state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
      return state
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// Adds every other file of the directory, but not other checkpoints in it.
  private static func carry(
    _ files: ZeroFiles,
    _ path: String,
    _ tag: String?,
    _ isUniversal: Bool,
    _ state: inout TrainingState
  ) throws {
    let prefix = tag.map { $0 + "/" } ?? ""
    let own = Set((files.models + files.optimizers + files.unread).map { ExactName(prefix + $0) })
    let pointers: Set = [CheckpointFolder.latest, CheckpointFolder.latestUniversal]
    let known = Set(state.variables.map { ExactName($0.name) })
    let parameters = "\(prefix)\(UniversalTree.folder)/"
    var others: [String: Bool] = [:]
    for name in try FileSystem.files(below: path) where !own.contains(ExactName(name)) {
      if tag != nil, pointers.contains(name) { continue }
      if isUniversal, name.utf8.starts(with: parameters.utf8) {
        let folder = name.dropFirst(parameters.count).split(separator: "/").dropLast()
        let owner = folder.joined(separator: "/")
        // A parameter of another model than this one's.
        if !owner.isEmpty, !known.contains(ExactName(owner)) { state.contents?.add(name) }
        continue
      }
      let folder = name.split(separator: "/").first.map(String.init) ?? ""
      if folder != name, folder != tag {
        let isOther =
          try others[folder] ?? ZeroFiles.isCheckpoint(FileSystem.path(path, folder))
        others[folder] = isOther
        if isOther { continue }
      }
      let source = try ReopenedSource(FileSystem.path(path, name))
      let tensor = try Tensor(.uint8, .vector(source.byteCount), source: source)
      // The checkpoint's directory may get another name.
      let kept = name.utf8.starts(with: prefix.utf8) ? String(name.dropFirst(prefix.count)) : name
      let mark = tag != nil && kept != name ? ZeroExtras.inside : ZeroExtras.file
      state.extras.append(StateTensor(mark + kept, tensor))
    }
  }
}
