internal import OptimizerCatalog
internal import Tensors

/// Where a file keeps the parts of a slot in eight bits, by the place of its codes.
enum QuantizedPlaces {
  private static let words = QuantizedWords.bitsandbytes

  /// The tensors that keep a slot, with their places.
  static func kept(_ slot: Tensor, at path: String) -> [(path: String, tensor: Tensor)] {
    guard let quantization = slot.quantization, let (parent, word) = split(path),
      let parts = words.parts(of: word)
    else { return [(path, slot)] }
    return [
      (path, quantization.codes), (parent + "/" + parts.scales, quantization.scales),
      (parent + "/" + parts.map, quantization.map),
    ]
  }

  /// Refuses to put anything else in the place of codes.
  static func check(_ tensor: Tensor, at path: String, _ type: ElementType) throws {
    guard type == .uint8, tensor.elementType != type, let (_, word) = split(path),
      words.parts(of: word) != nil
    else { return }
    throw StateError(
      .unsupported,
      "the file keeps the slot in eight bits, and its numbers were changed: only the library itself rounds them",
      tensor: path,
      remedy: "convert the state with --optimizer first, which takes the numbers as ordinary slots"
    )
  }

  /// The place of a parameter's dictionary, of which a part stands in one inside.
  static func entry(of path: String) -> String {
    guard let (parent, word) = split(path), word == words.wrapper else { return path }
    return parent
  }

  private static func split(_ path: String) -> (parent: String, word: String)? {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    return (String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
  }
}
