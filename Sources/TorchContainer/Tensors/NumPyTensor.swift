package import ByteIO
package import Tensors

/// An array of NumPy's in a pickle, which holds its numbers itself.
package struct NumPyTensor {
  package let elementType: ElementType
  package let shape: Shape
  private let isFortran: Bool
  private let content: [UInt8]

  /// The numbers of NumPy's kinds that are elements here, little-endian ones.
  private static let types: [String: ElementType] = [
    "f2": .float16, "f4": .float32, "f8": .float64, "i1": .int8, "i2": .int16, "i4": .int32,
    "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "b1": .bool,
    "c8": .complex64, "c16": .complex128,
  ]

  /// The array that an object is, `nil` where it is none of numbers: such a one stays what it is.
  package init?(_ object: PickleObject) throws {
    guard case .call(let call) = object.content, call.name == "_reconstruct",
      call.module == "numpy.core.multiarray" || call.module == "numpy._core.multiarray",
      let state = call.state?.elements, state.count == 5,
      let dimensions = state[1].elements?.map({ $0.int.flatMap { Int(exactly: $0) } }),
      let type = Self.type(state[2]),
      let isFortran = state[3].bool ?? state[3].int.map({ $0 != 0 }),
      let content = Self.bytes(state[4])
    else { return nil }
    do {
      let shape = try Shape(dimensions.map { $0 ?? -1 })
      guard let width = type.byteWidth,
        shape.elementCount.multipliedReportingOverflow(by: width) == (content.count, false)
      else {
        throw StateError(
          .malformed,
          "an array of NumPy's has other bytes than its shape says",
          expected: "\(type.rawValue)\(shape)",
          found: "\(content.count) bytes"
        )
      }
      self.shape = shape
      elementType = type
      self.isFortran = isFortran && shape.rank > 1
      self.content = content
    } catch let error as StateError {
      throw error.at(object.offset)
    }
  }

  /// Its data.
  package func tensor() throws -> Tensor {
    guard isFortran else { return try Tensor(elementType, shape, bytes: content) }
    let whole = try Tensor(.uint8, .vector(content.count), bytes: content)
    var strides: [Int] = []
    for size in shape.dimensions { strides.append((strides.last ?? 1) * size) }
    return try whole.strided(
      elementType,
      shape,
      strides: [1] + strides.dropLast(),
      offset: 0
    )
  }

  /// Puts other numbers into the array, where they are others.
  ///
  /// - Parameters:
  ///   - object: The array.
  ///   - tensor: Its data, of its own type and shape.
  /// - Throws: `StateError` with code `unsupported` when type or shape are others, or what reading throws.
  package func update(_ object: PickleObject, to tensor: NamedTensor) throws {
    guard tensor.tensor.elementType == elementType, tensor.tensor.shape == shape else {
      throw StateError(
        .unsupported,
        "an array of NumPy's cannot change its type or shape",
        tensor: tensor.name,
        expected: "\(elementType.rawValue)\(shape)",
        found: "\(tensor.tensor.elementType.rawValue)\(tensor.tensor.shape)"
      )
    }
    let bytes = try TensorPass.verifiedBytes(of: tensor, limit: Limits[.pickleBytes])
    guard case .call(var call) = object.content, var state = call.state?.elements else { return }
    if try bytes == self.tensor().bytes(limit: Limits[.pickleBytes]) { return }
    state[3] = .bool(false)
    state[4] = .object(PickleObject(.bytes(bytes)))
    call.state = .tuple(state)
    object.content = .call(call)
  }

  private static func type(_ value: PickleValue) -> ElementType? {
    guard case .call(let call)? = value.object?.content, call.module == "numpy",
      call.name == "dtype", let name = call.arguments.elements?.first?.text,
      let state = call.state?.elements, state.count > 1,
      let order = state[1].text, order == "<" || order == "|"
    else { return nil }
    return types[name]
  }

  /// Bytes, which protocol 2 makes of a text with one character for each.
  private static func bytes(_ value: PickleValue) -> [UInt8]? {
    switch value.object?.content {
    case .bytes(let bytes)?: return bytes
    case .string(let text)?: return latin1(text)
    case .call(let call)? where call.module == "_codecs":
      let arguments = call.arguments.elements ?? []
      guard arguments.count == 2, arguments[1].text == "latin1" else { return nil }
      return arguments[0].text.flatMap(latin1)
    case .call(let call)? where call.name == "bytes":
      return call.arguments.elements?.isEmpty == true ? [] : nil
    default: return nil
    }
  }

  private static func latin1(_ text: String) -> [UInt8]? {
    let bytes = text.unicodeScalars.compactMap { UInt8(exactly: $0.value) }
    return bytes.count == text.unicodeScalars.count ? bytes : nil
  }
}
