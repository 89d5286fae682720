internal import Tensors

/// A value of a MessagePack file together with the bytes that say it.
final class MessagePackNode {
  /// What a value is.
  enum Content {
    case map([MessagePackNode])
    case list([MessagePackNode])
    case array(MessagePackArray)
    case integer(Int64)
    case double(Double)
    case bool(Bool)
    case text(String)
    /// A byte string, or an extension that flax does not know.
    case bytes(MessagePackPayload)
    /// `nil`, a complex number, a whole number beyond 63 bits.
    case other
  }

  /// Its key in the map that holds it, its place in the list, empty for the root.
  let name: String

  /// The key's bytes.
  let key: [UInt8]

  /// The value's bytes before what it holds.
  let head: [UInt8]

  /// What it is.
  let content: Content

  init(_ name: String, key: [UInt8], head: [UInt8], _ content: Content) {
    self.name = name
    self.key = key
    self.head = head
    self.content = content
  }

  /// What a map or a list holds.
  var children: [MessagePackNode] {
    switch content {
    case .map(let children), .list(let children): children
    default: []
    }
  }

  /// The child of a name.
  subscript(_ name: String) -> MessagePackNode? {
    children.first { ExactName($0.name) == ExactName(name) }
  }
}

/// An array as flax packs it: an extension around shape, type and bytes.
struct MessagePackArray {
  /// NumPy's name of the type, which says nothing of the byte order.
  let type: String
  let shape: Shape
  /// Whether it was one of NumPy's scalars, and no array.
  let isScalar: Bool
  let payload: MessagePackPayload
}

/// Bytes that are left where they are unless they are few.
struct MessagePackPayload {
  /// Bytes that stay with the structure at most: every number and count does, and no matrix.
  static let smallCount = 16

  let count: Int
  /// Where they begin in the file.
  let offset: Int
  /// The bytes where they are few.
  let bytes: [UInt8]?
}
