internal import ArgumentParser
internal import OptStateKit

/// The command `optstate report`.
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write one HTML page that shows a state: norms, moments, rates, findings.",
    discussion: "The page needs no network and no script. Without -o it goes to standard output."
      + Optstate.examples("report model.ckpt-20 -o report.html")
  )

  @Argument(help: "The state.", completion: Completions.state)
  var state: String

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

  func run() throws {
    try Failure.reported(limitOptions) {
      let inputs = InputTrace()
      let report = try inputs.record {
        try StateReport(
          state,
          readOptions: try names.readOptions(records),
          change: records.completing,
          progress: ProgressBar("reading").handler
        )
      }
      if let output {
        try inputs.protect { try report.write(to: output, overwrite: overwrite) }
        Output.wrote(output, "HTML")
      } else {
        try Output.text(report.html)
      }
    }
  }
}
