internal import ByteIO
internal import Tensors
internal import TrainingState

/// An array of NumPy: its header, and its data as a tensor of the hub.
struct NumPyArray {
  let header: NumPyHeader

  /// The elements, row-major and little-endian; where the hub has no type for them, a vector of the
  /// `uint8` that hold them as they are.
  let tensor: Tensor

  /// Opens an array.
  ///
  /// - Parameters:
  ///   - source: The bytes of the `.npy` file.
  ///   - byteCount: How many there are.
  ///   - start: Gives as many of the first of them as it is asked for.
  /// - Throws: `StateError` with the offset in the array's own file.
  init(_ source: any TensorSource, byteCount: Int, start: (Int) throws -> [UInt8]) throws {
    guard byteCount >= NumPyHeader.prefixBytes else {
      throw StateError(.truncated, "the array has no header", offset: byteCount)
    }
    let length = try NumPyHeader.length(try start(NumPyHeader.prefixBytes))
    guard length <= byteCount else {
      throw StateError(.truncated, "the array's header is cut off", offset: byteCount)
    }
    header = try NumPyHeader(try start(length))
    let count = try header.dataByteCount() ?? byteCount - length
    guard count <= byteCount - length else {
      throw StateError(
        .truncated,
        "the array's data is cut off",
        offset: byteCount,
        expected: "\(count) bytes",
        found: "\(byteCount - length)"
      )
    }
    guard count == byteCount - length else {
      throw StateError(
        .unsupported,
        "bytes follow the array's data",
        offset: length + count,
        expected: "one array",
        found: "\(byteCount - length - count) bytes more"
      )
    }
    let whole = Tensor(.uint8, .vector(byteCount), byteCount: byteCount, source: source)
    let data = try whole.slice(
      TensorBlock(starts: [length], lengths: [count], in: .vector(byteCount))
    )
    guard let type = header.type.elementType else {
      tensor = data
      return
    }
    let dimensions = header.shape.dimensions
    let stored = try Shape(header.isFortranOrder ? dimensions.reversed() : dimensions)
    var tensor = try Tensor(type, stored, source: data.source)
    if header.type.isBigEndian { tensor = try tensor.swappingBytes() }
    if header.isFortranOrder { tensor = try tensor.reversingAxes() }
    self.tensor = tensor
  }

  /// An array to be written.
  ///
  /// - Parameters:
  ///   - tensor: A tensor of a state.
  ///   - isOurs: Whether what its attributes say of an array that it came from still holds.
  /// - Throws: `StateError` with code `unsupported` when NumPy has no such type, `malformed` when
  ///   an attribute is damaged.
  init(_ tensor: StateTensor, isOurs: Bool) throws {
    let attributes = isOurs ? tensor.attributes : [:]
    if case .string(let descr)? = attributes[NumPyLayout.type],
      case .string(let sizes)? = attributes[NumPyLayout.shape]
    {
      let dimensions = sizes.split(separator: ",").compactMap { Int($0) }
      header = NumPyHeader(
        try NumPyType(descr),
        isFortranOrder: attributes[NumPyLayout.order] == .bool(true),
        shape: try Shape(dimensions),
        version: try NumPyLayout.version(attributes)
      )
      let isTensor = header.type.elementType == tensor.tensor.elementType
      self.tensor =
        isTensor && header.isFortranOrder ? try tensor.tensor.reversingAxes() : tensor.tensor
      guard try header.dataByteCount() ?? tensor.tensor.byteCount == tensor.tensor.byteCount else {
        throw StateError(.malformed, "the attribute \(NumPyLayout.shape) is damaged")
      }
      return
    }
    let isBigEndian = attributes[NumPyLayout.byteOrder] == .string(">")
    guard let type = NumPyType(tensor.tensor.elementType, isBigEndian: isBigEndian) else {
      throw StateError(
        .unsupported,
        "NumPy has no element type \(tensor.tensor.elementType.rawValue)",
        remedy: "write safetensors or the native layout, which have it"
      )
    }
    let isFortranOrder = attributes[NumPyLayout.order] == .bool(true)
    header = NumPyHeader(
      type,
      isFortranOrder: isFortranOrder,
      shape: tensor.tensor.shape,
      version: try NumPyLayout.version(attributes)
    )
    var data = tensor.tensor
    if isFortranOrder { data = try data.reversingAxes() }
    if isBigEndian { data = try data.swappingBytes() }
    self.tensor = data
  }

  /// Header and data as an archive takes them.
  func parts(_ name: String) throws -> [NamedTensor] {
    let bytes = header.bytes
    let start = try Tensor(.uint8, .vector(bytes.count), bytes: bytes)
    return [NamedTensor(name, start), NamedTensor(name, tensor)]
  }
}
