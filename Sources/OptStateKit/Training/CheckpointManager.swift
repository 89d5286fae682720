internal import ByteIO
internal import Dispatch
internal import Synchronization
internal import Tensors
internal import TrainingState

/// The checkpoints of a run in one directory: when to write one, which to keep, where to go on.
///
/// A checkpoint is written beside its final name and renamed, so whatever has the name of a checkpoint
/// is complete; a run that is killed at any moment continues from ``latest()``.
public final class CheckpointManager: Sendable {
  /// When to save and what to keep.
  public struct Policy: Sendable {
    /// Updates between two checkpoints, `nil` for none by count.
    public var everySteps: Int64?
    /// Seconds between two checkpoints, `nil` for none by time.
    public var everySeconds: Double?
    /// Checkpoints to keep, the latest ones, at least 1.
    public var keepLatest: Int
    /// Whether the one with the lowest score is kept, too.
    public var keepBest: Bool

    /// Describes when to save and what to keep.
    ///
    /// - Parameters:
    ///   - everySteps: Updates between two checkpoints.
    ///   - everySeconds: Seconds between two checkpoints.
    ///   - keepLatest: Checkpoints to keep, the latest ones.
    ///   - keepBest: Whether the one with the lowest score is kept, too.
    /// - Precondition: `keepLatest` is at least 1.
    public init(
      everySteps: Int64? = nil,
      everySeconds: Double? = nil,
      keepLatest: Int = 3,
      keepBest: Bool = false
    ) {
      precondition(keepLatest >= 1, "the latest checkpoint is always kept")
      self.everySteps = everySteps
      self.everySeconds = everySeconds
      self.keepLatest = keepLatest
      self.keepBest = keepBest
    }
  }

  private struct Progress {
    var lastStep: Int64?
    var lastTime = DispatchTime.now().uptimeNanoseconds
    var failure: (any Error)?
  }

  private static let prefix = "checkpoint-"
  private static let suffix = ".h5"
  private static let bestName = "best"

  private let directory: String
  private let policy: Policy
  private let queue = DispatchQueue(label: "optstate.checkpoints")
  private let progress = Mutex(Progress())

  /// Manages the checkpoints of a directory, which is made where it is missing.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - policy: When to save and what to keep.
  /// - Throws: `StateError` with code `cannotCreate`.
  public init(_ directory: String, policy: Policy) throws {
    self.directory = directory
    self.policy = policy
    try FileSystem.createDirectory(directory)
  }

  /// The latest checkpoint, `nil` when there is none.
  ///
  /// - Throws: `StateError` with code `inputOutput`.
  public func latest() throws -> String? {
    try checkpoints().last.map { FileSystem.path(directory, Self.name($0)) }
  }

  /// Saves where the policy wants it, in the background, from a snapshot taken now.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - score: What the best checkpoint has least of, such as the loss on held-out data.
  /// - Returns: Whether a checkpoint was begun.
  /// - Throws: `StateError` of this snapshot, or of a save that failed earlier.
  @discardableResult
  public func saveIfDue(_ run: TrainingRun, score: Double? = nil) throws -> Bool {
    let step = run.globalStep
    let isDue = progress.withLock { progress in
      let seconds = Double(DispatchTime.now().uptimeNanoseconds - progress.lastTime) / 1e9
      let bySteps = policy.everySteps.map { step % $0 == 0 && step != progress.lastStep } ?? false
      return bySteps || (policy.everySeconds.map { seconds >= $0 } ?? false)
    }
    if isDue { try save(run, score: score) }
    return isDue
  }

  /// Saves in the background, from a snapshot taken now.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - score: What the best checkpoint has least of.
  /// - Throws: `StateError` of this snapshot, or of a save that failed earlier.
  public func save(_ run: TrainingRun, score: Double? = nil) throws {
    // One save at a time: two snapshots in memory are enough.
    try wait()
    var state = try run.snapshot()
    if let score { state.attributes["optstate.score"] = .double(score) }
    let (snapshot, step) = (state, run.globalStep)
    progress.withLock { progress in
      progress.lastStep = step
      progress.lastTime = DispatchTime.now().uptimeNanoseconds
    }
    queue.async {
      do {
        try self.write(snapshot, step: step, score: score)
      } catch {
        self.progress.withLock { $0.failure = error }
      }
    }
  }

  /// Waits until nothing is being written.
  ///
  /// - Throws: `StateError` of a save that failed.
  public func wait() throws {
    queue.sync {}
    let failure = progress.withLock { progress in
      defer { progress.failure = nil }
      return progress.failure
    }
    if let failure { throw failure }
  }

  private func write(_ state: TrainingState, step: Int64, score: Double?) throws {
    let options = WriteOptions(overwrite: true)
    let path = FileSystem.path(directory, Self.name(step))
    try StateFormats.write(state, to: path, format: "optstate", options: options)
    if policy.keepBest, let score, try isBest(score) {
      let best = FileSystem.path(directory, Self.bestName + Self.suffix)
      try StateFormats.write(state, to: best, format: "optstate", options: options)
    }
    for old in try checkpoints().dropLast(policy.keepLatest) {
      try FileSystem.remove(FileSystem.path(directory, Self.name(old)))
    }
  }

  private func isBest(_ score: Double) throws -> Bool {
    let path = FileSystem.path(directory, Self.bestName + Self.suffix)
    guard FileSystem.kind(of: path) == .file else { return true }
    guard case .double(let best) = try StateFormats.open(path).state.attributes["optstate.score"]
    else { return true }
    return score < best
  }

  /// Steps of the checkpoints, rising.
  private func checkpoints() throws -> [Int64] {
    try FileSystem.names(in: directory).compactMap { name in
      guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix) else { return nil }
      let digits = name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)
      return Int64(digits).flatMap { Self.name($0) == name ? $0 : nil }
    }.sorted()
  }

  private static func name(_ step: Int64) -> String { "\(prefix)\(step)\(suffix)" }
}
