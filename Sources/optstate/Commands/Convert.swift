public import ArgumentParser
public import OptStateKit

/// The command `optstate convert`.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a state in another format.",
    discussion: """
      Every byte is verified against the source's checksums on the way, and the target's are written. \
      A TensorFlow checkpoint that goes into a store and back comes back byte for byte.
      """
        + Optstate.examples(
          "convert model.ckpt-20 state.h5",
          "convert state.h5 checkpoint-20 --to huggingface \\\n      --config bert_config.json",
          "convert optimizer.pt state.h5 --names names.txt"
        )
  )

  @Argument(help: "The state to read; it is never changed.", completion: Completions.state)
  var input: String

  @Argument(help: "The file, directory or prefix to make.", completion: Completions.state)
  var output: String

  @Option(
    help: ArgumentHelp(
      "The output's format; told by its name where this is left out. One of \(StateFormats.writable.joined(separator: ", ")).",
      valueName: "format"
    ),
    completion: Completions.formats
  )
  var to: String?

  @Option(help: "The part of the state to take over.")
  var only: StatePart = .all

  @Option(
    help: ArgumentHelp("Compress an optstate store: gzip:1 to gzip:9.", valueName: "gzip:n"),
    completion: .list((1...9).map { "gzip:\($0)" })
  )
  var compress: Compression?

  @Option(
    help: ArgumentHelp(
      "Names that the variables shall have: a convention, keep, or a naming map in JSON.",
      discussion:
        "Conventions: \(NamingConvention.known.joined(separator: ", ")). Without the option: "
        + "those of the output's format.",
      valueName: "name|file"
    ),
    completion: Completions.namings
  )
  var naming: String?

  @Option(
    help: ArgumentHelp(
      "The model's configuration for a Trainer checkpoint: bert_config.json or config.json.",
      valueName: "file"
    ),
    completion: Completions.state
  )
  var config: String?

  @Option(help: ArgumentHelp("Ranks that a sharded output is cut for.", valueName: "n"))
  var ranks: Int?

  @OptionGroup var like: LikeOptions
  @OptionGroup var names: NamesOption
  @OptionGroup var records: RecordOptions
  @OptionGroup var outputOptions: OutputOptions
  @OptionGroup var limitOptions: LimitOptions

  /// What the sums on record have proved of what was read.
  private static func verdict(on state: TrainingState) -> String {
    let tensors = state.allTensors
    let count = tensors.count { $0.tensor.isVouchedFor }
    switch count {
    case tensors.count: return "verified: all \(count) tensors match their checksums"
    case 0: return "not verified: \(state.origin.format) keeps no checksums"
    default:
      return
        "verified: \(count) of \(tensors.count) tensors match their checksums, the others have none"
    }
  }

  func validate() throws {
    guard like.like == nil || to == nil else {
      throw ValidationError("--like gives the format: --to has no meaning beside it")
    }
  }

  func run() throws {
    try Failure.reported(limitOptions) {
      if let template = like.like { return try pour(into: template) }
      try convert(format: to, naming: try naming.map { try NamingChoice($0) } ?? .automatic) {
        try prepared($0)
      }
    }
  }

  /// The part of the state that is taken over, of one of its optimizers where one was chosen.
  private func prepared(_ state: TrainingState) throws -> TrainingState {
    if let chosen = state.chosenOptimizer {
      let others = state.optimizers.map(\.name).filter { $0 != chosen }
      Output.message(
        "note: of the optimizers \(chosen) alone is taken; left out: "
          + others.joined(separator: ", ")
      )
    }
    let own = state.withoutOthers
    if only == .parameters, let rest = own.besideParameters {
      Output.message("note: left out: \(rest)")
    }
    let taken = try records.completing(own).taking(only)
    // The library that keeps slots in eight bits says so in no record: whoever names an optimizer names another.
    return records.optimizer == nil ? taken : try taken.withoutQuantization()
  }

  private func convert(
    format requested: String?,
    naming: NamingChoice,
    change: (TrainingState) throws -> TrainingState
  ) throws {
    let (state, format) = try Conversion.run(
      from: input,
      to: output,
      format: requested,
      naming: naming,
      configuration: config,
      readOptions: try names.readOptions(records, parametersSuffice: only == .parameters),
      options: outputOptions.options(
        label: "converting",
        deflateLevel: compress?.level,
        ranks: ranks
      ),
      change: { state, _ in try change(state) }
    )
    if compress != nil, StateFormats.named(format)?.abilities.contains(.compression) != true {
      Output.message("note: \(format) is not compressed")
    }
    Output.message("note: \(Self.verdict(on: state))")
    Output.wrote(output, format)
  }

  /// Shapes the output as the template.
  private func pour(into template: String) throws {
    try Likeness.checkApart(input, template)
    func poured(_ state: TrainingState) throws -> (likeness: Likeness, format: String) {
      try Likeness.pouring(
        try prepared(state),
        into: template,
        naming: try naming.map { try NamingChoice($0) } ?? .automatic,
        part: only,
        allowsPartial: like.partial,
        note: { Output.message("note: \($0)") }
      )
    }
    if like.dryRun {
      let readOptions = try names.readOptions(records, parametersSuffice: only == .parameters)
      let (state, _) = try StateFormats.open(input, options: readOptions)
      let likeness = try poured(state).likeness
      for note in likeness.notes { Output.message("note: \(note)") }
      return try like.print(likeness)
    }
    let format = try StateFormats.open(template).format
    var likeness: Likeness?
    try convert(format: format, naming: .unchanged) { state in
      let done = try poured(state).likeness
      likeness = done
      for note in done.notes { Output.message("note: \(note)") }
      return done.state
    }
    if let likeness { try like.print(likeness) }
  }
}

extension StatePart: ExpressibleByArgument {}

/// A kind of compression and its level.
struct Compression: ExpressibleByArgument {
  let level: Int

  init?(argument: String) {
    let parts = argument.split(separator: ":")
    guard parts.count == 2, parts[0] == "gzip", let level = Int(parts[1]), (1...9).contains(level)
    else { return nil }
    self.level = level
  }
}
