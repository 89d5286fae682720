internal import ArgumentParser
internal import OptStateKit

/// The command `optstate report`.
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write one HTML page that shows a state: norms, moments, rates, findings.",
    discussion:
      "Of two states the page shows what moved, by layer, and which variables moved unlike their peers. It needs no "
      + "network and no script. Without -o it goes to standard output."
      + Optstate.examples(
        "report model.ckpt-20 -o report.html",
        "report model.ckpt-20 state.h5 -o both.html",
        "report --history runs -o history.html"
      )
  )

  @Argument(help: "The state.", completion: Completions.state)
  var state: String?

  @Argument(
    help: "A second state, to see what moved since the first.",
    completion: Completions.state
  )
  var other: String?

  @Option(
    help: ArgumentHelp(
      "A directory of checkpoints: what changed over the steps, and where first.",
      valueName: "directory"
    ),
    completion: Completions.state
  )
  var history: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The page to make.", valueName: "file.html"),
    completion: Completions.state
  )
  var output: String?

  @Flag(help: "Replace an existing file.")
  var overwrite = false

  @OptionGroup var names: NamesOption
  @OptionGroup var limitOptions: LimitOptions
  @OptionGroup var records: RecordOptions

  func validate() throws {
    guard (state == nil) != (history == nil) else {
      throw ValidationError("a report is of one state, of two, or of a --history")
    }
    guard other == nil || history == nil else {
      throw ValidationError("a report of a --history takes no other state")
    }
    guard other == nil || !records.areGiven else {
      throw ValidationError(
        "a report of two states shows their own records: give no optimizer and no schedule"
      )
    }
  }

  func run() throws {
    try Failure.reported(limitOptions) {
      let inputs = InputTrace()
      let options = try names.readOptions(records)
      let progress = ProgressBar("reading", countsBytes: history == nil).handler
      if let state, let other {
        let report = try inputs.record {
          try ComparisonReport(state, other, readOptions: options, progress: progress)
        }
        try put(report.html, inputs, report.write)
      } else if let state {
        let report = try inputs.record {
          try StateReport(
            state,
            readOptions: options,
            change: records.completing,
            progress: progress
          )
        }
        try put(report.html, inputs, report.write)
      } else if let history {
        let report = try inputs.record {
          HistoryReport(
            try StateHistory(
              history,
              readOptions: options,
              change: records.completing,
              progress: progress
            )
          )
        }
        try put(report.html, inputs, report.write)
      }
    }
  }

  /// Writes a page to where it was asked for.
  private func put(
    _ html: String,
    _ inputs: InputTrace,
    _ write: (_ path: String, _ overwrite: Bool) throws -> Void
  ) throws {
    guard let output else { return try Output.text(html) }
    try inputs.protect { try write(output, overwrite) }
    Output.wrote(output, "HTML")
  }
}
