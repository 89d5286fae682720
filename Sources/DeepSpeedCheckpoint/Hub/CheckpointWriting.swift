internal import ByteIO
internal import Tensors
internal import TrainingState

/// A directory with a checkpoint of DeepSpeed's and the file that names it, complete or absent.
enum CheckpointWriting {
  /// Far more than a state of this size needs, and few enough to be made.
  private static let rankLimit = 4096

  private static let universalEnd = "_universal"

  /// Writes a state into a directory.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - path: The directory.
  ///   - isUniversal: Whether the checkpoint shall be a universal one.
  ///   - options: How to write.
  /// - Throws: `StateError` as ``StateWriter/write(_:to:options:)``.
  static func write(
    _ state: TrainingState,
    to path: String,
    isUniversal: Bool,
    options: WriteOptions
  ) throws {
    var known = 1
    if case .int(let ranks)? = state.attributes[ZeroExtras.ranks] {
      known = min(max(1, Int(clamping: ranks)), rankLimit)
    }
    let ranks = options.ranks ?? known
    guard (1...rankLimit).contains(ranks) else {
      throw StateError(
        .invalidArgument,
        "a checkpoint cannot be cut for \(ranks) ranks",
        expected: "1 to \(rankLimit)"
      )
    }
    if options.overwrite { try checkReplaceable(path) }
    let content = try ZeroContent(state, note: options.note)
    let output = try OutputDirectory(path, overwrite: options.overwrite)
    let tag = tag(of: state, isUniversal: isUniversal)
    var writers: [ZipWriter]
    if isUniversal {
      guard !content.groups.isEmpty else {
        throw StateError(
          .unsupported,
          "a universal checkpoint holds what ZeRO keeps, and the state has no optimizer of that kind",
          remedy: "write it as deepspeed"
        )
      }
      writers = try UniversalOutput(content, ranks: ranks).place(in: output, at: tag + "/")
      try output.add(CheckpointFolder.latestUniversal).write(Array(tag.utf8), at: 0)
    } else {
      writers = try ZeroOutput(content, ranks: ranks).place(in: output, at: tag + "/")
      try output.add(CheckpointFolder.latest).write(Array(tag.utf8), at: 0)
    }
    try ZeroExtras.copyFiles(of: state, to: output, at: tag + "/")
    try ZipWriter.finish(writers, progress: options.progress)
    try output.commit()
  }

  private static func tag(of state: TrainingState, isUniversal: Bool) -> String {
    var tag = "global_step\(state.globalStep?.value ?? 0)"
    if case .string(let kept)? = state.attributes[ZeroExtras.tag] { tag = moved(kept, state) }
    let plain = tag.hasSuffix(universalEnd) ? String(tag.dropLast(universalEnd.count)) : tag
    return isUniversal ? plain + universalEnd : plain
  }

  /// A tag of DeepSpeed's own making, which names the step, where that has changed; any other tag as it is.
  private static func moved(_ tag: String, _ state: TrainingState) -> String {
    let front = "global_step"
    guard let move = ZeroExtras.move(of: state), move != 0, tag.hasPrefix(front) else { return tag }
    let digits = tag.dropFirst(front.count).prefix { $0.isASCII && $0.isNumber }
    let end = tag.dropFirst(front.count + digits.count)
    guard let number = Int64(digits), end.isEmpty || end == universalEnd else { return tag }
    let (sum, overflows) = number.addingReportingOverflow(move)
    return overflows || sum < 0 ? tag : "\(front)\(sum)\(end)"
  }

  /// Refuses a directory that is no checkpoint of this kind.
  private static func checkReplaceable(_ path: String) throws {
    guard FileSystem.kind(of: path) == .directory, try !FileSystem.names(in: path).isEmpty,
      try !ZeroReader.recognizes(path), try !UniversalReader.recognizes(path)
    else { return }
    throw StateError(
      .cannotCreate,
      "is a directory with something else in it than a checkpoint of DeepSpeed's",
      file: path
    )
  }
}
