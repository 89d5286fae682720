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

  private static let byClass = Dictionary(
    uniqueKeysWithValues: all.flatMap { known in
      known.kerasClasses.map { ($0.lowercased(), known) }
    }
  )
}
