public import ArgumentParser
public import OptStateKit

/// The command `optstate debias`.
struct DebiasCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "debias",
    abstract: "Put Adam's correction of bias into the moments, take it out, or declare it.",
    usage:
      "optstate debias [<options>] <input> <output> <--fold|--unfold|--declare|--translate-frozen>",
    discussion: """
      --fold divides m by 1 - beta1^t and v by 1 - beta2^t, for an optimizer that does not correct, as \
      BERT's. --unfold is its inverse. --declare leaves the moments alone and records that the \
      optimizer corrects. --translate-frozen turns a correction that is frozen at its first step \
      (bert_adamw:bias_correction=frozen) into a smaller learning rate. t counts the updates since the \
      moments were last zero; the betas come from the state's record or from options.
      """
        + Optstate.examples("debias model.ckpt-20 corrected.ckpt-20 --fold --optimizer bert_adamw")
  )

  @Argument(help: "The state to read; it is never changed.", completion: Completions.state)
  var input: String

  @Argument(help: "The file, directory or prefix to make.", completion: Completions.state)
  var output: String

  @Flag(
    exclusivity: .exclusive,
    help: ArgumentHelp("What to do; exactly one of the four.")
  )
  var operation: Debias.Operation

  @Option(help: ArgumentHelp("Updates that all moments have seen.", valueName: "n"))
  var step: Int64?

  @Option(help: ArgumentHelp("Decay of the first moment.", valueName: "b"))
  var beta1: Double?

  @Option(help: ArgumentHelp("Decay of the second moment.", valueName: "b"))
  var beta2: Double?

  @Flag(help: "Do it even against what the state records.")
  var force = false

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var records: RecordOptions
  @OptionGroup var limitOptions: LimitOptions
  @OptionGroup var target: TargetOptions

  func validate() throws {
    for beta in [beta1, beta2].compactMap(\.self) where !(0..<1).contains(beta) {
      throw ValidationError("a beta is from 0 to less than 1, not \(beta)")
    }
    if let step, step < 1 { throw ValidationError("--step is at least 1") }
  }

  func run() throws {
    try Failure.reported(limitOptions) {
      var report: DebiasReport?
      var notes: [String] = []
      try target.run(input, output, label: "debiasing", records: records) { state, format in
        let complete = try records.completing(state)
        var debias = Debias(
          operation,
          step: step,
          beta1: beta1,
          beta2: beta2,
          isForced: force,
          knowsHistory: StateFormats.named(format)?.abilities.contains(.histories) == true
        )
        let (described, plan) = try debias.apply(to: complete)
        notes = plan.notes
        report = try DebiasReport(plan, before: complete, after: described)
        debias.trustsMoments = true
        let (changed, _) = try debias.apply(to: complete)
        return changed
      }
      for note in notes { Output.message("note: \(note)") }
      if let report {
        if json { try Output.json(report.json) } else { try Output.lines(report.lines) }
      }
    }
  }
}

extension Debias.Operation: EnumerableFlag {
  /// `--fold`, `--unfold`, `--declare`, `--translate-frozen`.
  public static func name(for value: Self) -> NameSpecification {
    .customLong(value == .translateFrozen ? "translate-frozen" : value.rawValue)
  }

  /// What each does.
  public static func help(for value: Self) -> ArgumentHelp? {
    switch value {
    case .fold: "Divide the moments by 1 - beta^t, once."
    case .unfold: "Multiply them by it."
    case .declare: "Leave the moments; record that the optimizer corrects."
    case .translateFrozen: "Move a factor that is frozen at its first step into the rate."
    }
  }
}
