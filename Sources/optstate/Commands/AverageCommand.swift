internal import ArgumentParser
internal import OptStateKit

/// The command `optstate average`.
struct AverageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "average",
    abstract: "Average the parameters of several states of one model.",
    discussion: """
      Sums are formed in double precision and rounded once. Slots, steps and records are left out, \
      unless --slots averages the slots as well: then all else is that of the state with the highest \
      step.
      """ + Optstate.examples("average a.h5 b.h5 c.h5 average.h5")
  )

  @Argument(
    help: "Two or more states to read, and the file, directory or prefix to make.",
    completion: Completions.state
  )
  var paths: [String]

  @Flag(help: "Average the slots, too, and keep step and records.")
  var slots = false

  @OptionGroup var target: TargetOptions
  @OptionGroup var limitOptions: LimitOptions

  func validate() throws {
    guard paths.count > 2 else {
      throw ValidationError("an average needs two or more states and an output")
    }
  }

  func run() throws {
    try Failure.reported(limitOptions) {
      let inputs = Array(paths.dropLast())
      let (state, _) = try Averaging.run(
        from: inputs,
        to: paths[paths.count - 1],
        format: target.to,
        withSlots: slots,
        options: target.options(label: "averaging")
      )
      try Output.lines(["averaged \(inputs.count) states, \(state.variables.count) variables"])
    }
  }
}
