import Foundation
import TestSupport

/// The built program, run as a process of its own.
struct Program {
  /// What a run left behind.
  struct Outcome {
    let status: Int32
    let output: String
    let messages: String

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
  static func start(_ arguments: [String], in folder: TemporaryDirectory) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    for name in [".stdout", ".stderr"] { try writeFile(folder(name), "") }
    process.standardOutput = FileHandle(forWritingAtPath: folder(".stdout"))
    process.standardError = FileHandle(forWritingAtPath: folder(".stderr"))
    try process.run()
    return process
  }

  /// Runs the program to its end.
  static func run(_ arguments: String...) throws -> Outcome {
    let folder = try TemporaryDirectory()
    let process = try start(arguments, in: folder)
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus,
      output: String(decoding: try readFile(folder(".stdout")), as: UTF8.self),
      messages: String(decoding: try readFile(folder(".stderr")), as: UTF8.self)
    )
  }
}
