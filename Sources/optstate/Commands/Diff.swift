internal import ArgumentParser
internal import OptStateKit

/// The command `optstate diff`.
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare two states, variable by variable and slot by slot.",
    discussion:
      "Exits with 0 when they are equal within the tolerance and with 1 when they are not."
      + Optstate.examples("diff model.ckpt-20 state.h5", "diff a.pt b.pt --tolerance 1e-6")
  )

  @Argument(help: "The first state.", completion: Completions.state)
  var first: String

  @Argument(help: "The second state.", completion: Completions.state)
  var second: String

  @Flag(help: "Print one JSON object.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "What counts as equal: a number of ULP, or a relative difference such as 1e-6.",
      valueName: "ulp|rel"
    )
  )
  var tolerance: String?

  @Option(
    help: ArgumentHelp(
      "Names by which variables are matched: a convention, keep, or a naming map in JSON.",
      discussion:
        "Without the option the second state takes the first one's names, if both are known.",
      valueName: "name|file"
    ),
    completion: Completions.namings
  )
  var naming: String?

  @Option(
    help: ArgumentHelp("Only variables in whose name the expression occurs.", valueName: "regex")
  )
  var match: Pattern?

  @OptionGroup var names: NamesOption
  @OptionGroup var limitOptions: LimitOptions

  func run() throws {
    try Failure.reported(limitOptions) {
      var names: [String] = []
      let comparison = try Comparison(
        first,
        second,
        naming: try naming.map { try NamingChoice($0) } ?? .automatic,
        readOptions: try self.names.readOptions(),
        tolerance: try tolerance.map(Tolerance.init) ?? .ulp(0),
        isSelected: match.map { match in
          { name in
            names.append(name)
            return match.matches(name)
          }
        },
        progress: ProgressBar("comparing").handler
      )
      if let match, comparison.variableCount == 0 {
        throw match.nothing(in: names, of: first)
      }
      if json {
        try Output.json(comparison.json)
      } else {
        try Output.lines(ComparisonText(comparison).lines)
      }
      if !comparison.differences.isEmpty { throw ExitCode(1) }
    }
  }
}
