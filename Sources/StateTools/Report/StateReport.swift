internal import ByteIO
internal import OptimizerCore
internal import Tensors
public import TrainingState

/// One HTML page that shows what a state is: norms by layer, moments, rates, findings.
///
/// The page is complete in itself: charts are inline SVG, nothing is fetched, nothing is run. Names
/// and texts from files are escaped.
public struct StateReport: Sendable {
  /// What was found wrong.
  public let diagnosis: Diagnosis

  /// What the headers say.
  public let inspection: Inspection

  let survey: StateSurvey
  let layers: [LayerSummary]
  let rates: EffectiveRates

  /// Looks at a state.
  ///
  /// - Parameters:
  ///   - path: A file, a directory or a prefix.
  ///   - readOptions: What the files themselves do not say.
  ///   - change: Adds what the file does not say, such as optimizer and schedule.
  ///   - progress: Told of the bytes done.
  /// - Throws: `StateError` when the state cannot be read or is damaged, or has several optimizers and
  ///   the options name none.
  /// - Complexity: O(bytes) time.
  public init(
    _ path: String,
    readOptions: ReadOptions = ReadOptions(),
    change: (TrainingState) throws -> TrainingState = { $0 },
    progress: (@Sendable (Int, Int) throws -> Void)? = nil
  ) throws {
    inspection = try Inspection(path, readOptions: readOptions, change: change)
    let state = inspection.state
    try state.checkIsOfOneOptimizer()
    let epsilon = Float(state.optimizer?.hyperparameters["epsilon"]?.number ?? 1e-6)
    survey = try StateSurvey(state, epsilon: epsilon, progress: progress)
    diagnosis = try Diagnosis(
      path,
      inspection.format,
      survey,
      optimizer: state.chosenOptimizer
    )
    layers = LayerSummary.layers(of: survey)
    rates = EffectiveRates(state, survey.decays)
  }

  /// The page.
  public var html: String {
    ReportPage(FileSystem.name(of: inspection.path), lead: lead).html { page in
      ReportSections(self).write(to: &page)
    }
  }

  /// Writes the page to a file, complete or not at all.
  ///
  /// - Parameters:
  ///   - path: The file to make.
  ///   - overwrite: Whether an existing file may be replaced.
  /// - Throws: `StateError` with code `exists`, `cannotCreate` or `inputOutput`.
  public func write(to path: String, overwrite: Bool = false) throws {
    try ReportPage.write(html, to: path, overwrite: overwrite)
  }

  private var lead: String {
    let state = inspection.state
    let step = state.globalStep.map { "step \($0.value)" } ?? "no step on record"
    let count = inspection.parameterCount
    return "\(inspection.format) · \(step) · \(state.variables.count) variables, "
      + (count < 1_000_000
        ? "\(count) parameters" : "\(Numbers.short(Double(count) / 1e6)) million parameters")
  }
}
