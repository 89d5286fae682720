internal import ArgumentParser
internal import OptStateKit

/// The command `optstate report`.
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write one HTML page that shows a state: norms, moments, rates, findings.",
    discussion: "The page needs no network and no script. Without -o it goes to standard output."
      + Optstate.examples(
        "report model.ckpt-20 -o report.html",
        "report --history runs -o history.html"
      )
  )

  @Argument(help: "The state.", completion: Completions.state)
  var state: String?

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
      throw ValidationError("a report is of one state, or of a --history")
    }
  }

  func run() throws {
    try Failure.reported(limitOptions) {
      let inputs = InputTrace()
      let options = try names.readOptions(records)
      let progress = ProgressBar("reading", countsBytes: history == nil).handler
      if let state {
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
