public import Tensors

/// A tensor of a state together with what its source called it and where it stood.
public struct StateTensor: Sendable {
  /// Its name in the hub.
  public var name: String

  /// The data.
  public var tensor: Tensor

  /// Its name in the source's own spelling, where that is another.
  public var sourceName: String?

  /// The name under which its input's parser lists it, where that is neither of the two; of account only until the account
  /// is drawn up.
  package var place: String?

  /// Its place in the order in which the source keeps data, `nil` where that is of no account.
  public var index: Int?

  /// What the source's format needs to write it back identically.
  public var attributes: [String: AttributeValue]

  /// Describes a tensor.
  ///
  /// - Parameters:
  ///   - name: Its name in the hub.
  ///   - tensor: The data.
  ///   - sourceName: Its name in the source's own spelling, where that is another.
  ///   - index: Its place in the order in which the source keeps data.
  ///   - attributes: What the source's format needs to write it back identically.
  public init(
    _ name: String,
    _ tensor: Tensor,
    sourceName: String? = nil,
    index: Int? = nil,
    attributes: [String: AttributeValue] = [:]
  ) {
    self.name = name
    self.tensor = tensor
    self.sourceName = sourceName
    self.index = index
    self.attributes = attributes
  }

  /// What names begin with that stand for a part of the container that a state came in, and for no place in it.
  private static let marks = [
    "~pickle", "~storage", "~record", "~object", "~msgpack", "~zero", "~scale",
  ]

  /// Whether it is kept of the container that a state came in, such as a pickle or a record of an archive, and is no part
  /// of the state itself.
  package var isOfItsContainer: Bool {
    guard name.utf8.contains(UInt8(ascii: "~")) else { return false }
    return name.split(separator: "/").contains { part in Self.marks.contains { part.hasPrefix($0) }
    }
  }

  /// The same tensor under another name, its spelling in the source kept.
  func named(_ name: String) -> StateTensor {
    var copy = self
    copy.name = name
    return copy
  }
}
