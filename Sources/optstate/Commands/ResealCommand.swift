internal import ArgumentParser
internal import OptStateKit
internal import Tensors

/// The command `optstate reseal`.
struct ResealCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reseal",
    abstract: "Accept bytes that another program edited in a store, with new checksums.",
    discussion: """
      A store is plain HDF5, and h5py may change its numbers; its checksums then no longer hold, and every \
      other command refuses the tensor. Each tensor that differs is named. Damage looks the same as an \
      edit: --match says which tensors were meant, and any other that differs is refused.
      """ + Optstate.examples("reseal edited.h5 accepted.h5 --match pooler")
  )

  @Argument(help: "The store to read; it is never changed.", completion: Completions.state)
  var input: String

  @Argument(help: "The store to make.", completion: Completions.state)
  var output: String

  @Option(
    help: ArgumentHelp("Only tensors in whose name the expression occurs.", valueName: "regex")
  )
  var match: Pattern?

  @OptionGroup var outputOptions: OutputOptions
  @OptionGroup var limitOptions: LimitOptions

  func run() throws {
    try Failure.reported(limitOptions) {
      var readOptions = ReadOptions()
      readOptions.acceptsEdits = true
      var lines: [String] = []
      try Conversion.run(
        from: input,
        to: output,
        format: StateFormats.store,
        readOptions: readOptions,
        options: outputOptions.options(label: "resealing")
      ) { state, format in
        guard format == StateFormats.store else {
          throw StateError(
            .unsupported,
            "\(format) is no store of optstate's",
            file: input,
            remedy: "convert the state to a store first"
          )
        }
        let reseal = try Reseal(
          state,
          isSelected: { match?.matches($0) ?? true },
          progress: ProgressBar("comparing").handler
        )
        lines = Self.lines(reseal)
        return reseal.state
      }
      Output.wrote(output, StateFormats.store)
      try Output.lines(lines)
    }
  }

  private static func lines(_ reseal: Reseal) -> [String] {
    func text(_ sum: UInt32) -> String {
      let digits = String(sum, radix: 16)
      return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
    let accepted = reseal.accepted.map { tensor in
      "resealed \(tensor.name): \(tensor.before.map(text) ?? "no checksum") -> \(text(tensor.after))"
    }
    let count = reseal.accepted.count
    let verdict =
      count == 0
      ? "nothing differs: all \(reseal.tensorCount) tensors match their checksums"
      : "\(count) of \(reseal.tensorCount) tensors accepted as they are now"
    return accepted + [verdict]
  }
}
