/// Words that were meant where others were written.
package enum Spelling {
  /// The word that is nearest to what was written, by letters put in, left out, exchanged or swapped with their
  /// neighbour (Damerau, 1964).
  ///
  /// - Parameters:
  ///   - written: What was written.
  ///   - words: What could have been meant.
  /// - Returns: The nearest, the first of several; `nil` where none is nearer than a third of what was written.
  /// - Complexity: O(`written.count` · total length of `words`).
  package static func nearest(to written: String, among words: some Sequence<String>) -> String? {
    let limit = max(1, written.unicodeScalars.count / 3)
    var best: (word: String, distance: Int)?
    for word in words where abs(word.unicodeScalars.count - written.unicodeScalars.count) <= limit {
      let distance = distance(Array(written.unicodeScalars), Array(word.unicodeScalars))
      if distance <= limit, distance < best?.distance ?? .max { best = (word, distance) }
    }
    return best?.word
  }

  private static func distance(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Int {
    var before: [Int] = []
    var row = Array(0...second.count)
    for i in first.indices {
      var next = [i + 1]
      for j in second.indices {
        let isSame = first[i] == second[j]
        var least = min(row[j] + (isSame ? 0 : 1), row[j + 1] + 1, next[j] + 1)
        if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
          least = min(least, before[j - 1] + 1)
        }
        next.append(least)
      }
      (before, row) = (row, next)
    }
    return row[second.count]
  }
}
