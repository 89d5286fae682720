internal import ByteIO

extension SchedulePlot {
  /// Writes the picture; the file is complete or absent.
  ///
  /// - Parameters:
  ///   - path: The file to make.
  ///   - overwrite: Whether an existing file may be replaced.
  /// - Throws: `StateError` with code `exists`, `cannotCreate` or `inputOutput`.
  public func write(to path: String, overwrite: Bool) throws {
    let output = OutputSet(overwrite: overwrite)
    try output.add(path).write(Array(svg.utf8), at: 0)
    try output.commit()
  }
}
