internal import ArgumentParser
internal import OptStateKit

/// The command `optstate set`.
struct SetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Set step, schedule, optimizer and parameter groups.",
    discussion: """
      A JSON file for --optimizer may have "groups": a list of objects with "members" and the \
      hyper-parameters that are theirs. BERT's flags change the schedule that the state records, \
      each on its own; without one, --learning_rate and --num_train_steps make BERT's.
      """
        + Optstate.examples(
          "set state.h5 later.h5 --step 1000",
          "set state.h5 slower.h5 --learning_rate 5e-5"
        )
  )

  @Argument(help: "The state to read; it is never changed.", completion: Completions.state)
  var input: String

  @Argument(help: "The file, directory or prefix to make.", completion: Completions.state)
  var output: String

  @Option(help: ArgumentHelp("Updates applied so far.", valueName: "n"))
  var step: Int64?

  @Option(
    help: ArgumentHelp("The schedule, a spec or a JSON file.", valueName: "file|spec"),
    completion: Completions.schedules
  )
  var schedule: String?

  @Option(
    help: ArgumentHelp("The optimizer, a spec or a JSON file.", valueName: "file|spec"),
    completion: Completions.optimizers
  )
  var optimizer: String?

  @Option(name: .customLong("learning_rate"), help: "The rate after warm-up.")
  var learningRate: Double?

  @Option(name: .customLong("num_train_steps"), help: "When the rate reaches its end.")
  var trainSteps: Int64?

  @Option(name: .customLong("num_warmup_steps"), help: "Updates of warm-up.")
  var warmupSteps: Int64?

  @Option(help: "Decay of the first moment, for beta1_power.")
  var beta1: Double?

  @Option(help: "Decay of the second moment, for beta2_power.")
  var beta2: Double?

  @OptionGroup var target: TargetOptions
  @OptionGroup var limitOptions: LimitOptions

  func validate() throws {
    let isFlagged = learningRate != nil || trainSteps != nil || warmupSteps != nil
    guard step != nil || schedule != nil || optimizer != nil || isFlagged else {
      throw ValidationError("nothing to set")
    }
    if let step, step < 0 { throw ValidationError("--step cannot be negative") }
    guard schedule == nil || !isFlagged else {
      throw ValidationError("--schedule and BERT's flags exclude each other")
    }
  }

  func run() throws {
    try Failure.reported(limitOptions) {
      var change = RecordChange()
      change.step = step
      change.schedule = try schedule.map(RecordSource.schedule)
      change.optimizer = try optimizer.map(RecordSource.optimizer)
      change.learningRate = learningRate
      change.trainSteps = trainSteps
      change.warmupSteps = warmupSteps
      change.betas = (beta1, beta2)
      var before: TrainingState?
      try target.run(input, output, label: "writing", requiresStep: step != nil) { state, _ in
        before = state
        return try change.apply(to: state)
      }
      guard let before else { return }
      let whole = try target.opened(output)
      let after = try before.chosenOptimizer.map { try whole.choosing($0) } ?? whole
      try Output.lines(Self.lines(before, after))
    }
  }

  private static func lines(_ before: TrainingState, _ after: TrainingState) -> [String] {
    var lines = before.chosenOptimizer.map { ["optimizer name \($0)"] } ?? []
    lines += [
      line("global step", before.globalStep?.value, after.globalStep?.value),
      line("optimizer", before.optimizer, after.optimizer),
      line("schedule", before.schedule, after.schedule),
      line("learning rate", rate(before), rate(after)),
    ]
    if let groups = after.optimizer?.groups, groups != before.optimizer?.groups {
      lines.append("groups         \(groups.map { "\($0.members.count) variables" })")
    }
    return lines
  }

  /// The rate of the next update, `nil` where nobody here can compute it.
  private static func rate(_ state: TrainingState) -> Float? {
    (try? state.nextLearningRate()).flatMap { $0 }.map { Float($0) }
  }

  private static func line<Value: Equatable>(_ label: String, _ old: Value?, _ new: Value?)
    -> String
  {
    func word(_ value: Value?) -> String { value.map { "\($0)" } ?? "not known" }
    let padded = label + String(repeating: " ", count: 15 - label.count)
    return padded + (old == new ? word(new) : "\(word(old)) -> \(word(new))")
  }
}
