internal import BenchmarkSupport
internal import ByteIO
internal import Foundation

/// `inspect` of files with many chunks beside h5py's listing of the same chunks.
///
/// Both are told with the file in the page cache; `inspect` is a whole process, the listing a call in one that runs.
enum ChunkMeasurements {
  private static let counts = [32_000, 1_000_000]

  /// Measures and reports.
  ///
  /// - Parameters:
  ///   - python: An interpreter that has h5py.
  ///   - program: The program.
  ///   - folder: Where to put files.
  ///   - repetitions: How often each is measured.
  /// - Throws: ``BenchmarkFailure`` when a process fails.
  static func report(
    python: String,
    program: String,
    in folder: String,
    repetitions: Int
  ) throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "chunks.py")
    for count in counts {
      let path = FileSystem.path(folder, "\(count).h5")
      try ChildProcess.run(python, script.path, path, "\(count)", "\(repetitions)")
      let text = try String(
        contentsOfFile: FileSystem.path(folder, "\(count).seconds"),
        encoding: .utf8
      )
      guard let listing = Double(text) else { throw BenchmarkFailure("h5py told no time") }
      var times = Measurements()
      for _ in 0..<repetitions {
        times.add("inspect", try ChildProcess.run(program, "inspect", path).duration)
      }
      let ratio = times.median("inspect") / listing
      Report.figure("inspect / h5py, \(count) chunks", ratio, target: "≤ 1.5")
    }
  }
}
