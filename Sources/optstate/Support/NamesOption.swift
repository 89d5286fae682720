internal import ArgumentParser
internal import OptStateKit

/// What is meant in an input: names for slots that it keeps by number, and one of several optimizers.
struct NamesOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Names of the model's parameters in the optimizer's order, one per line.",
      valueName: "file"
    ),
    completion: Completions.state
  )
  var names: String?

  @Option(
    help: ArgumentHelp("Which of the state's optimizers is meant, by its key.", valueName: "name")
  )
  var optimizerName: String?

  /// What the input's files do not say.
  ///
  /// - Parameters:
  ///   - records: The optimizer that was given, where the command takes one.
  ///   - parametersSuffice: Whether a state is of use whose optimizer's part cannot be read.
  /// - Returns: What to read with.
  /// - Throws: `StateError` when a file cannot be read, or the record makes no sense.
  func readOptions(
    _ records: RecordOptions? = nil,
    parametersSuffice: Bool = false
  ) throws -> ReadOptions {
    var options = ReadOptions(
      parameterNames: try names.map { try ParameterNames.read($0) },
      optimizer: try records?.optimizer.map { try RecordSource.optimizer($0) },
      optimizerName: optimizerName
    )
    options.parametersSuffice = parametersSuffice
    return options
  }
}
