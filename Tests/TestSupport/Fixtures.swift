import Foundation

/// The files under `Fixtures`.
package enum Fixtures {
  /// The folder itself.
  package static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures").path

  /// The folder of everything that TensorFlow wrote.
  package static let tensorFlow = root + "/reference/tensorflow"

  /// Every V2 checkpoint that TensorFlow wrote, as prefixes relative to ``tensorFlow``, sorted.
  package static let bundles = relativePaths(endingIn: ".index")

  /// Every V1 checkpoint that TensorFlow wrote, relative to ``tensorFlow``.
  package static let legacy = [
    "2.21.0/bundle/version-1/sliced.ckpt", "2.21.0/bundle/version-1/v1.ckpt-7",
  ]

  /// The path of a checkpoint.
  package static func tensorFlow(_ prefix: String) -> String { "\(tensorFlow)/\(prefix)" }

  /// The path of one of TensorFlow's corner cases.
  package static func bundle(_ name: String) -> String { tensorFlow("2.21.0/bundle/\(name)") }

  private static func relativePaths(endingIn suffix: String) -> [String] {
    guard let walk = FileManager.default.enumerator(atPath: tensorFlow) else { return [] }
    return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) }
      .map { String($0.dropLast(suffix.count)) }.sorted()
  }
}
