extension StateError {
  /// Does something with what a file says.
  ///
  /// What a caller may not ask for, a file may not say: a mistake in a record that came with a state is
  /// the data's, not the caller's.
  ///
  /// - Parameter body: What is done.
  /// - Returns: What the body returns.
  /// - Throws: What the body throws, `invalidArgument` turned into `malformed`.
  package static func blamingData<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch var error as StateError where error.code == .invalidArgument {
      error.code = .malformed
      throw error
    }
  }
}
