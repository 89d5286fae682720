internal import ByteIO
internal import Tensors

/// Whole numbers in the metadata of an array.
enum ZarrNumbers {
  /// A list of sizes.
  ///
  /// - Parameters:
  ///   - json: The list.
  ///   - field: What it is.
  /// - Returns: The sizes.
  /// - Throws: `StateError` with code `malformed`.
  static func sizes(_ json: JSONTree?, _ field: String) throws -> [Int] {
    guard let elements = json?.elements, elements.count <= Limits.rank else {
      throw StateError(.malformed, "the array's \(field) is no list of sizes")
    }
    return try elements.map { element in
      guard case .number(let spelling) = element, let size = Int(spelling), size >= 0 else {
        throw StateError(.malformed, "the array's \(field) is no list of sizes")
      }
      return size
    }
  }
}
