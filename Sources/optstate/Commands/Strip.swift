internal import ArgumentParser
internal import OptStateKit

/// The command `optstate strip`.
struct Strip: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Drop slots, step, optimizer and schedule: a checkpoint to publish.",
    discussion: "The output has the input's format, unless its name tells another."
      + Optstate.examples("strip model.ckpt-20 release.ckpt")
  )

  @Argument(help: "The state to read; it is never changed.", completion: Completions.state)
  var input: String

  @Argument(help: "The file, directory or prefix to make.", completion: Completions.state)
  var output: String

  @Option(
    help: ArgumentHelp(
      "The output's format; its name or the input's tells where this is left out. One of \(StateFormats.writable.joined(separator: ", ")).",
      valueName: "format"
    ),
    completion: Completions.formats
  )
  var to: String?

  @OptionGroup var outputOptions: OutputOptions
  @OptionGroup var limitOptions: LimitOptions

  func run() throws {
    try Failure.reported(limitOptions) {
      let (_, format) = try Conversion.run(
        from: input,
        to: output,
        format: to,
        keepsFormat: true,
        readOptions: .parameters,
        options: outputOptions.options(label: "stripping"),
        change: { state, _ in state.taking(.parameters) }
      )
      Output.wrote(output, format)
    }
  }
}
