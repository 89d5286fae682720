/// Names in a message.
package enum NameList {
  /// The first names, and how many more there are.
  ///
  /// - Parameters:
  ///   - names: The names, some of which may come more than once.
  ///   - limit: How many are listed.
  /// - Returns: The text.
  package static func text(_ names: [String], limit: Int = 3) -> String {
    var seen: Set<ExactName> = []
    let own = names.filter { seen.insert(ExactName($0)).inserted }
    let shown = own.prefix(limit).joined(separator: ", ")
    return own.count > limit ? "\(shown) and \(own.count - limit) more" : shown
  }
}
