internal import ArgumentParser
internal import OptStateKit

/// The command `optstate verify`.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read every byte of a state and compare it with the checksums on record.",
    discussion: Optstate.examples("verify state.h5")
  )

  @Argument(help: "The state.", completion: Completions.state)
  var state: String

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var names: NamesOption
  @OptionGroup var limitOptions: LimitOptions

  func run() throws {
    try Failure.reported(limitOptions) {
      let verification = try Verification(
        state,
        readOptions: try names.readOptions(),
        progress: ProgressBar("verifying").handler
      )
      if json {
        try Output.json(verification.json)
      } else {
        var lines = verification.failures.map(\.message)
        if !verification.withoutChecksum.isEmpty {
          lines.append("\(verification.withoutChecksum.count) tensors have no checksum on record")
        }
        if verification.isSound {
          let read = Units.bytes(verification.byteCount)
          let compared = verification.tensorCount - verification.withoutChecksum.count
          let verdict = compared > 0 ? "\(compared) match their checksums" : "all can be read"
          lines.append("sound: \(verification.tensorCount) tensors, \(read), \(verdict)")
        }
        try Output.lines(lines)
      }
      if !verification.isSound { throw ExitCode(1) }
    }
  }
}
