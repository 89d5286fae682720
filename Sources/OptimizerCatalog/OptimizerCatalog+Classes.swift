extension OptimizerCatalog {
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
