internal import ArgumentParser
internal import OptStateKit

/// A target that is shaped as a file of its framework's own.
struct LikeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Shape the output as a file that its framework wrote itself, of a fresh model.",
      discussion:
        "Names, order, groups and configuration are the template's; parameters, slots, step and rate the "
        + "state's. What goes where is printed, a line for every tensor of the output.",
      valueName: "template"
    )
  )
  var like: String?

  @Flag(help: "With --like: leave over what has no counterpart on the other side.")
  var partial = false

  @Flag(help: "With --like: print what would go where, and write nothing.")
  var dryRun = false

  @Flag(help: "With --like: print the lines as one JSON array.")
  var json = false

  func validate() throws {
    guard like != nil || !partial && !dryRun && !json else {
      throw ValidationError("--partial, --dry-run and --json belong to --like")
    }
  }

  /// Prints what goes where.
  func print(_ likeness: Likeness) throws {
    if json { return try Output.json(likeness.json) }
    var lines = likeness.rows.map { row in
      "\(row.target) <- \(row.source ?? "-") (\(row.match.rawValue))"
    }
    lines += likeness.leftOut.map { "- <- \($0) (left out)" }
    let count = likeness.rows.count { $0.source != nil }
    lines.append("\(count) of \(likeness.rows.count) tensors are the state's")
    try Output.lines(lines)
  }
}
