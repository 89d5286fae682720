import Foundation

/// A directory of one test's own, removed with everything in it when the test is done.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() throws {
    path =
      FileManager.default.temporaryDirectory.appending(path: "optstate-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a name in the directory.
  package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// Names of everything in the directory, hidden files included, sorted.
  package var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }

  /// Copies the files of a checkpoint into the directory.
  package func copy(checkpoint prefix: String, as name: String) throws -> String {
    let source = URL(filePath: prefix)
    let folder = source.deletingLastPathComponent().path
    for file in try FileManager.default.contentsOfDirectory(atPath: folder)
    where file.hasPrefix(source.lastPathComponent + ".") && !file.hasSuffix(".tsv") {
      let target = self(name + file.dropFirst(source.lastPathComponent.count))
      try FileManager.default.copyItem(atPath: "\(folder)/\(file)", toPath: target)
    }
    return self(name)
  }
}
