internal import BenchmarkSupport
internal import ByteIO
internal import OptStateKit

/// A BERT-base state on its way from TensorFlow into a Trainer's checkpoint, beside `cp` of the same
/// bytes and beside a script that does the same with TensorFlow and torch.
struct TrainerMeasurements {
  private static let suffixes = [".data-00000-of-00001", ".index"]

  /// The program to measure.
  let program: String
  /// The interpreter that has TensorFlow and torch, `nil` to do without the script.
  let python: String?
  /// How often each is measured.
  let repetitions: Int
  /// How long work takes that begins with nothing left to flush.
  let measure: (() throws -> Void) throws -> Duration

  private var script: String {
    FileSystem.path(FileSystem.directory(of: #filePath), "tensorflow_to_trainer.py")
  }

  /// Measures on a checkpoint.
  func run(_ source: String, in place: String) throws {
    let target = FileSystem.path(place, "checkpoint-20")
    let copy = FileSystem.path(place, "copy")
    var times = Measurements()
    var peak = 0
    for _ in 0..<repetitions {
      let copying = try measure {
        for suffix in Self.suffixes {
          _ = try ChildProcess.run("cp", source + suffix, copy + suffix)
        }
      }
      let flushing = try ContinuousClock().measure {
        for suffix in Self.suffixes { try PositionalFile.openForWriting(copy + suffix).sync() }
      }
      times.add("cp", copying)
      times.add("cp and fsync", copying + flushing)
      for suffix in Self.suffixes { try FileSystem.remove(copy + suffix) }
      times.add(
        "convert --to huggingface",
        try measure {
          let child = try ChildProcess.run([
            program, "convert", source, target, "--to", "huggingface", "--learning_rate", "1e-4",
            "--num_train_steps", "1000000", "--num_warmup_steps", "10000",
          ])
          peak = max(peak, child.peakBytes)
        }
      )
      _ = try ChildProcess.run("rm", "-r", target)
    }
    if let python {
      times.add("TensorFlow and torch", try measure { try runScript(python, source, target) })
    }
    times.printTable()
    let own = times.median("convert --to huggingface")
    Report.figure("convert / cp and fsync", own / times.median("cp and fsync"), target: "≤ 2")
    Report.figure("convert / cp", own / times.median("cp"), target: "none: cp does not flush")
    Report.figure("peak, at most", Double(peak) / 1e6, " MB", target: "≤ 192 MB")
    if python != nil {
      let peer = times.median("TensorFlow and torch")
      Report.figure("TensorFlow and torch / convert", peer / own, target: "≥ 8")
    }
  }

  private func runScript(_ python: String, _ source: String, _ target: String) throws {
    let child = try ChildProcess.run(python, script, source, target)
    Report.figure(
      "peak of TensorFlow and torch",
      Double(child.peakBytes) / 1e6,
      " MB",
      target: "none"
    )
    _ = try ChildProcess.run("rm", "-r", target)
  }
}
