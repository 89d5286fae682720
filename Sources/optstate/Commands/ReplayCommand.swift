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
        + Optstate.examples("replay state.h5 --gradients gradients.h5 --steps 10 --output later.h5")
  )

  @Argument(help: "The state to begin from; it is never changed.", completion: Completions.state)
  var state: String

  @Option(help: "The recorded gradients.", completion: Completions.state)
  var gradients: String

  @Option(help: "How many updates to apply.")
  var steps: Int

  @Option(help: "The file, directory or prefix to make.", completion: Completions.state)
  var output: String

  @Option(
    help: ArgumentHelp(
      "Whose arithmetic to follow; by default that of the framework the state is from. PyTorch outside its fused "
        + "kernels takes its square roots from Intel's library where it is built with it, which is pytorch_mkl.",
      valueName: "name"
    )
  )
  var arithmetic: Arithmetic?

  @Option(
    help: ArgumentHelp(
      "The output's format; its name or the input's tells where this is left out. One of \(StateFormats.writable.joined(separator: ", ")).",
      valueName: "format"
    ),
    completion: Completions.formats
  )
  var to: String?

  @OptionGroup var names: NamesOption
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
        readOptions: try names.readOptions(records),
        options: outputOptions.options(label: "writing"),
        change: { state, _ in
          let recorded = try GradientFile(gradients)
          var state = try records.completing(state)
          if let unread = state.unreadSchedule {
            Output.message(
              "note: the rate stays as it is, for the schedule is not read (\(unread)); --schedule names it"
            )
          }
          // A family's own name leaves it to the record which of its implementations is meant.
          let isFamily = arithmetic.map { $0.rawValue == $0.convention.rawValue } ?? true
          if let arithmetic, !isFamily {
            state.optimizer?.hyperparameters["arithmetic"] = .string(arithmetic.rawValue)
          }
          if state.optimizer?.hyperparameters["arithmetic"] == .string("pytorch_mkl") {
            Self.tell(of: state.optimizer?.hyperparameters["square_root"])
          }
          let known = try ResolvedOptimizer(state).arithmetic
          return try Replay.run(
            state,
            gradients: recorded,
            steps: steps,
            convention: (isFamily ? arithmetic?.convention : nil)
              ?? (known?.provenance == .standard ? known?.value.convention : nil)
          )
        }
      )
    }
  }

  /// Says whose bits a root has that depends on the processor.
  private static func tell(of recorded: AttributeValue?) {
    let own = MKLRoot.ofProcessor
    if case .string(let word)? = recorded, word != own.rawValue {
      Output.message(
        "note: the square roots are \(own.rawValue)'s and the state is of \(word): not bit for bit"
      )
    } else if !own.isExact {
      Output.message(
        "note: the square roots of \(own.rawValue) have not been compared: not bit for bit"
      )
    }
  }
}

extension Arithmetic: ExpressibleByArgument {}
