extension String {
  /// Beginning and end of a text that is too long to be read, with its length; a short one as it is.
  ///
  /// Names in files may have any length, and a reader has no patience to spare.
  ///
  /// - Parameter count: The most bytes that are a short text.
  /// - Returns: A text of about that many bytes at most, cut between letters.
  package func shortened(to count: Int) -> String {
    guard utf8.count > count else { return self }
    let (start, end) = (Substring(utf8.prefix(count / 2)), Substring(utf8.suffix(count / 4)))
    return "\(start) … (\(utf8.count) bytes in all) … \(end)"
  }
}
