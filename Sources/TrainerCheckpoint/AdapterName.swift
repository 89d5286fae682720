/// The name of an adapter's tensor in a directory of PEFT, taken apart.
///
/// Source: `peft/utils/save_and_load.py`, `peft/tuners/lora/layer.py`.
struct AdapterName {
  private static let prefix = "base_model.model."

  /// What a layer that is adapted has, in the order of its modules.
  private static let parts = [
    "lora_A.weight", "lora_B.weight", "lora_embedding_A", "lora_embedding_B",
    "lora_magnitude_vector.weight", "lora_magnitude_vector",
  ]

  /// The parameter of the base model that is adapted, or trained as a whole.
  let base: String

  /// The place among what adapts it, 0 for the whole parameter.
  let place: Int

  /// Takes a name apart, `nil` where it is none of an adapter's.
  init?(_ name: String) {
    guard name.hasPrefix(Self.prefix) else { return nil }
    let own = name.dropFirst(Self.prefix.count)
    for (place, part) in Self.parts.enumerated() where own.hasSuffix("." + part) {
      base = own.dropLast(part.count) + "weight"
      self.place = place + 1
      return
    }
    base = String(own)
    place = 0
  }
}
