extension OptimizerCatalog {
  /// What a scalar that is multiplied up from step to step is before the first update.
  ///
  /// - Parameter word: A dialect's word for it, such as `momentum_product`.
  /// - Returns: The number, `nil` for a scalar that is no such product.
  public static func beginning(ofScalar word: String) -> Double? {
    ["momentum_product", "momentum_cache", "m_schedule"].contains(word) ? 1 : nil
  }

  /// Finds an optimizer by what Keras calls it.
  ///
  /// - Parameter name: The name of a class, with or without the package that it was registered in, or of an instance,
  ///   which is the class in snake case and a number where it is a repeat: `Custom>AdamW`, `rm_sprop_2`.
  /// - Returns: `nil` for a class that is not known.
  public static func description(ofKerasClass name: String) -> OptimizerDescription? {
    let own = name.split(separator: ">").last ?? ""
    let parts = own.lowercased().split(separator: "_")
    let isNumbered = parts.count > 1 && parts.last.flatMap { Int($0) } != nil
    return byClass[(isNumbered ? parts.dropLast() : parts[...]).joined()]
  }

  /// Finds an optimizer by what a configuration of Keras calls it and says of it.
  ///
  /// - Parameters:
  ///   - name: The name of the class.
  ///   - words: The words of the configuration.
  /// - Returns: `nil` where neither tells.
  public static func description(
    ofKerasClass name: String,
    with words: Set<String>
  ) -> OptimizerDescription? {
    let known = description(ofKerasClass: name)
    func isMarked(_ scope: KerasTraits.Mark.Scope) -> OptimizerDescription? {
      all.first { entry in
        entry.keras.mark.map { $0.scope == scope && words.isSuperset(of: $0.words) } ?? false
      }
    }
    if let marked = isMarked(.any) { return marked }
    let kinds = known.map { [$0] } ?? all
    if let marked = kinds.lazy.compactMap({ isMarked(.kind($0.kind)) }).first { return marked }
    if let known { return known }
    // The special stand behind the plain.
    return all.last { entry in
      entry.keras.mark.map { $0.scope == .unknown && words.isSuperset(of: $0.words) } ?? false
    }
  }

  private static let byClass = Dictionary(
    uniqueKeysWithValues: all.flatMap { known in
      known.kerasClasses.map { ($0.lowercased(), known) }
    }
  )
}
