internal import ArgumentParser
internal import OptStateKit

/// The command `optstate inspect`.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a state is: step, variables, slots, optimizer, schedule.",
    discussion: "Only headers are read, unless --stats asks for the numbers."
      + Optstate.examples(
        "inspect model.ckpt-20",
        "inspect state.h5 --variables --match LayerNorm",
        "inspect optimizer.pt --json"
      )
  )

  @Argument(help: "The state.", completion: Completions.state)
  var state: String

  @Flag(help: "Print one JSON object.")
  var json = false

  @Flag(help: "List every variable with its slots.")
  var variables = false

  @Flag(help: "Read the numbers: extremes, mean, RMS, norm, zeros, NaN, infinities.")
  var stats = false

  @Option(
    help: ArgumentHelp("Only variables in whose name the expression occurs.", valueName: "regex")
  )
  var match: Pattern?

  @OptionGroup var names: NamesOption
  @OptionGroup var limitOptions: LimitOptions
  @OptionGroup var records: RecordOptions

  func run() throws {
    try Failure.reported(limitOptions) {
      var names: [String] = []
      let inspection = try Inspection(
        state,
        readOptions: try self.names.readOptions(records, parametersSuffice: true),
        isSelected: { name in
          names.append(name)
          return match?.matches(name) ?? true
        },
        withStatistics: stats,
        change: records.completing,
        progress: ProgressBar("reading").handler
      )
      if let match, inspection.state.variables.isEmpty {
        throw match.nothing(in: names, of: state)
      }
      if json {
        try Output.json(inspection.json(withVariables: variables || stats))
      } else {
        try Output.lines(InspectionText(inspection, withVariables: variables || stats).lines)
      }
    }
  }
}
