internal import ArgumentParser
internal import OptStateKit
internal import Tensors

/// Bounds on what a file may ask for, changed for one command.
struct LimitOptions: ParsableArguments {
  @Option(
    name: .customLong("limit"),
    help: ArgumentHelp("A bound on what a file may ask for.", valueName: "name=n"),
    completion: Completions.limits
  )
  private var changes: [String] = []

  /// The bounds that hold during the command.
  private(set) var limits = Limits()

  init() {}

  private enum CodingKeys: CodingKey { case changes }

  mutating func validate() throws {
    do {
      limits = try Limits(text: changes.joined(separator: ","))
    } catch let error as StateError {
      throw ValidationError("\(error)")
    }
  }
}
