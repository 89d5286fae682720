internal import OptimizerCore
internal import ByteIO
internal import StateConversion
internal import Tensors
public import TrainingState

/// The checkpoints of a run, and what changed its course.
///
/// Each checkpoint is read once. What cannot be read has its place all the same, with the reason.
public struct StateHistory: Sendable {
  /// One checkpoint.
  struct Entry: Sendable {
    let name: String
    let step: Int64?
    /// `nil` where it could not be opened.
    let format: String?
    /// Layers are what is drawn, variables what is judged: a layer's norm hides the smaller of its parts.
    let layers: [LayerSummary]
    let variables: [LayerSummary]
    /// Why it takes no part in the curves.
    var problem: String?

    var isRecognized: Bool { format != nil }
  }

  /// The directory that was looked at.
  public let path: String

  /// What changed its course, the earliest first.
  public let changes: [CourseChange]

  let entries: [Entry]
  let layers: [HistorySeries]
  let variables: [HistorySeries]

  /// Reads a directory of checkpoints, of any format.
  ///
  /// - Parameters:
  ///   - path: The directory.
  ///   - readOptions: What the files themselves do not say.
  ///   - change: Adds what a file does not say, such as optimizer and schedule.
  ///   - progress: Told of the checkpoints done, and how many there are.
  /// - Throws: `StateError` with code `notFound` where there is no such directory, `unsupported` where there is no
  ///   checkpoint in it.
  /// - Complexity: O(bytes) time; memory for one checkpoint's tables and 2 KB for each variable of each.
  public init(
    _ path: String,
    readOptions: ReadOptions = ReadOptions(),
    change: (TrainingState) throws -> TrainingState = { $0 },
    progress: (@Sendable (Int, Int) throws -> Void)? = nil
  ) throws {
    self.path = path
    let candidates = try Self.candidates(in: path)
    var entries: [Entry] = []
    for (index, candidate) in candidates.enumerated() {
      try progress?(index, candidates.count)
      let entry = try Self.read(path + "/" + candidate.name, candidate.name, readOptions, change)
      // A log or a configuration beside the checkpoints is none that is damaged.
      if candidate.isCalledOne || entry.isRecognized { entries.append(entry) }
    }
    try progress?(candidates.count, candidates.count)
    guard entries.contains(where: { $0.problem == nil }) else {
      throw StateError(
        .unsupported,
        "there is no checkpoint that can be read",
        file: path,
        found: entries.first?.problem
      )
    }
    entries.sort { ($0.step ?? .max, $0.name) < ($1.step ?? .max, $1.name) }
    Self.judge(&entries)
    self.entries = entries
    let sound = entries.filter { $0.problem == nil }
    layers = HistorySeries.all(of: sound, \.layers)
    variables = HistorySeries.all(of: sound, \.variables)
    changes = CourseChange.all(in: variables, steps: sound.compactMap(\.step))
  }

  /// What may be a checkpoint, and whether it is called one: a TensorFlow checkpoint has several files and one prefix.
  private static func candidates(in path: String) throws -> [(name: String, isCalledOne: Bool)] {
    try FileSystem.names(in: path).compactMap { name in
      if name.hasSuffix(".index") { return (String(name.dropLast(6)), true) }
      if name.contains(".data-") || name == "checkpoint" || name.hasPrefix(".") { return nil }
      return (name, StateFormats.all.contains { $0.suffixes.contains(where: name.hasSuffix) })
    }
  }

  private static func read(
    _ path: String,
    _ name: String,
    _ readOptions: ReadOptions,
    _ change: (TrainingState) throws -> TrainingState
  ) throws -> Entry {
    var format: String?
    do {
      let (opened, found) = try StateFormats.open(path, options: readOptions)
      format = found
      let state = try change(opened)
      let epsilon = Float(state.optimizer?.hyperparameters["epsilon"]?.number ?? 1e-6)
      let survey = try StateSurvey(state, epsilon: epsilon, withSketches: true)
      let step = state.globalStep?.value
      return Entry(
        name: name,
        step: step,
        format: format,
        layers: LayerSummary.layers(of: survey),
        variables: LayerSummary.variables(of: survey),
        problem: step == nil ? "it does not say its step" : nil
      )
    } catch let error as StateError {
      return Entry(
        name: name,
        step: nil,
        format: format,
        layers: [],
        variables: [],
        problem: "\(error)"
      )
    }
  }

  /// Takes from the curves what does not belong to them.
  private static func judge(_ entries: inout [Entry]) {
    func names(_ entry: Entry) -> [String] { entry.variables.map(\.name) }
    let sound = entries.filter { $0.problem == nil }
    let counts = Dictionary(grouping: sound, by: names).mapValues(\.count)
    let usual = counts.max { $0.value < $1.value }?.key ?? []
    var steps: Set<Int64> = []
    for place in entries.indices where entries[place].problem == nil {
      if names(entries[place]) != usual {
        entries[place].problem =
          "it is of another model: its variables are others than those of most, or in another order"
      } else if let step = entries[place].step, !steps.insert(step).inserted {
        entries[place].problem = "its step was there before"
      }
    }
  }
}
