public import ArgumentParser
public import OptStateKit

/// The command `optstate replay`.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Carry a state on with recorded gradients, bit for bit as the framework would.",
    discussion: """
      The gradients are an HDF5 file with a group per update, /1 for the first one after the state, \
      and in it a dataset per variable at the variable's name. They are taken as they entered the \
      optimizer; global_clip_norm=1 in its record clips them first, as BERT does before the call.
      """
  )

  @Argument(help: "The state to begin from; it is never changed.")
  var state: String

  @Option(help: "The recorded gradients.")
  var gradients: String

  @Option(help: "How many updates to apply.")
  var steps: Int

  @Option(help: "The file, directory or prefix to make.")
  var output: String

  @Option(help: "Whose arithmetic to follow; by default that of the framework the state is from.")
  var arithmetic: Convention?

  @Option(
    help: ArgumentHelp(
      "The output's format; its name or the input's tells where this is left out.",
      valueName: StateFormats.writable.joined(separator: "|")
    )
  )
  var to: String?

  @OptionGroup var records: RecordOptions
  @OptionGroup var limitOptions: LimitOptions
  @OptionGroup var outputOptions: OutputOptions

  func run() throws {
    try Failure.reported(limitOptions) {
      try Conversion.run(
        from: state,
        to: output,
        format: to,
        keepsFormat: true,
        readOptions: ReadOptions(
          optimizer: try records.optimizer.map { try RecordSource.optimizer($0) }
        ),
        options: outputOptions.options(label: "writing"),
        change: { state, _ in
          let recorded = try GradientFile(gradients)
          let state = try records.completing(state)
          let known = try ResolvedOptimizer(state).arithmetic
          return try Replay.run(
            state,
            gradients: recorded,
            steps: steps,
            convention: arithmetic
              ?? (known?.provenance == .standard ? known?.value.convention : nil)
          )
        }
      )
    }
  }
}

extension Convention: ExpressibleByArgument {}
