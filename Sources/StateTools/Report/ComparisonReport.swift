internal import ByteIO
internal import StateConversion
public import TrainingState

/// One HTML page that shows two states side by side: what moved, by layer, and where the optimizer's state drifts apart.
///
/// The page is complete in itself: charts are inline SVG, nothing is fetched, nothing is run. Names
/// and texts from files are escaped.
public struct ComparisonReport: Sendable {
  /// In what the states differ.
  public let comparison: Comparison

  /// Compares two states, reading both in one pass.
  ///
  /// - Parameters:
  ///   - first: A file, a directory or a prefix.
  ///   - second: Another.
  ///   - readOptions: What the files themselves do not say.
  ///   - progress: Told of the bytes done.
  /// - Throws: `StateError` when either cannot be read or is damaged.
  /// - Complexity: O(bytes) time.
  public init(
    _ first: String,
    _ second: String,
    readOptions: ReadOptions = ReadOptions(),
    progress: (@Sendable (Int, Int) throws -> Void)? = nil
  ) throws {
    comparison = try Comparison(
      (Comparison.Input(first, readOptions), Comparison.Input(second, readOptions)),
      .automatic,
      .ulp(0),
      nil,
      isMeasured: true,
      progress
    )
  }

  /// The page.
  public var html: String {
    let names = [comparison.inputs.first, comparison.inputs.second].map {
      FileSystem.name(of: $0.path)
    }
    let count = comparison.differences.count
    let lead =
      count == 0
      ? "equal in every bit"
      : "\(comparison.differingCount) of \(comparison.variableCount) variables differ"
    return ReportPage("\(names[0]) and \(names[1])", lead: lead).html { page in
      ComparisonSections(comparison).write(to: &page)
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
}
