import Foundation

/// A framework that times its own steps in a process of its own.
final class Competitor {
  /// What it says of itself.
  let title: String

  private let process = Process()
  private let requests = Pipe()
  private let answers = Pipe()

  /// Starts a script of this folder.
  ///
  /// - Parameters:
  ///   - python: The interpreter that has the framework.
  ///   - script: The script's name.
  ///   - shapes: Shapes of the variables.
  /// - Throws: An error of Foundation when the process cannot be started.
  init(python: String, script: String, shapes: [[Int]]) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    process.executableURL = URL(filePath: python)
    process.arguments =
      [folder.appending(path: script).path]
      + shapes.map { $0.map(String.init).joined(separator: "x") }
    process.standardInput = requests
    process.standardOutput = answers
    process.standardError = FileHandle.nullDevice
    try process.run()
    title = Self.line(answers.fileHandleForReading)
  }

  deinit {
    try? requests.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Seconds that a task took.
  func seconds(_ task: String) throws -> Double {
    try requests.fileHandleForWriting.write(contentsOf: Data("\(task)\n".utf8))
    return Double(Self.line(answers.fileHandleForReading)) ?? .nan
  }

  private static func line(_ handle: FileHandle) -> String {
    var bytes: [UInt8] = []
    while let byte = try? handle.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
