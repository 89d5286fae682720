internal import ByteIO
internal import Tensors

/// What a file is written of: bytes, and tensors between them.
struct FlaxParts {
  private var parts: [NamedTensor] = []
  private var pending: [UInt8] = []

  /// Adds bytes.
  mutating func add(_ bytes: some Sequence<UInt8>) {
    pending += bytes
  }

  /// Adds a tensor's bytes.
  mutating func add(_ tensor: Tensor, _ name: String) throws {
    try flush()
    parts.append(NamedTensor(name, tensor))
  }

  /// Adds what another list has.
  mutating func add(_ other: FlaxParts) throws {
    if other.parts.isEmpty { return pending += other.pending }
    try flush()
    parts += other.parts
    pending = other.pending
  }

  /// Adds an array as flax packs it, in pieces where it is too large for one.
  mutating func addArray(_ tensor: Tensor, _ name: String) throws {
    let type = tensor.elementType
    guard let width = type.byteWidth, !type.rawValue.contains("qint") else {
      throw StateError(
        .unsupported,
        "flax has no element type \(type.rawValue)",
        tensor: name
      )
    }
    if tensor.byteCount <= MessagePackBytes.chunkBytes {
      add(try MessagePackBytes.arrayHead(type.rawValue, tensor.shape, byteCount: tensor.byteCount))
      return try add(tensor, name)
    }
    let whole = Shape.vector(tensor.shape.elementCount)
    let flat = try Tensor(type, whole, source: tensor.source)
    let size = MessagePackBytes.chunkBytes / width
    let starts = Array(stride(from: 0, to: whole.elementCount, by: size))
    add(MessagePackBytes.map(3) + MessagePackBytes.text(FlaxTree.chunked) + [0xC3])
    add(MessagePackBytes.text("shape") + MessagePackBytes.map(tensor.shape.rank))
    for (axis, length) in tensor.shape.dimensions.enumerated() {
      add(MessagePackBytes.text("\(axis)") + MessagePackBytes.integer(Int64(length)))
    }
    add(MessagePackBytes.text("chunks") + MessagePackBytes.map(starts.count))
    for (place, start) in starts.enumerated() {
      let count = min(size, whole.elementCount - start)
      let block = try TensorBlock(starts: [start], lengths: [count], in: whole)
      let piece = try flat.slice(block)
      add(MessagePackBytes.text("\(place)"))
      add(
        try MessagePackBytes.arrayHead(type.rawValue, .vector(count), byteCount: piece.byteCount)
      )
      try add(piece, name)
    }
  }

  private mutating func flush() throws {
    if pending.isEmpty { return }
    let bytes = try Tensor(.uint8, .vector(pending.count), bytes: pending)
    parts.append(NamedTensor("the file's structure", bytes))
    pending = []
  }

  /// Writes everything into an empty file.
  mutating func write(to file: PositionalFile, progress: TensorPass.Progress?) throws {
    try flush()
    var offset = 0
    let placements = parts.map { part in
      defer { offset += part.tensor.byteCount }
      return TensorPass.Placement(part, file: file, offset: offset)
    }
    _ = try TensorPass.copy(placements, progress: progress)
  }
}
