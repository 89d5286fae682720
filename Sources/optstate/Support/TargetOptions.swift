internal import ArgumentParser
internal import OptStateKit

/// The output of a command that changes a state in place of converting it.
struct TargetOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The output's format; its name or the input's tells where this is left out. One of \(StateFormats.writable.joined(separator: ", ")).",
      valueName: "format"
    ),
    completion: Completions.formats
  )
  var to: String?

  @OptionGroup var names: NamesOption

  @Flag(help: "Replace existing files.")
  var overwrite = false

  /// How to write, with a bar that shows the progress.
  func options(label: String) -> WriteOptions {
    WriteOptions(
      overwrite: overwrite,
      progress: ProgressBar(label).handler,
      note: { Output.message("note: \($0)") }
    )
  }

  /// The state in an output that was written: reports say what it holds, not what was to be in it.
  func opened(_ output: String) throws -> TrainingState {
    try StateFormats.open(output, options: try names.readOptions(nil)).state
  }

  /// Reads, changes and writes a state.
  func run(
    _ input: String,
    _ output: String,
    label: String,
    records: RecordOptions? = nil,
    requiresStep: Bool = false,
    change: (TrainingState, _ format: String) throws -> TrainingState
  ) throws {
    var options = options(label: label)
    options.requiresStep = requiresStep
    try Conversion.run(
      from: input,
      to: output,
      format: to,
      keepsFormat: true,
      readOptions: try names.readOptions(records),
      options: options,
      change: change
    )
  }
}
