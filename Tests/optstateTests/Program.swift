import Foundation
import TestSupport

/// The built program, run as a process of its own.
struct Program {
  /// What a run left behind.
  struct Outcome {
    /// The exit status, or minus the signal that ended the program.
    let status: Int32
    let output: String
    let messages: String

    /// Whether standard output is one JSON object and nothing else.
    var isJSON: Bool {
      (try? JSONSerialization.jsonObject(with: Data(output.utf8))) is [String: Any]
    }

    /// Standard output as JSON.
    var json: [String: Any] {
      get throws {
        try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:]
      }
    }
  }

  private static let path = URL(filePath: CommandLine.arguments[0])
    .deletingLastPathComponent().appending(path: "optstate").path

  /// Starts the program; its output goes to files, so that no pipe can fill up.
  static func start(
    _ arguments: [String],
    in folder: TemporaryDirectory,
    limits: String? = nil
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: limits == nil ? path : "/bin/bash")
    process.arguments =
      limits.map { ["-c", "\($0); exec \"$@\"", "bash", path] + arguments } ?? arguments
    process.standardInput = FileHandle.nullDevice
    for name in [".stdout", ".stderr"] { try writeFile(folder(name), "") }
    process.standardOutput = FileHandle(forWritingAtPath: folder(".stdout"))
    process.standardError = FileHandle(forWritingAtPath: folder(".stderr"))
    try process.run()
    return process
  }

  /// Runs the program to its end.
  static func run(_ arguments: String...) throws -> Outcome {
    try run(arguments)
  }

  /// Runs the program to its end, under limits that a shell sets.
  static func run(_ arguments: [String], limits: String? = nil) throws -> Outcome {
    let folder = try TemporaryDirectory()
    let process = try start(arguments, in: folder, limits: limits)
    process.waitUntilExit()
    let isSignal = process.terminationReason == .uncaughtSignal
    return Outcome(
      status: isSignal ? -process.terminationStatus : process.terminationStatus,
      output: String(decoding: try readFile(folder(".stdout")), as: UTF8.self),
      messages: String(decoding: try readFile(folder(".stderr")), as: UTF8.self)
    )
  }
}
