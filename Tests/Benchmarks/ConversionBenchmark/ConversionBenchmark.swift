internal import ArgumentParser
internal import BenchmarkSupport
internal import ByteIO
internal import OptStateKit

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Conversions of a BERT-base state beside `cp` and `h5repack`, interleaved in one run.
///
/// Everything is in the page cache when it is measured; whatever was written before is flushed first,
/// so that nobody pays for another's writes.
@main
struct ConversionBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure conversions of a BERT-base state (1.32 GB) beside cp and h5repack.",
    discussion: "Needs about 6 GB of disk and 3 GB of page cache; all of it is given back."
  )

  @Option(help: "Where to put files; a directory of its own is made in it and removed.")
  var directory = ProcessEnvironment.temporaryDirectory

  @Option(help: "The program to measure as a process; by default the one beside this one.")
  var optstate = FileSystem.path(
    FileSystem.directory(of: CommandLine.arguments[0]),
    "optstate"
  )

  @Option(help: "How often each conversion is measured.")
  var repetitions = 5

  @Flag(help: "Measure reset and debias beside cp, and nothing else.")
  var surgery = false

  @Flag(help: "Measure the way into a Trainer's checkpoint, and nothing else.")
  var trainer = false

  @Flag(help: "Measure the ways out of Orbax and flax beside --python, and nothing else.")
  var jax = false

  @Option(
    help: """
      A Python with TensorFlow, torch and safetensors as the Trainer's peer; with JAX, flax, optax, Orbax, h5py and torch \
      as that of --jax.
      """
  )
  var python: String?

  func run() throws {
    let place = FileSystem.path(directory, "optstate-benchmark-\(getpid())")
    try FileSystem.createDirectory(place)
    defer { _ = try? ChildProcess.run("rm", "-rf", place) }
    if surgery { return try measureSurgery(FileSystem.path(place, "surgery")) }
    if trainer { return try measureTrainer(FileSystem.path(place, "trainer")) }
    if jax { return try measureJAX(FileSystem.path(place, "jax")) }
    try measureConversions(FileSystem.path(place, "large"))
    try measureCompression(FileSystem.path(place, "small"))
  }

  private func measureConversions(_ place: String) throws {
    let source = FileSystem.path(place, "model.ckpt-20")
    let store = FileSystem.path(place, "state.h5")
    let state = try SyntheticState.bertBase.state()
    try StateFormats.write(state, to: source, format: "tensorflow")
    try Conversion.run(from: source, to: store)
    let bytes = state.allTensors.reduce(0) { $0 + $1.tensor.byteCount }
    print("\(bytes) bytes, \(repetitions) repetitions, medians (least to most)")
    for path in [source, store] { _ = try Verification(path) }

    let copy = FileSystem.path(place, "copy")
    let target = FileSystem.path(place, "out/state.h5")
    let back = FileSystem.path(place, "back/model.ckpt-20")
    let suffixes = [".data-00000-of-00001", ".index"]
    var times = Measurements()
    func measureCopy() throws {
      let copying = try measure {
        for suffix in suffixes { _ = try ChildProcess.run("cp", source + suffix, copy + suffix) }
      }
      let flushing = try ContinuousClock().measure {
        for suffix in suffixes { try PositionalFile.openForWriting(copy + suffix).sync() }
      }
      times.add("cp", copying)
      times.add("cp and fsync", copying + flushing)
      for suffix in suffixes { try FileSystem.remove(copy + suffix) }
    }
    func measureStore() throws {
      times.add("TensorFlow to HDF5", try measure { try Conversion.run(from: source, to: target) })
      try FileSystem.remove(target)
    }
    func measureCheckpoint() throws {
      times.add("HDF5 to TensorFlow", try measure { try Conversion.run(from: store, to: back) })
      for suffix in suffixes {
        _ = try ChildProcess.run("cmp", source + suffix, back + suffix)
        try FileSystem.remove(back + suffix)
      }
    }
    func measureInspection() throws {
      times.add("inspect TensorFlow", try ChildProcess.run(optstate, "inspect", source).duration)
      times.add("inspect HDF5", try ChildProcess.run(optstate, "inspect", store).duration)
    }
    let parts = [measureCopy, measureStore, measureCheckpoint, measureInspection]
    for repetition in 0..<repetitions {
      // Each begins as often as the others: a disk may be slower after much has been written.
      for place in parts.indices { try parts[(repetition + place) % parts.count]() }
    }
    times.printTable()
    let peer = times.median("cp and fsync")
    for name in ["TensorFlow to HDF5", "HDF5 to TensorFlow"] {
      let ratio = times.median(name)
      Report.figure("\(name) / cp and fsync", ratio / peer, target: "≤ 1.3")
      Report.figure("\(name) / cp", ratio / times.median("cp"), target: "none: cp does not flush")
    }
    for name in ["inspect TensorFlow", "inspect HDF5"] {
      Report.figure(name, 1000 * times.median(name), " ms", target: "≤ 30 ms")
    }
    // The system counts what this process held until the child began, so these are upper bounds.
    for (input, output) in [(source, target), (store, back)] {
      let child = try ChildProcess.run(optstate, "convert", input, output)
      let peak = Double(child.peakBytes) / 1e6
      let name = FileSystem.name(of: output)
      Report.figure("peak, at most, to \(name)", peak, " MB", target: "≤ 128 MB")
    }
  }

  private func measureSurgery(_ place: String) throws {
    let source = FileSystem.path(place, "model.ckpt-20")
    try StateFormats.write(try SyntheticState.bertBase.state(), to: source, format: "tensorflow")
    _ = try Verification(source)
    print("\(repetitions) repetitions, medians (least to most)")
    try SurgeryMeasurements(
      program: optstate,
      repetitions: repetitions,
      measure: { try measure($0) }
    )
    .run(source, in: place)
  }

  private func measureTrainer(_ place: String) throws {
    let source = FileSystem.path(place, "model.ckpt-20")
    try StateFormats.write(try SyntheticState.bertBase.state(), to: source, format: "tensorflow")
    _ = try Verification(source)
    print("\(repetitions) repetitions, medians (least to most)")
    try TrainerMeasurements(
      program: optstate,
      python: python,
      repetitions: repetitions,
      measure: { try measure($0) }
    )
    .run(source, in: place)
  }

  private func measureJAX(_ place: String) throws {
    guard let python else { throw ValidationError("--jax needs --python") }
    print("\(repetitions) repetitions, medians (least to most)")
    try JAXMeasurements(
      program: optstate,
      python: python,
      repetitions: repetitions,
      measure: { try measure($0) }
    )
    .run(in: place)
  }

  /// A tenth of the state: `h5repack` works on one core.
  private func measureCompression(_ place: String) throws {
    let store = FileSystem.path(place, "state.h5")
    let target = FileSystem.path(place, "out.h5")
    try StateFormats.write(try SyntheticState.small.state(), to: store, format: "optstate")
    _ = try Verification(store)
    let filters = ["-f", "SHUF", "-f", "GZIP=4"]
    var times = Measurements()
    for _ in 0..<2 {
      let options = WriteOptions(deflateLevel: 4)
      times.add(
        "gzip level 4, a tenth",
        try measure { try Conversion.run(from: store, to: target, options: options) }
      )
      try FileSystem.remove(target)
      times.add(
        "h5repack, a tenth",
        try measure {
          _ = try ChildProcess.run(
            "h5repack",
            filters[0],
            filters[1],
            filters[2],
            filters[3],
            store,
            target
          )
          try PositionalFile.openForWriting(target).sync()
        }
      )
      try FileSystem.remove(target)
    }
    times.printTable()
    let ratio = times.median("h5repack, a tenth") / times.median("gzip level 4, a tenth")
    Report.figure("h5repack / gzip level 4", ratio, target: "≥ 1.8")
  }

  /// How long work takes that begins with nothing left to flush.
  private func measure(_ body: () throws -> Void) rethrows -> Duration {
    sync()
    return try ContinuousClock().measure(body)
  }
}

/// What the environment says.
enum ProcessEnvironment {
  /// `TMPDIR`, or `/tmp`.
  static var temporaryDirectory: String {
    unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
  }
}
