import Foundation

/// What TensorFlow says of one tensor of a checkpoint.
package struct ExpectedTensor: Sendable {
  package let name: String
  package let elementType: String
  package let dimensions: [Int]

  /// CRC-32C of the little-endian bytes, `nil` for strings and variants.
  package let checksum: UInt32?

  /// The rows of a checkpoint's table, or `nil` where it has none.
  package static func table(of prefix: String) throws -> [ExpectedTensor]? {
    let path = prefix + ".expected.tsv"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let text = String(decoding: try readFile(path), as: UTF8.self)
    return text.split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      return ExpectedTensor(
        name: String(fields[0]),
        elementType: String(fields[1]),
        dimensions: fields[2].split(separator: ",").compactMap { Int($0) },
        checksum: UInt32(fields[4], radix: 16)
      )
    }
  }
}
