internal import ArgumentParser
internal import OptStateKit

/// Names for slots that the input keeps by number.
struct NamesOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Names of the model's parameters in the optimizer's order, one per line.",
      valueName: "file"
    )
  )
  var names: String?

  /// What the input's files do not say.
  func readOptions() throws -> ReadOptions {
    ReadOptions(parameterNames: try names.map { try ParameterNames.read($0) })
  }
}
