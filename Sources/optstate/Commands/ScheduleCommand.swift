internal import ArgumentParser
internal import OptStateKit

/// The command `optstate schedule`.
struct ScheduleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule",
    abstract: "Show the learning rate over the steps.",
    discussion: """
      The rate at a step is that of the update after so many. A schedule is a spec such as \
      bert:learning_rate=1e-4,num_train_steps=1000000,num_warmup_steps=10000, a JSON file, or that of a \
      state, whose step is marked. --compare lays another one over it.
      """
        + Optstate.examples(
          "schedule bert:learning_rate=1e-4,num_train_steps=1000000",
          "schedule state.h5 --plot rate.svg"
        )
  )

  @Argument(
    help: ArgumentHelp("A state or a schedule.", valueName: "state|spec"),
    completion: Completions.schedules
  )
  var subject: String

  @Option(help: ArgumentHelp("The first step.", valueName: "n"))
  var from: Int64?

  @Option(help: ArgumentHelp("The last step.", valueName: "n"))
  var to: Int64?

  @Option(
    help: ArgumentHelp("Draw the curve into a file.", valueName: "file.svg"),
    completion: Completions.state
  )
  var plot: String?

  @Option(
    help: ArgumentHelp("Another schedule, a spec or a JSON file.", valueName: "file|spec"),
    completion: Completions.schedules
  )
  var compare: String?

  @Option(help: ArgumentHelp("How many steps to list; 21, or 101 with --json.", valueName: "n"))
  var points: Int?

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var names: NamesOption
  @OptionGroup var records: RecordOptions
  @OptionGroup var limitOptions: LimitOptions
  @OptionGroup var outputOptions: OutputOptions

  func validate() throws {
    for step in [from, to].compactMap(\.self) where step < 0 {
      throw ValidationError("a step cannot be negative")
    }
    if let from, let to, from >= to { throw ValidationError("--from is not before --to") }
    if let points, !(2...100_000).contains(points) {
      throw ValidationError("--points is from 2 to 100000")
    }
  }

  func run() throws {
    try Failure.reported(limitOptions) {
      let inputs = InputTrace()
      let (record, current) = try inputs.record {
        try ScheduleSubject(subject, names, records).found
      }
      let other = try inputs.record { try compare.map(RecordSource.schedule) }
      let all = [record] + (other.map { [$0] } ?? [])
      let usual = try ScheduleSamples.range(of: all, current: current)
      let first = from ?? min(usual.lowerBound, to ?? 0)
      let last = to ?? max(usual.upperBound, first + 1)
      guard first < last else {
        throw StateError(.invalidArgument, "--from \(first) is not before the end at \(last)")
      }
      func samples(_ count: Int) throws -> [ScheduleSamples] {
        try all.map {
          try ScheduleSamples($0, first...last, count: count, also: current.map { [$0] } ?? [])
        }
      }
      let listed = try samples(points ?? (json ? 101 : 21))
      let fine = try samples(1001)
      let drawing = SchedulePlot(
        zip(["", "compared: "], fine).map { .init($0 + "\($1.record)", $1) },
        current: current
      )
      if let plot {
        try inputs.protect { try drawing.write(to: plot, overwrite: outputOptions.overwrite) }
      }
      let report = ScheduleReport(listed, current: current)
      if json {
        try Output.json(report.json)
      } else {
        try Output.lines(report.lines + [""] + drawing.characters())
      }
    }
  }
}

/// What a schedule's name on the command line means: a state that has one, or the schedule itself.
struct ScheduleSubject {
  let found: (record: ScheduleRecord, step: Int64?)

  init(_ text: String, _ names: NamesOption, _ records: RecordOptions) throws {
    let opened: TrainingState
    let options = try names.readOptions(records)
    do {
      opened = try StateFormats.open(text, options: options).state
    } catch let error as StateError where error.code == .notFound || error.code == .unsupported {
      let isSpec = text.contains(":") || ScheduleKind(rawValue: text) != nil
      guard error.code == .unsupported || isSpec else { throw error }
      do {
        found = (try RecordSource.schedule(text), nil)
        return
      } catch let other as StateError {
        throw error.code == .notFound ? other : error
      }
    }
    try opened.checkIsOfOneOptimizer()
    let state = try records.completing(opened)
    guard let record = state.schedule else {
      throw StateError(
        .unsupported,
        "the state does not say what its schedule is",
        file: text,
        remedy: "pass --schedule, or --learning_rate and --num_train_steps"
      )
    }
    try record.checkRecorded()
    found = (record, state.globalStep?.value)
  }
}
