internal import ByteIO
internal import OptimizerCore
internal import Tensors
public import TrainingState

/// Writes V2 checkpoints and keeps the directory's `checkpoint` file up to date.
public enum TensorFlowWriter: StateWriter {
  /// Writes a state under a prefix.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    try write(
      state,
      to: path,
      options: options,
      isOurs: state.origin == StateFormat.tensorFlow.origin
    )
  }

  /// Writes a state under a prefix, by the source's own names and places where they are ours.
  static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions,
    isOurs: Bool
  ) throws {
    let prefix = path.hasSuffix(".index") ? String(path.dropLast(".index".count)) : path
    guard FileSystem.kind(of: prefix) != .directory else {
      throw StateError(
        .cannotCreate,
        "is a directory",
        file: prefix,
        remedy: "name a prefix in it, such as \(prefix)/model.ckpt"
      )
    }
    let paths = BundlePaths(prefix: prefix)
    if isOurs, state.attributes[Layout.compressedIndex] == .bool(true) {
      options.note?(
        "the source's index is compressed with Snappy; this one is not, as TensorFlow's own are: its bytes differ"
      )
    }
    var shardCount = 1
    if isOurs, case .int(let count) = state.attributes[Layout.shardCount] {
      shardCount = Int(clamping: count)
    }
    guard (1...99_999).contains(shardCount) else {
      throw StateError(.malformed, "the number of data files is impossible", found: "\(shardCount)")
    }
    var pieces: [(order: Int, piece: BundleWriter.Piece)] = []
    var listings: BundleWriter.Listings = [:]
    for tensor in try named(state, isOurs: isOurs) {
      do {
        try add(tensor, isOurs: isOurs, &pieces, &listings)
      } catch let error as StateError {
        throw error.inContext(tensor: tensor.name)
      }
    }
    if let stray = pieces.first(where: { $0.piece.shard >= shardCount }) {
      throw StateError(
        .malformed,
        "the tensor belongs to data file \(stray.piece.shard) of \(shardCount)",
        tensor: stray.piece.name
      )
    }
    // Data files that would hold nothing are left out, however many the source says it had.
    let shards = Set(pieces.map(\.piece.shard)).sorted()
    let numbers = Dictionary(zip(shards, shards.indices)) { first, _ in first }
    for place in pieces.indices {
      pieces[place].piece.shard = numbers[pieces[place].piece.shard] ?? 0
    }
    shardCount = max(1, shards.count)
    pieces.sort { one, other in
      (one.order, ExactName(one.piece.name)) < (other.order, ExactName(other.piece.name))
    }
    report(state, isOurs: isOurs, to: options.note)
    let list = CheckpointList(of: prefix)
    try list.check()
    let output = OutputSet(overwrite: options.overwrite)
    // An old index beside new data would describe it falsely.
    if options.overwrite { output.removeBeforeCommit(paths.index) }
    try BundleWriter(paths, shardCount: shardCount).write(
      pieces.map(\.piece),
      listings: listings,
      to: output,
      progress: options.progress
    )
    try output.flush()
    try withExtendedLifetime(try DirectoryLock(FileSystem.directory(of: prefix))) {
      // Nothing is touched before there is room for the list.
      let grown = try list.adding()
      try TemporaryFiles.uninterrupted {
        // Between the old index and the new one there is none, and nothing may point to it.
        let listed = options.overwrite ? try list.remove() : nil
        do {
          try output.commit(locked: true)
          try grown.commit(locked: true)
        } catch {
          if let listed { try? list.restore(listed) }
          throw error
        }
      }
    }
  }

  /// All tensors under the names that the checkpoint shall have.
  private static func named(_ state: TrainingState, isOurs: Bool) throws -> [StateTensor] {
    var tensors: [StateTensor] = []
    for variable in state.variables {
      if let value = variable.value { tensors.append(rename(value, variable.name, isOurs)) }
      let suffixes = TensorFlowSlots.suffixes(for: variable.slots.map(\.name))
      for slot in variable.slots {
        let suffix = suffixes[slot.name] ?? slot.name.rawValue
        tensors.append(rename(slot.tensor, "\(variable.name)/\(suffix)", isOurs))
      }
    }
    if let step = state.globalStep {
      let format = StateFormat.tensorFlow.name
      let tensor = try StepTensor.tensor(of: step, format: format, isOurs: isOurs)
      tensors.append(rename(tensor, "global_step", isOurs))
    }
    let own = state.optimizerTensors.map { current($0, state) }
    for tensor in own + (isOurs ? state.extras : []) {
      tensors.append(rename(tensor, tensor.name, isOurs))
    }
    return tensors
  }

  /// The variable of a hyper-parameter with the value that the record has now, the counter of one of several optimizers
  /// with its step.
  private static func current(_ tensor: StateTensor, _ state: TrainingState) -> StateTensor {
    func optimizer(_ attribute: String) -> NamedOptimizer? {
      guard case .string(let name) = tensor.attributes[attribute] else { return nil }
      return state.optimizers.first { ExactName($0.name) == ExactName(name) }
    }
    var copy = tensor
    if let step = optimizer(ObjectOptimizers.counter)?.step { copy.tensor = .scalar(step) }
    let record = optimizer(ObjectOptimizers.owner).map(\.record) ?? state.optimizer
    guard case .string(let key) = tensor.attributes[ObjectState.hyperparameter],
      let value = record?.hyperparameters[key]?.number
    else { return copy }
    let bits = Float(value).bitPattern
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    copy.tensor = Tensor(.float32, .scalar, byteCount: 4, source: MemorySource(bytes))
    return copy
  }

  /// Says what a checkpoint has no place for.
  private static func report(
    _ state: TrainingState,
    isOurs: Bool,
    to note: ((String) -> Void)?
  ) {
    if !isOurs, !state.extras.isEmpty {
      note?(
        "left out \(state.extras.count) tensors or files that only \(state.origin.format) knows"
      )
    }
    let steps = Set(state.variables.compactMap(\.step)).subtracting([state.globalStep?.value ?? -1])
    if !steps.isEmpty {
      note?("left out the steps of single variables: a checkpoint has one for all")
    }
    let keepsOptimizer = isOurs && state.origin == StateFormat.tensorFlowObject.origin
    if state.schedule != nil || state.optimizer != nil && !keepsOptimizer {
      note?("left out the records of optimizer and schedule: a checkpoint has no place for them")
    }
  }

  private static func rename(_ tensor: StateTensor, _ name: String, _ isOurs: Bool) -> StateTensor {
    var copy = tensor
    copy.name = isOurs ? tensor.sourceName ?? name : name
    return copy
  }

  private static func add(
    _ tensor: StateTensor,
    isOurs: Bool,
    _ pieces: inout [(order: Int, piece: BundleWriter.Piece)],
    _ listings: inout BundleWriter.Listings
  ) throws {
    guard !tensor.name.isEmpty, !tensor.name.utf8.contains(0) else {
      throw StateError(.unsupported, "a name must have letters and no NUL")
    }
    let key = Array(tensor.name.utf8)
    let slices = isOurs ? try Layout.slices(of: tensor) : []
    if slices.isEmpty {
      var shard = 0
      if isOurs, case .int(let number) = tensor.attributes[Layout.shard] {
        shard = Int(clamping: number)
      }
      guard shard >= 0 else {
        throw StateError(.malformed, "the attribute \(Layout.shard) is negative")
      }
      let piece = BundleWriter.Piece(
        key: key,
        name: tensor.name,
        tensor: tensor.tensor,
        shard: shard
      )
      pieces.append((isOurs ? tensor.index ?? Int.max : Int.max, piece))
      return
    }
    var listing = BundleEntry()
    listing.dtype = try tensor.tensor.elementType.tensorFlowNumber()
    listing.shape = BundleWriter.record(tensor.tensor.shape)
    for slice in slices {
      var record = SliceExtents()
      record.extent = slice.extents.map(\.record)
      listing.slices.append(record)
      let piece = BundleWriter.Piece(
        key: OrderedCode.sliceKey(tensor.name, slice.extents),
        name: tensor.name,
        tensor: try tensor.tensor.slice(try slice.extents.block(in: tensor.tensor.shape)),
        shard: slice.shard
      )
      pieces.append((slice.index, piece))
    }
    listings[key] = listing
  }
}
