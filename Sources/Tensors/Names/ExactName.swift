/// A name told apart by its bytes.
///
/// Swift's strings are equal when they look alike: "é" in one scalar and in two. A file's names are
/// not, so sets and dictionaries of names are keyed by this.
public struct ExactName: Sendable, Hashable, Comparable {
  /// The name.
  public let text: String

  /// Takes a name.
  ///
  /// - Parameter text: The name.
  public init(_ text: String) {
    self.text = text
  }

  /// Whether the bytes are the same.
  public static func == (first: ExactName, second: ExactName) -> Bool {
    first.text.utf8.elementsEqual(second.text.utf8)
  }

  /// Whether the bytes come first in lexicographic order.
  public static func < (first: ExactName, second: ExactName) -> Bool {
    first.text.utf8.lexicographicallyPrecedes(second.text.utf8)
  }

  /// Feeds the bytes.
  ///
  /// - Parameter hasher: The hasher.
  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(0xFF as UInt8)
  }
}
