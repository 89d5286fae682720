internal import BenchmarkSupport
internal import ByteIO
internal import OptStateKit

/// `reset` and `debias` of a BERT-base state as processes, beside `cp` of the same files.
struct SurgeryMeasurements {
  private static let suffixes = [".data-00000-of-00001", ".index"]

  /// The program to measure.
  let program: String
  /// How often each command is measured.
  let repetitions: Int
  /// How long work takes that begins with nothing left to flush.
  let measure: (() throws -> Void) throws -> Duration

  /// Measures on a checkpoint.
  func run(_ source: String, in place: String) throws {
    let betas = ["--beta1", "0.9", "--beta2", "0.999"]
    let commands: [(name: String, arguments: [String])] = [
      ("reset", ["reset"]), ("debias --fold", ["debias", "--fold"] + betas),
      ("debias --unfold", ["debias", "--unfold"] + betas),
    ]
    let target = FileSystem.path(place, "out/model.ckpt-20")
    let copy = FileSystem.path(place, "copy")
    var times = Measurements()
    var peaks: [String: Int] = [:]
    func measureCopy() throws {
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
    }
    func measureCommand(_ place: Int) throws {
      let command = commands[place]
      let all = [program, command.arguments[0], source, target] + command.arguments.dropFirst()
      times.add(
        command.name,
        try measure {
          let child = try ChildProcess.run(all)
          peaks[command.name] = max(peaks[command.name] ?? 0, child.peakBytes)
        }
      )
      for suffix in Self.suffixes { try FileSystem.remove(target + suffix) }
    }
    for repetition in 0..<repetitions {
      // Each begins as often as the others: a disk may be slower after much has been written.
      for place in 0...commands.count {
        let turn = (repetition + place) % (commands.count + 1)
        try turn == commands.count ? measureCopy() : measureCommand(turn)
      }
    }
    times.printTable()
    for command in commands {
      let ratio = times.median(command.name)
      Report.figure(
        "\(command.name) / cp and fsync",
        ratio / times.median("cp and fsync"),
        target: "≤ 1.5"
      )
      Report.figure(
        "\(command.name) / cp",
        ratio / times.median("cp"),
        target: "none: cp does not flush"
      )
      let peak = Double(peaks[command.name] ?? 0) / 1e6
      Report.figure("peak of \(command.name), at most", peak, " MB", target: "≤ 128 MB")
    }
  }
}
