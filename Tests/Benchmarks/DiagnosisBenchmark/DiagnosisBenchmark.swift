internal import ArgumentParser
internal import BenchmarkSupport
internal import ByteIO
internal import OptStateKit

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// `doctor`, `inspect --stats` and `diff` of a BERT-base state beside plain reading of the same files.
///
/// Everything is in the page cache. The reader reads each file once, a mebibyte at a time, on all cores, and
/// does nothing with it; it is measured before every command anew.
@main
struct DiagnosisBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure doctor, inspect --stats and diff (1.32 GB) beside plain reading.",
    discussion: "Needs about 3 GB of disk and of page cache; all of it is given back."
  )

  @Option(help: "Where to put files; a directory of its own is made in it and removed.")
  var directory = "/tmp"

  @Option(help: "The program to measure as a process; by default the one beside this one.")
  var optstate = FileSystem.path(
    FileSystem.directory(of: CommandLine.arguments[0]),
    "optstate"
  )

  @Option(help: "How often each command is measured.")
  var repetitions = 9

  @Option(help: "A Python with h5py, to measure inspect beside its listing of chunks.")
  var python: String?

  func run() throws {
    let place = FileSystem.path(directory, "optstate-benchmark-\(getpid())")
    try FileSystem.createDirectory(place)
    defer { _ = try? ChildProcess.run("rm", "-rf", place) }
    let (first, second) = (FileSystem.path(place, "a.ckpt-20"), FileSystem.path(place, "b.ckpt-20"))
    let state = try SyntheticState.bertBase.state()
    try StateFormats.write(state, to: first, format: "tensorflow")
    try StateFormats.write(state, to: second, format: "tensorflow")
    let bytes = state.allTensors.reduce(0) { $0 + $1.tensor.byteCount }
    print("\(bytes) bytes, \(repetitions) repetitions, medians (least to most)")
    let files = [first, second].map { $0 + ".data-00000-of-00001" }
    for file in files { try Self.read(file) }

    var times = Measurements()
    func measure(_ name: String, _ body: () throws -> Void) rethrows {
      times.add(name, try ContinuousClock().measure(body))
    }
    for _ in 0..<repetitions {
      try measure("read one") { try Self.read(files[0]) }
      try measure("doctor") { try Self.expectNone(try Diagnosis(first).findings.count) }
      try measure("read one") { try Self.read(files[0]) }
      try measure("inspect --stats") { _ = try Inspection(first, withStatistics: true) }
      try measure("read both") { for file in files { try Self.read(file) } }
      try measure("diff") { try Self.expectNone(try Comparison(first, second).differences.count) }
    }
    times.printTable()
    let one = times.median("read one")
    Report.figure("doctor / read", times.median("doctor") / one, target: "≤ 1.5")
    Report.figure("inspect --stats / read", times.median("inspect --stats") / one, target: "≤ 1.5")
    Report.figure(
      "diff / read both",
      times.median("diff") / times.median("read both"),
      target: "≤ 1.5"
    )
    for arguments in [["doctor", first], ["inspect", "--stats", first], ["diff", first, second]] {
      let child = try ChildProcess.run([optstate] + arguments)
      let peak = Double(child.peakBytes) / 1e6
      Report.figure("peak, \(arguments[0])", peak, " MB", target: "≤ 128 MB")
    }
    guard let python else { return }
    try ChunkMeasurements.report(
      python: python,
      program: optstate,
      in: place,
      repetitions: repetitions
    )
  }

  /// Reads a file once, on all cores.
  private static func read(_ path: String) throws {
    let file = try PositionalFile.open(path)
    let (size, piece) = (try file.size(), 1 << 20)
    try Workers.forEach(
      count: (size + piece - 1) / piece,
      makeState: { WorkBuffer(byteCount: piece) },
      body: { buffer, index in
        let offset = index * piece
        let part = unsafe UnsafeMutableRawBufferPointer(
          rebasing: buffer.bytes[..<min(piece, size - offset)]
        )
        try unsafe file.read(into: part, at: offset)
      }
    )
  }

  private static func expectNone(_ count: Int) throws {
    guard count == 0 else { throw BenchmarkFailure("\(count) were found where there is nothing") }
  }
}
