internal import ArgumentParser
internal import OptStateKit

/// How a command that makes a file makes it.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Replace existing files.")
  var overwrite = false

  /// The options of the library, with a bar that shows the progress.
  func options(label: String, deflateLevel: Int? = nil, ranks: Int? = nil) -> WriteOptions {
    WriteOptions(
      overwrite: overwrite,
      deflateLevel: deflateLevel,
      ranks: ranks,
      progress: ProgressBar(label).handler,
      note: { Output.message("note: \($0)") }
    )
  }
}
