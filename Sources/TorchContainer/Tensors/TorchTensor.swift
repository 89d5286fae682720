package import Tensors

/// A tensor as a pickle describes it: a view of a storage.
package struct TorchTensor {
  package let storage: TorchStorageID
  package let elementType: ElementType
  package let offset: Int
  package let shape: Shape
  package let strides: [Int]

  /// What makes numbers of the codes of a quantized tensor: scale and zero, or one of each per channel.
  package let quantizer: PickleValue?

  /// The tensor that an object describes, `nil` where it is none.
  ///
  /// A parameter is its tensor.
  ///
  /// - Throws: `StateError` with code `malformed` or `unsupported`, naming the offset.
  package init?(_ object: PickleObject) throws {
    guard case .call(let call) = object.content else { return nil }
    // A subclass of tensors: the plain one comes from the function and the arguments in it.
    if call.module == "torch._tensor", call.name == "_rebuild_from_type_v2",
      let parts = call.arguments.elements, parts.count > 2,
      case .global(let module, let name)? = parts[0].object?.content
    {
      let plain = PickleCall(module: module, name: name, callable: parts[0], arguments: parts[2])
      guard let tensor = try TorchTensor(PickleObject(.call(plain), at: object.offset)) else {
        return nil
      }
      self = tensor
      return
    }
    guard call.module == "torch._utils" else { return nil }
    do {
      let arguments = call.arguments.elements ?? []
      if call.name == "_rebuild_parameter" || call.name == "_rebuild_parameter_with_state" {
        guard let inner = arguments.first?.object else {
          throw StateError(.malformed, "a parameter without a tensor")
        }
        // One that is sparse has several tensors.
        guard let tensor = try TorchTensor(inner) else { return nil }
        self = tensor
        return
      }
      guard Self.functions.contains(call.name) else { return nil }
      let isTyped = call.name == "_rebuild_tensor_v3"
      let isQuantized = call.name == "_rebuild_qtensor"
      guard arguments.count >= (isTyped ? 7 : 4),
        case .persistent(let id)? = arguments[0].object?.content,
        let offset = arguments[1].int.flatMap({ Int(exactly: $0) }),
        let dimensions = Self.numbers(arguments[2]), let strides = Self.numbers(arguments[3])
      else {
        throw StateError(.malformed, "the arguments of \(call.name) describe no tensor")
      }
      storage = try TorchStorageID(id)
      self.offset = offset
      self.strides = strides
      shape = try Shape(dimensions)
      guard strides.count == dimensions.count, offset >= 0, strides.allSatisfy({ $0 >= 0 }) else {
        throw StateError(.malformed, "strides \(strides) do not fit the shape \(shape)")
      }
      elementType = try Self.type(isTyped ? arguments[6] : nil, storage.type)
      quantizer = isQuantized && arguments.count > 4 ? arguments[4] : nil
      // Conjugated and negated views carry their flag in a dictionary behind the rest.
      let flags = arguments.dropFirst(isTyped ? 7 : 6).first
      if flags?["conj"]?.bool == true || flags?["neg"]?.bool == true {
        throw StateError(
          .unsupported,
          "a lazily conjugated or negated tensor",
          remedy: "save tensor.resolve_conj().resolve_neg()"
        )
      }
    } catch let error as StateError {
      throw error.at(object.offset)
    }
  }

  private static let functions: Set<String> = [
    "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor",
  ]

  /// Scale and zero of a tensor that is quantized as a whole, `nil` where it is not.
  package var scale: (scale: Double, zero: Int64)? {
    guard let parts = quantizer?.elements, parts.count == 3, let scale = parts[1].number,
      let zero = parts[2].int
    else { return nil }
    return (scale, zero)
  }

  private static func type(_ named: PickleValue?, _ storage: StorageType) throws -> ElementType {
    if case .global("torch", let name)? = named?.object?.content,
      let type = TorchType.elementType(named: name)
    {
      return type
    }
    if named == nil, case .typed(let type) = storage { return type }
    throw StateError(.unsupported, "a tensor of a type that is not known here")
  }

  private static func numbers(_ value: PickleValue) -> [Int]? {
    var elements = value.elements
    // torch.Size is called with a tuple.
    if case .call(let call)? = value.object?.content, call.name == "Size" {
      elements = call.arguments.elements?.first?.elements
    }
    let numbers = elements?.compactMap { $0.int.flatMap { Int(exactly: $0) } }
    return numbers?.count == elements?.count ? numbers : nil
  }

  /// Whether the elements lie in the storage as they do in the tensor.
  package var isContiguous: Bool {
    var dense = 1
    for (size, stride) in zip(shape.dimensions, strides).reversed() where size != 1 {
      if stride != dense { return false }
      dense *= size
    }
    return true
  }
}

extension TorchTensor {
  /// The axes from the widest stride to the narrowest.
  package var axesByStride: [Int] {
    shape.dimensions.indices.sorted { (strides[$1], $0) < (strides[$0], $1) }
  }

  /// Whether the elements are as many as the places that they take, in another order of the axes.
  package var isPermutation: Bool {
    var dense = 1
    for axis in axesByStride.reversed() where shape.dimensions[axis] != 1 {
      if strides[axis] != dense { return false }
      dense *= shape.dimensions[axis]
    }
    return true
  }
}

/// What a pickle says of a storage that lies outside it.
package struct TorchStorageID {
  package let type: StorageType
  package let key: String

  /// Elements of ``type``.
  package let count: Int

  package init(_ id: PickleValue) throws {
    guard let parts = id.elements, parts.count >= 5, parts[0].text == "storage",
      case .global(let module, let name)? = parts[1].object?.content,
      module == "torch" || module == "torch.cuda" || module == "torch.storage",
      let type = StorageType(className: name), let key = parts[2].text,
      let count = parts[4].int.flatMap({ Int(exactly: $0) }), count >= 0
    else {
      throw StateError(.malformed, "a reference outside the pickle is no storage")
    }
    self.type = type
    self.key = key
    self.count = count
    guard parts.dropFirst(5).allSatisfy({ $0.isNone }) else {
      throw StateError(
        .unsupported,
        "a storage that is part of another one, as before PyTorch 0.4",
        remedy: "load the file with PyTorch and save it again"
      )
    }
  }
}

extension StateError {
  /// The same error with the offset filled in where its thrower did not know one.
  package func at(_ offset: Int) -> StateError {
    var copy = self
    copy.offset = copy.offset ?? offset
    return copy
  }
}
