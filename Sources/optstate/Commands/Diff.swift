internal import ArgumentParser
internal import OptStateKit

/// The command `optstate diff`.
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare two states, variable by variable and slot by slot.",
    discussion:
      "Exits with 0 when they are equal within the tolerance and with 1 when they are not."
  )

  @Argument(help: "The first state.")
  var first: String

  @Argument(help: "The second state.")
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
    )
  )
  var naming: String?

  @OptionGroup var names: NamesOption
  @OptionGroup var limitOptions: LimitOptions

  func run() throws {
    try Failure.reported(limitOptions) {
      let comparison = try Comparison(
        first,
        second,
        naming: try naming.map { try NamingChoice($0) } ?? .automatic,
        readOptions: try names.readOptions(),
        tolerance: try tolerance.map(Tolerance.init) ?? .ulp(0),
        progress: ProgressBar("comparing").handler
      )
      if json {
        try Output.json(comparison.json)
      } else if comparison.differences.isEmpty {
        try Output.lines(["equal"])
      } else {
        try Output.lines(comparison.differences.map(Self.line))
      }
      if !comparison.differences.isEmpty { throw ExitCode(1) }
    }
  }

  private static func line(_ difference: Difference) -> String {
    var text = difference.kind.rawValue
    if let variable = difference.variable {
      text += "  " + variable + (difference.slot.map { "/\($0)" } ?? "")
    }
    text += "  " + difference.message
    if let ulp = difference.largestULP { text += ", by up to \(ulp) ULP" }
    if let relative = difference.largestRelative { text += " (relative \(Units.number(relative)))" }
    if let index = difference.index { text += " at \(index)" }
    return text
  }
}
