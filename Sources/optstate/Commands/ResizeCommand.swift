internal import ArgumentParser
internal import OptStateKit

/// The command `optstate resize`.
struct ResizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resize",
    abstract: "Give a variable more rows, as a larger vocabulary needs.",
    discussion: """
      Its slots grow with it: new rows begin as slots do, and a store records that they have seen no \
      update. --match takes more variables with as many rows along, such as output_bias.
      """
        + Optstate.examples(
          "resize state.h5 larger.h5 --rows 30528 \\\n      --variable bert/embeddings/word_embeddings"
        )
  )

  @Argument(help: "The state to read; it is never changed.", completion: Completions.state)
  var input: String

  @Argument(help: "The file, directory or prefix to make.", completion: Completions.state)
  var output: String

  @Option(help: "The variable's name.")
  var variable: String

  @Option(help: "Rows that it shall have.")
  var rows: Int

  @Option(
    help: ArgumentHelp("What the new rows hold.", valueName: "zero|mean|normal:std:seed")
  )
  var fill: FillOption = FillOption(fill: .zero)

  @Option(
    help: ArgumentHelp("Variables that are resized with it.", valueName: "regex")
  )
  var match: Pattern?

  @Flag(help: "Cut rows off where there are more.")
  var force = false

  @OptionGroup var target: TargetOptions
  @OptionGroup var limitOptions: LimitOptions

  func validate() throws {
    guard rows >= 0 else { throw ValidationError("--rows cannot be negative") }
  }

  func run() throws {
    try Failure.reported(limitOptions) {
      let resizing = Resizing(rows: rows, fill: fill.fill, allowsShrinking: force)
      var lines: [String] = []
      try target.run(input, output, label: "resizing") { state, _ in
        let wanted = ExactName(variable)
        guard state.variables.contains(where: { ExactName($0.name) == wanted }) else {
          throw Pattern.noVariable(variable, in: state.variables.map(\.name), of: input)
        }
        func isSelected(_ name: String) -> Bool {
          ExactName(name) == wanted || match?.matches(name) ?? false
        }
        if let match, !state.variables.contains(where: { match.matches($0.name) }) {
          throw match.nothing(in: state.variables.map(\.name), of: input)
        }
        let (changed, before) = try resizing.apply(to: state, isSelected: isSelected)
        lines = changed.variables.filter { isSelected($0.name) }.map { variable in
          "\(variable.name): \(before) -> \(rows) rows, \(variable.slots.count) slots"
        }
        return changed
      }
      try Output.lines(lines)
    }
  }
}

/// What new rows hold, as an option spells it.
struct FillOption: ExpressibleByArgument {
  let fill: Resizing.Fill

  init(fill: Resizing.Fill) {
    self.fill = fill
  }

  init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("zero", 1): fill = .zero
    case ("mean", 1): fill = .mean
    case ("normal", 3):
      guard let deviation = Double(parts[1]), deviation >= 0, deviation.isFinite,
        let seed = UInt64(parts[2])
      else { return nil }
      fill = .normal(deviation: deviation, seed: seed)
    default: return nil
    }
  }

  var defaultValueDescription: String { "zero" }
}
