internal import Tensors

/// The names that a member may have.
enum ZipName {
  /// Checks a name: UTF-8, relative, and no way out of wherever it is joined to.
  static func check(_ bytes: [UInt8], at offset: Int) throws -> String {
    guard let name = String(validating: bytes, as: UTF8.self) else {
      throw StateError(.malformed, "the name of a member is not UTF-8", offset: offset)
    }
    let backslash = UInt8(ascii: "\\")
    guard !bytes.isEmpty, !bytes.contains(0), !bytes.contains(backslash) else {
      throw StateError(
        .malformed,
        "the name of a member is empty or has a NUL or a backslash",
        offset: offset
      )
    }
    var components = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    // A directory's name ends with the separator.
    if components.count > 1, components.last?.isEmpty == true { components.removeLast() }
    let dot = UInt8(ascii: ".")
    for component in components {
      guard !component.isEmpty, Array(component) != [dot], Array(component) != [dot, dot] else {
        throw StateError(
          .malformed,
          "the name of a member leads out of the archive",
          tensor: name,
          offset: offset
        )
      }
    }
    return name
  }
}
