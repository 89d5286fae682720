internal import ByteIO
internal import Tensors
public import TrainingState

/// A state taken from one place to another.
public enum Conversion {
  /// Reads a state, changes what is to be changed, and writes it; every byte is verified on the way.
  ///
  /// - Parameters:
  ///   - input: A file, a directory or a prefix; never changed.
  ///   - output: The file, directory or prefix to make.
  ///   - requested: The output's format, `nil` to tell it from its name.
  ///   - keepsFormat: Whether the input's format serves where neither tells.
  ///   - naming: By which names the variables shall go.
  ///   - configuration: A model's configuration for formats that keep one, such as `bert_config.json`.
  ///   - readOptions: What the input's files themselves do not say.
  ///   - options: How to write.
  ///   - change: What to change on the way, given the state and the name of the input's format;
  ///     files that it opens count as input.
  /// - Returns: The state that was written and the name of its format.
  /// - Throws: `StateError` as ``StateFormats/open(_:)`` and ``StateFormats/write(_:to:format:options:)``,
  ///   `invalidArgument` when the output would replace any file of the input.
  @discardableResult
  public static func run(
    from input: String,
    to output: String,
    format requested: String? = nil,
    keepsFormat: Bool = false,
    naming: NamingChoice = .unchanged,
    configuration: String? = nil,
    readOptions: ReadOptions = ReadOptions(),
    options: WriteOptions = WriteOptions(),
    change: (_ state: TrainingState, _ format: String) throws -> TrainingState = { state, _ in state
    }
  ) throws -> (state: TrainingState, format: String) {
    let inputs = InputTrace()
    let source = try inputs.record { try StateFormats.open(input, options: readOptions) }
    if let fault = source.state.fault {
      options.note?("the optimizer's part could not be read and is left out: \(fault)")
    }
    let format = try StateFormats.output(
      output,
      requested: requested,
      fallback: keepsFormat ? source.format : nil,
      source: source.state.origin.format
    )
    try checkApart(input, output)
    let state = try inputs.record {
      let changed = try change(source.state, source.format)
      try checkAgreement(changed, with: source.state, input)
      return try BERTConfiguration.completing(
        try changed.whole.naming(naming, format: format, note: options.note),
        format: format,
        file: configuration,
        note: options.note
      )
    }
    try inputs.protect {
      try StateFormats.write(state, to: output, format: format, options: options)
    }
    return (state, format)
  }

  /// Refuses to pass on slots that two optimizers keep for one variable, or of which the input's files say different
  /// things, until a step is said.
  private static func checkAgreement(
    _ state: TrainingState,
    with source: TrainingState,
    _ input: String
  ) throws {
    guard state.variables.contains(where: { !$0.slots.isEmpty }) else { return }
    if let first = source.claims.first {
      throw StateError(
        .unsupported,
        first,
        file: input,
        expected: "one optimizer at most for a variable",
        remedy: "leave them out with --only parameters"
      )
    }
    guard let first = source.contradictions.first,
      state.globalStep?.value == source.globalStep?.value
    else { return }
    throw StateError(
      .malformed,
      "the files contradict each other: \(first)",
      file: input,
      remedy: "say the step with optstate set --step, which writes all of them anew, or take "
        + "--only parameters"
    )
  }

  /// Refuses to write over what is read.
  package static func checkApart(_ input: String, _ output: String) throws {
    guard !FileSystem.isSame(input, output), !FileSystem.isSame(input + ".index", output + ".index")
    else {
      throw StateError(.invalidArgument, "input and output are the same", file: output)
    }
  }
}
