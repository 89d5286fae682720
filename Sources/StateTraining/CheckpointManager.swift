internal import ByteIO
internal import Dispatch
internal import StateConversion
internal import StateStore
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
    /// Saves so far into the directory, `nil` until somebody has looked.
    var saves: Int64?
    var failure: (any Error)?
  }

  private static let prefix = "checkpoint-"
  private static let suffix = ".h5"
  private static let bestName = "best"

  /// Of a checkpoint: its score, and its number among all that were ever saved into the directory.
  private static let score = "optstate.score"
  private static let number = "optstate.save"

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

  /// The checkpoint that was saved last, `nil` when there is none.
  ///
  /// That need not be the one with the highest step: a run that has diverged goes on from an earlier step, and what
  /// it left behind is older than what it saves then.
  ///
  /// - Throws: `StateError` with code `inputOutput`, or of a checkpoint that cannot be read.
  /// - Complexity: O(*n*) in the checkpoints; of each the header is read.
  public func latest() throws -> String? {
    try ordered(checkpoints()).last.map { path(of: $0.step) }
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
    state.attributes[Self.score] = score.map { .double($0) }
    let saves = try progress.withLock { $0.saves } ?? ordered(checkpoints()).last?.number ?? 0
    state.attributes[Self.number] = .int(saves + 1)
    let (snapshot, step) = (state, run.globalStep)
    progress.withLock { progress in
      progress.saves = saves + 1
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
    try StateFormats.write(
      state,
      to: path(of: step),
      format: StateFormat.native.name,
      options: options
    )
    if policy.keepBest, let score, try isBest(score) {
      let best = FileSystem.path(directory, Self.bestName + Self.suffix)
      try StateFormats.write(state, to: best, format: StateFormat.native.name, options: options)
    }
    let steps = try checkpoints()
    guard steps.count > policy.keepLatest else { return }
    for old in try ordered(steps).dropLast(policy.keepLatest) {
      try FileSystem.remove(path(of: old.step))
    }
  }

  private func isBest(_ score: Double) throws -> Bool {
    let path = FileSystem.path(directory, Self.bestName + Self.suffix)
    guard FileSystem.kind(of: path) == .file else { return true }
    guard case .double(let best) = try StateFormats.open(path).state.attributes[Self.score] else {
      return true
    }
    return score < best
  }

  /// Steps of the checkpoints, rising.
  private func checkpoints() throws -> [Int64] {
    try FileSystem.names(in: directory).compactMap { name in
      guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix) else { return nil }
      let digits = name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)
      guard FileSystem.kind(of: FileSystem.path(directory, name)) == .file else { return nil }
      return Int64(digits).flatMap { Self.name($0) == name ? $0 : nil }
    }.sorted()
  }

  /// Checkpoints in the order in which they were saved; those without a number come first, by their steps.
  private func ordered(_ steps: [Int64]) throws -> [(step: Int64, number: Int64)] {
    try steps.map { step in
      let attributes = try StateFormats.open(path(of: step)).state.attributes
      guard case .int(let number)? = attributes[Self.number] else { return (step, 0) }
      return (step, number)
    }.sorted { ($0.number, $0.step) < ($1.number, $1.step) }
  }

  private func path(of step: Int64) -> String { FileSystem.path(directory, Self.name(step)) }

  private static func name(_ step: Int64) -> String { "\(prefix)\(step)\(suffix)" }
}
