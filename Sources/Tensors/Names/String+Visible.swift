extension String {
  /// The text as one line that cannot steer a terminal: what comes from a file may hold line ends that
  /// would pass for lines of ours, escape sequences, and marks that turn the direction of writing.
  package var visible: String {
    guard unicodeScalars.contains(where: Self.isInvisible) else { return self }
    var result = ""
    for scalar in unicodeScalars {
      result +=
        Self.isInvisible(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
    return result
  }

  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    // Directional marks, embeddings, overrides and isolates.
    case .format: scalar.properties.isBidiControl
    default: false
    }
  }
}
