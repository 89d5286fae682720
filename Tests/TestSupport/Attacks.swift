/// The forged files of one format.
package struct Attack: Sendable, CustomStringConvertible {
  /// The path of the file.
  package let path: String

  /// The exit statuses that a reading command may answer with.
  package let statuses: [Int]

  /// What is wrong with it.
  package let description: String

  /// The rows of a format's `attacks.tsv`.
  package static func all(of format: String) -> [Attack] {
    let folder = Fixtures.root + "/hostile/" + format
    guard let bytes = try? readFile(folder + "/attacks.tsv") else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: "\t")
      return Attack(
        path: "\(folder)/\(fields[0])",
        statuses: fields[1].split(separator: ",").compactMap { Int($0) },
        description: "\(fields[0]): \(fields[2])"
      )
    }
  }
}
