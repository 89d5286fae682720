internal import ByteIO
internal import Tensors
public import TrainingState

/// Writes checkpoints that `torch.distributed.checkpoint` loads into models on any number of ranks.
///
/// A state that came from such a checkpoint keeps its dictionaries; any other becomes
/// `{"model": …, "optim": …}` as `torch.distributed.checkpoint.state_dict` names what is in them.
public enum DistributedWriter: StateWriter {
  /// Far more than a state of this size needs, and few enough to be made.
  private static let rankLimit = 4096

  /// Writes a state into a directory.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    var ranks = 1
    if state.origin == StateFormat.distributed.origin,
      case .int(let known)? = state.attributes[DistributedExtras.ranks]
    {
      ranks = max(1, Int(clamping: known))
    }
    ranks = options.ranks ?? min(ranks, rankLimit)
    guard (1...rankLimit).contains(ranks) else {
      throw StateError(
        .invalidArgument,
        "a checkpoint cannot be cut for \(ranks) ranks",
        expected: "1 to \(rankLimit)"
      )
    }
    if options.overwrite { try checkReplaceable(path) }
    let output = try OutputDirectory(path, overwrite: options.overwrite)
    try DistributedOutput(state, ranks: ranks, output, options).write()
    try output.commit()
  }

  /// Refuses a directory that is no checkpoint of this kind.
  private static func checkReplaceable(_ path: String) throws {
    guard FileSystem.kind(of: path) == .directory, try !FileSystem.names(in: path).isEmpty,
      try !DistributedReader.recognizes(path)
    else { return }
    throw StateError(
      .cannotCreate,
      "is a directory with something else in it than a distributed checkpoint",
      file: path
    )
  }
}
