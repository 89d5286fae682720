internal import ArgumentParser
internal import OptStateKit

/// The command `optstate doctor`.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find what in a state would make a resumed run diverge, and say how to mend it.",
    discussion: """
      Reads every number once. Exits with 0 when nothing was found and with 1 when something was. \
      --optimizer and --schedule say what the state itself does not record, such as other decays.
      """
        + Optstate.examples(
          "doctor model.ckpt-20",
          "doctor model.ckpt-20 --optimizer adamw:beta2=0.98"
        )
  )

  @Argument(help: "The state.", completion: Completions.state)
  var state: String

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var names: NamesOption
  @OptionGroup var limitOptions: LimitOptions
  @OptionGroup var records: RecordOptions

  func run() throws {
    try Failure.reported(limitOptions) {
      let diagnosis = try Diagnosis(
        state,
        readOptions: try names.readOptions(records),
        change: records.completing,
        progress: ProgressBar("examining").handler
      )
      if json {
        try Output.json(diagnosis.json)
      } else {
        try Output.lines(DiagnosisText(diagnosis).lines)
      }
      if !diagnosis.findings.isEmpty { throw ExitCode(1) }
    }
  }
}
