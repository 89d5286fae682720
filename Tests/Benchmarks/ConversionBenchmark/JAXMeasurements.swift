internal import BenchmarkSupport
internal import ByteIO
internal import OptStateKit

/// A BERT-base state out of Orbax and out of flax, beside scripts that do the same with JAX' libraries.
struct JAXMeasurements {
  /// The program to measure.
  let program: String
  /// The interpreter that has JAX, flax, optax, Orbax, h5py and torch.
  let python: String
  /// How often each is measured.
  let repetitions: Int
  /// How long work takes that begins with nothing left to flush.
  let measure: (() throws -> Void) throws -> Duration

  private var script: String {
    FileSystem.path(FileSystem.directory(of: #filePath), "jax_states.py")
  }

  /// Makes the states and measures.
  func run(in place: String) throws {
    try FileSystem.createDirectory(place)
    _ = try ChildProcess.run(python, script, "make", place)
    let ways: [(action: String, source: String, target: String, ratio: String)] = [
      ("orbax", "orbax", "state.h5", "≥ 3"), ("flax", "state.msgpack", "state.pt", "≥ 5"),
    ]
    for way in ways {
      let source = FileSystem.path(place, way.source)
      let target = FileSystem.path(place, way.target)
      var times = Measurements()
      var peaks = (own: 0, peer: 0)
      for _ in 0..<repetitions {
        times.add(
          "convert",
          try measure {
            let child = try ChildProcess.run([
              program, "convert", source, target, "--optimizer", "adamw:learning_rate=0.0001",
            ])
            peaks.own = max(peaks.own, child.peakBytes)
          }
        )
        try FileSystem.remove(target)
        times.add(
          "script",
          try measure {
            let child = try ChildProcess.run(python, script, way.action, source, target)
            peaks.peer = max(peaks.peer, child.peakBytes)
          }
        )
        try FileSystem.remove(target)
      }
      print("\(way.source) to \(way.target)")
      times.printTable()
      let ratio = times.median("script") / times.median("convert")
      Report.figure("script / convert", ratio, target: way.ratio)
      Report.figure("peak, at most", Double(peaks.own) / 1e6, " MB", target: "≤ 128 MB")
      Report.figure("peak of the script", Double(peaks.peer) / 1e6, " MB", target: "none")
    }
  }
}
