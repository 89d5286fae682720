internal import ByteIO
internal import Tensors
public import TrainingState

/// Writes V2 checkpoints and keeps the directory's `checkpoint` file up to date.
public enum TensorFlowWriter: StateWriter {
  /// The name of the format.
  public static let format = TensorFlowReader.format

  /// Suffixes for slots that TensorFlow did not name itself: BERT's own for Adam, else those of the
  /// `tf.compat.v1.train` optimizers.
  private static let suffixes: [SlotName: String] = [
    .momentum: "Momentum", .meanSquare: "RMSProp", .accumulator: "Adagrad",
    .average: "ExponentialMovingAverage",
  ]

  /// Writes a state under a prefix.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
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
    var shardCount = 1
    if isOurs(state), case .int(let count) = state.attributes[Layout.shardCount] {
      shardCount = Int(clamping: count)
    }
    guard (1...99_999).contains(shardCount) else {
      throw StateError(.malformed, "the number of data files is impossible", found: "\(shardCount)")
    }
    var pieces: [(order: Int, piece: BundleWriter.Piece)] = []
    var listings: BundleWriter.Listings = [:]
    for tensor in named(state) {
      do {
        try add(tensor, isOurs: isOurs(state), &pieces, &listings)
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
    pieces.sort { one, other in
      (one.order, ExactName(one.piece.name)) < (other.order, ExactName(other.piece.name))
    }
    let output = OutputSet(overwrite: options.overwrite)
    // An old index beside new data would describe it falsely.
    if options.overwrite { output.removeBeforeCommit(paths.index) }
    try BundleWriter(paths, shardCount: shardCount).write(
      pieces.map(\.piece),
      listings: listings,
      to: output,
      progress: options.progress
    )
    try output.commit()
    try updateStateFile(prefix)
    if !isOurs(state), !state.extras.isEmpty {
      options.note?(
        "\(state.extras.count) parts that only \(state.sourceFormat) has a place for are left out, "
          + "'\(state.extras[0].name)' among them"
      )
    }
  }

  /// Whether names and places of the source are TensorFlow's own.
  private static func isOurs(_ state: TrainingState) -> Bool {
    [format, TensorFlowReader.objectFormat].contains(state.sourceFormat)
  }

  /// All tensors under the names that the checkpoint shall have.
  private static func named(_ state: TrainingState) -> [StateTensor] {
    let isOurs = isOurs(state)
    var tensors: [StateTensor] = []
    for variable in state.variables {
      if let value = variable.value { tensors.append(rename(value, variable.name, isOurs)) }
      for slot in variable.slots {
        let suffix = suffixes[slot.name] ?? slot.name.rawValue
        tensors.append(rename(slot.tensor, "\(variable.name)/\(suffix)", isOurs))
      }
    }
    if let step = state.globalStep { tensors.append(rename(step.tensor, "global_step", isOurs)) }
    for tensor in state.optimizerTensors + (isOurs ? state.extras : []) {
      tensors.append(rename(tensor, tensor.name, isOurs))
    }
    return tensors
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
      pieces.append((tensor.index ?? Int.max, piece))
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

  /// Names the new checkpoint as the latest one of its directory, beside those already on record.
  private static func updateStateFile(_ prefix: String) throws {
    let path = FileSystem.path(FileSystem.directory(of: prefix), CheckpointStateFile.name)
    let old = FileSystem.kind(of: path) == .file ? try CheckpointStateFile.read(path) : .init()
    let text = old.adding(FileSystem.name(of: prefix)).text
    let output = OutputSet(overwrite: true)
    try output.add(path).write(Array(text.utf8), at: 0)
    try output.commit()
  }
}
