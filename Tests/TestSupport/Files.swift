import Foundation

/// The bytes of a file.
package func readFile(_ path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(filePath: path)))
}

/// Makes or replaces a file.
package func writeFile(_ path: String, _ bytes: [UInt8]) throws {
  try Data(bytes).write(to: URL(filePath: path))
}

/// Makes or replaces a file.
package func writeFile(_ path: String, _ text: String) throws {
  try writeFile(path, Array(text.utf8))
}
