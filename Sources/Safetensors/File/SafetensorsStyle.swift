/// Whose header a file has; the data is the same in all.
public enum SafetensorsStyle: String, Sendable, Hashable, CaseIterable {
  /// The `safetensors` packages': entries in the order of the data, padded to eight bytes.
  case reference
  /// MLX's: names and fields in alphabetical order, `null` for no metadata, not padded.
  case mlx
}
