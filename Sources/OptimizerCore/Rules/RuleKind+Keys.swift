extension RuleKind {
  /// The keys of the kind's records.
  ///
  /// - Parameter arithmetic: Whose defaults to give.
  /// - Returns: The keys in alphabetical order, `nil` where the rule does not exist in the arithmetic.
  public func keys(in arithmetic: Arithmetic) -> [RecordKey]? {
    guard exists(in: arithmetic),
      let settings = try? Settings(self, [:], arithmetic)
    else { return nil }
    return settings.keys.subtracting(["arithmetic"]).sorted().map {
      RecordKey($0, standard: settings.resolved[$0], choices: settings.choices[$0] ?? [])
    }
  }
}
