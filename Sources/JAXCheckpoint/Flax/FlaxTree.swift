internal import ByteIO
internal import Tensors

/// The tree in a file that flax' `serialization.to_bytes` wrote.
struct FlaxTree {
  /// The mark of a map that stands for one array in pieces.
  static let chunked = "__msgpack_chunked_array__"

  private let file: PositionalFile?

  /// A tree whose arrays lie in a file, or nowhere: of a structure without payloads all are zero.
  init(_ file: PositionalFile?) {
    self.file = file
  }

  /// The tree of a value.
  func node(
    _ value: MessagePackNode,
    path: TreePath = .root
  ) throws -> TreeNode {
    let content: TreeNode.Content
    switch value.content {
    case .map(let children), .list(let children):
      if Self.isChunked(value) {
        content = .array(try Self.whole(value) { try tensor($0) })
      } else {
        content = .branch(
          try children.map { try node($0, path: path.appending($0.name)) }
        )
      }
    case .array(let array):
      if let tensor = try tensor(array) {
        content = .array(tensor)
      } else {
        content = .opaque(try bytes(array.payload))
      }
    case .bytes(let payload): content = .opaque(try bytes(payload))
    case .integer(let number): content = .integer(number)
    case .double, .bool, .text, .other: content = .other
    }
    return TreeNode(value.name, content, path: path)
  }

  private func tensor(_ array: MessagePackArray) throws -> Tensor? {
    guard let type = ElementType(rawValue: array.type), type.byteWidth != nil else { return nil }
    let bytes = try bytes(array.payload)
    return try Tensor(type, array.shape, source: bytes.source)
  }

  private func bytes(_ payload: MessagePackPayload) throws -> Tensor {
    let shape = Shape.vector(payload.count)
    if let bytes = payload.bytes { return try Tensor(.uint8, shape, bytes: bytes) }
    guard let file else { return try Tensor.constant(0, .uint8, shape) }
    return try Tensor(.uint8, shape, source: FileSource(file, at: payload.offset))
  }

  // MARK: Pieces

  /// Whether a map stands for one array in pieces.
  static func isChunked(_ value: MessagePackNode) -> Bool {
    if case .bool(true)? = value[chunked]?.content { true } else { false }
  }

  /// The pieces of an array, in order.
  static func chunks(_ value: MessagePackNode) throws -> [MessagePackArray] {
    let children = value["chunks"]?.children ?? []
    return try children.indices.map { place in
      guard case .array(let array)? = value["chunks"]?["\(place)"]?.content,
        array.shape.rank == 1
      else { throw malformed }
      return array
    }
  }

  private static let malformed = StateError(
    .malformed,
    "an array in pieces lacks its shape or its pieces"
  )

  private static func whole(
    _ value: MessagePackNode,
    _ tensor: (MessagePackArray) throws -> Tensor?
  ) throws -> Tensor {
    let sizes = value["shape"]?.children ?? []
    guard sizes.count <= Limits.rank else {
      throw StateError(.limitExceeded, "too many axes", found: "\(sizes.count)")
    }
    let dimensions = try sizes.indices.map { place -> Int in
      guard case .integer(let size)? = value["shape"]?["\(place)"]?.content else {
        throw malformed
      }
      return Int(size)
    }
    let shape = try Shape(dimensions)
    var start = 0
    var parts: [(block: TensorBlock, tensor: Tensor)] = []
    for array in try chunks(value) {
      guard let piece = try tensor(array) else { throw malformed }
      let count = piece.shape.elementCount
      guard count <= shape.elementCount - start else { throw malformed }
      let vector = Shape.vector(shape.elementCount)
      parts.append((try TensorBlock(starts: [start], lengths: [count], in: vector), piece))
      start += count
    }
    guard let type = parts.first?.tensor.elementType else { throw malformed }
    let vector = try Tensor.assemble(type, .vector(shape.elementCount), from: parts)
    return try Tensor(type, shape, source: vector.source)
  }
}
