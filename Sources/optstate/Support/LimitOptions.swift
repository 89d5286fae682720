internal import ArgumentParser
internal import OptStateKit
internal import Tensors

/// Bounds on what a file may ask for, changed for one command.
struct LimitOptions: ParsableArguments {
  @Option(
    name: .customLong("limit"),
    help: ArgumentHelp(
      "Raise or lower a bound on what a file may ask for; may be repeated.",
      discussion: "Bounds: \(Limits.Name.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "name=n"
    )
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
