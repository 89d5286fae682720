import Foundation
import OptStateKit

/// Trains a small character model on this project's own documentation, kills the training, resumes
/// it, and shows that the weights are those of a training that was never killed.
///
///     swift run -c release CharacterModel
@main
enum CharacterModel {
  static let steps: Int64 = 400

  static func main() throws {
    let arguments = CommandLine.arguments
    if arguments.count == 4, arguments[1] == "--train" {
      try train(text: arguments[2], directory: arguments[3])
    } else {
      try compare(text: arguments.count > 1 ? arguments[1] : "README.md")
    }
  }

  /// Trains from the latest checkpoint of a directory, or from the start, to the end.
  private static func train(text path: String, directory: String) throws {
    let text = [UInt8](try Data(contentsOf: URL(filePath: path))).map { $0 < 128 ? $0 : 0 }
    let manager = try CheckpointManager(directory, policy: .init(everySteps: 10, keepLatest: 2))
    let run: TrainingRun
    if let latest = try manager.latest() {
      run = try TrainingRun(resuming: StateFormats.open(latest).state)
      say("  resumed at step \(run.globalStep)")
    } else {
      run = try TrainingRun(
        parameters: BigramModel.start(),
        optimizer: OptimizerRecord(spec: "adamw:learning_rate=0.02,arithmetic=pytorch_fused"),
        schedule: ScheduleRecord(
          spec: "hf_linear:learning_rate=0.02,num_training_steps=\(steps),num_warmup_steps=20"
        )
      )
    }
    while run.globalStep < steps {
      // The batch follows from the step, so that a resumed run sees what it would have seen.
      let places = (0..<64).map { Int(run.globalStep * 64 + $0) * 37 % (text.count - 2) }
      let (loss, gradients) = try BigramModel.gradients(run, text, places: places)
      try run.apply(gradients)
      if run.globalStep % 100 == 0 { say("  step \(run.globalStep): loss \(loss)") }
      try manager.saveIfDue(run)
    }
    try manager.wait()
  }

  /// Runs the training twice, once undisturbed and once with a kill, and compares the last states.
  private static func compare(text: String) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "character-model-\(ProcessInfo.processInfo.processIdentifier)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let whole = folder.appending(path: "whole").path
    let killed = folder.appending(path: "killed").path

    say("undisturbed:")
    try start(text, whole).waitUntilExit()
    say("killed:")
    let process = try start(text, killed)
    while !FileManager.default.fileExists(atPath: killed + "/checkpoint-100.h5"), process.isRunning
    {
      usleep(500)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    say("  killed by signal \(process.terminationStatus)")
    try start(text, killed).waitUntilExit()

    let last = "checkpoint-\(steps).h5"
    let comparison = try Comparison("\(whole)/\(last)", "\(killed)/\(last)")
    guard comparison.differences.isEmpty else {
      say("the weights differ: \(comparison.json.text)")
      exit(1)
    }
    say("the weights are identical")
  }

  /// Prints at once, so that the lines of several processes stand in order.
  private static func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }

  private static func start(_ text: String, _ directory: String) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["--train", text, directory]
    try process.run()
    return process
  }
}
