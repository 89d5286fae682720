internal import ArgumentParser
internal import OptStateKit

/// The command `optstate reset`.
struct ResetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reset",
    abstract: "Put slots back to what they were before the first update.",
    discussion: """
      Moments become zero, TensorFlow's mean square of RMSProp one, Adagrad's accumulator the value \
      that --optimizer or --initial gives. A store records the time, so that bias corrections count \
      from it. --step 0 restarts everything that counts: the global step, the selected variables' own \
      steps, beta1_power and beta2_power. Of several optimizers all are reset unless --optimizer-name \
      chooses one.

      --create makes the slots that a checkpoint lacks, for the optimizer that --optimizer names, and \
      leaves those that are there alone: a released BERT is then what its training code restores.
      """
        + Optstate.examples(
          "reset state.h5 again.h5 --step 0",
          "reset state.h5 again.h5 --slots adam_v --match embeddings"
        )
  )

  @Argument(help: "The state to read; it is never changed.", completion: Completions.state)
  var input: String

  @Argument(help: "The file, directory or prefix to make.", completion: Completions.state)
  var output: String

  @Option(
    help: ArgumentHelp("The slots to reset, separated by commas.", valueName: "all|adam_m|adam_v|…")
  )
  var slots = "all"

  @Option(
    help: ArgumentHelp("Only variables in whose name the expression occurs.", valueName: "regex")
  )
  var match: Pattern?

  @Option(help: ArgumentHelp("What becomes of the steps.", valueName: "keep|0|n"))
  var step: StepOption = .keep

  @Option(help: "The value at which slots begin of which the state does not say it.")
  var initial: Double?

  @Flag(
    help: "Make slots that are not there, at their beginning, with the step and scalars beside."
  )
  var create = false

  @Flag(help: "Zero a second moment even where the next update explodes.")
  var force = false

  @Option(help: "Decay of the first moment, for beta1_power.")
  var beta1: Double?

  @Option(help: "Decay of the second moment, for beta2_power.")
  var beta2: Double?

  @OptionGroup var records: RecordOptions
  @OptionGroup var limitOptions: LimitOptions
  @OptionGroup var target: TargetOptions

  func validate() throws {
    guard !slots.split(separator: ",").isEmpty else {
      throw ValidationError("--slots names no slot")
    }
    guard !create || !force else {
      throw ValidationError("--create zeroes nothing: --force has no meaning beside it")
    }
  }

  func run() throws {
    try Failure.reported(limitOptions) {
      let names = Set(slots.split(separator: ",").map { SlotName(rawValue: String($0)) })
      let chosen = names.contains("all") ? nil : names
      if create { return try make(chosen) }
      let reset = Reset(
        slots: chosen,
        step: step.value,
        initialValue: initial,
        allowsExplosion: force,
        betas: (beta1, beta2)
      )
      var reports: [(optimizer: String?, report: ResetReport)] = []
      var written: TrainingState?
      let isCounted = if case .number = step { true } else { false }
      try target.run(
        input,
        output,
        label: "resetting",
        records: records,
        requiresStep: isCounted
      ) { state, _ in
        if let match, !state.variables.contains(where: { match.matches($0.name) }) {
          throw match.nothing(in: state.variables.map(\.name), of: input)
        }
        let (changed, done) = try reset.applyToAll(try records.completing(state)) {
          match?.matches($0) ?? true
        }
        reports = done
        written = changed
        return changed
      }
      if let written {
        let output = try target.opened(output)
        reports = try reports.map { name, report in
          (name, try report.readBack(from: output, of: name, written: written))
        }
      }
      for note in reports.flatMap(\.report.notes) { Output.message("note: \(note)") }
      try Output.lines(
        reports.map { name, report in (name.map { "\($0): " } ?? "") + report.text }
      )
    }
  }

  private func make(_ slots: Set<SlotName>?) throws {
    let creation = SlotCreation(
      slots: slots,
      step: step.value,
      initialValue: initial,
      betas: (beta1, beta2)
    )
    var done: (written: TrainingState, report: SlotCreationReport)?
    try target.run(input, output, label: "making", records: records) { state, _ in
      let (changed, report) = try creation.apply(to: try records.completing(state)) {
        match?.matches($0) ?? true
      }
      done = (changed, report)
      return changed
    }
    guard let done else { return }
    let report = try done.report.readBack(
      from: try target.opened(output),
      of: done.written.chosenOptimizer,
      written: done.written
    )
    for note in report.notes { Output.message("note: \(note)") }
    try Output.lines([report.text])
  }
}

/// `keep`, or a number.
enum StepOption: ExpressibleByArgument {
  case keep
  case number(Int64)

  init?(argument: String) {
    if argument == "keep" {
      self = .keep
    } else if let number = Int64(argument), number >= 0 {
      self = .number(number)
    } else {
      return nil
    }
  }

  var defaultValueDescription: String { "keep" }

  var value: Reset.Step {
    switch self {
    case .keep: .keep
    case .number(let number): .set(number)
    }
  }
}
