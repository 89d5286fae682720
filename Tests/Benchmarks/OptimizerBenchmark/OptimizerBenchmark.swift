internal import ArgumentParser

/// Updates of 110 million parameters, ours and the frameworks', in turn.
@main
struct OptimizerBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure updates of 110 million parameters beside torch's and TensorFlow's.",
    discussion: """
      Each time is the median of several rounds, in which all take turns; the status is 1 when a ratio \
      is below its threshold. Needs 2 GB of memory, and as much for each framework.
      """
  )

  @Option(help: "A Python with torch, as a peer.")
  var torch: String?

  @Option(help: "A Python with TensorFlow and the original BERT, as a peer.")
  var tensorflow: String?

  func run() throws {
    var measurements = StepMeasurements()
    guard try measurements.run(torch: torch, tensorflow: tensorflow) else { throw ExitCode(1) }
  }
}
