package import Tensors

/// Makes the objects of new trees, sharing what Python shares: names, literals, keys.
package final class TorchNodes {
  private var texts: [ExactName: PickleObject] = [:]
  private var globals: [ExactName: PickleObject] = [:]

  package init() {}

  /// A text that is one object wherever it stands.
  package func text(_ text: String) -> PickleValue {
    if let known = texts[ExactName(text)] { return .object(known) }
    let object = PickleObject.string(text)
    texts[ExactName(text)] = object
    return .object(object)
  }

  /// Something that a module defines.
  package func global(_ module: String, _ name: String) -> PickleValue {
    let key = ExactName("\(module)\n\(name)")
    if let known = globals[key] { return .object(known) }
    let object = PickleObject(.global(module: module, name: name))
    globals[key] = object
    return .object(object)
  }

  /// An ordered dictionary.
  package func ordered(_ items: [PickleItem] = []) -> PickleValue {
    let callable = global("collections", "OrderedDict")
    let call = PickleCall(
      module: "collections",
      name: "OrderedDict",
      callable: callable,
      arguments: .tuple([]),
      items: items
    )
    return .object(PickleObject(.call(call)))
  }

  /// A dictionary under texts.
  package func dictionary(_ items: [(String, PickleValue)]) -> PickleValue {
    .dictionary(items.map { (text($0.0), $0.1) })
  }

  /// A tensor that is to be described later, when its storage is known.
  package func tensor() -> PickleObject {
    PickleObject(
      .call(
        PickleCall(
          module: "torch._utils",
          name: "_rebuild_tensor_v2",
          callable: global("torch._utils", "_rebuild_tensor_v2"),
          arguments: .tuple([])
        )
      )
    )
  }

  /// Describes a tensor as a view of a storage.
  ///
  /// - Parameters:
  ///   - object: The tensor, or the parameter that it is in.
  ///   - type: Type of the elements.
  ///   - shape: Its shape.
  ///   - strides: Distance of neighbours along each axis.
  ///   - offset: Its first element.
  ///   - key: The storage's key.
  ///   - byteCount: The storage's bytes.
  /// - Throws: `StateError` with code `unsupported` when PyTorch has no such elements.
  package func describe(
    _ object: PickleObject,
    _ type: ElementType,
    _ shape: Shape,
    strides: [Int],
    offset: Int,
    key: PickleValue,
    byteCount: Int
  ) throws {
    guard case .call(var call) = object.content else { return }
    let old = call.arguments.elements ?? []
    let isParameter =
      call.isTorch("_rebuild_parameter") || call.isTorch("_rebuild_parameter_with_state")
    if isParameter, let inner = old.first?.object {
      try describe(
        inner,
        type,
        shape,
        strides: strides,
        offset: offset,
        key: key,
        byteCount: byteCount
      )
      return
    }
    guard !call.isTorch("_rebuild_qtensor") else {
      throw StateError(
        .unsupported,
        "a quantized tensor cannot get a storage of its own",
        offset: object.offset,
        remedy: "dequantize it in PyTorch"
      )
    }
    let storage = StorageType(type)
    let isTyped = storage == .untyped
    let (module, name) = storage.global
    let id = PickleValue.tuple([
      text("storage"), global(module, name), key, text("cpu"),
      .int(Int64(byteCount / storage.width)),
    ])
    var arguments: [PickleValue] = [
      .object(PickleObject(.persistent(id))), .int(Int64(offset)),
      .tuple(shape.dimensions.map { .int(Int64($0)) }), .tuple(strides.map { .int(Int64($0)) }),
      old.count > 4 ? old[4] : .bool(false), old.count > 5 ? old[5] : ordered(),
    ]
    if isTyped { arguments.append(global("torch", try TorchType.name(of: type))) }
    let function = isTyped ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2"
    call = PickleCall(
      module: "torch._utils",
      name: function,
      callable: global("torch._utils", function),
      arguments: .tuple(arguments)
    )
    object.content = .call(call)
  }
}

extension Shape {
  /// Distances of neighbours where elements lie row by row.
  package var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * max(dimensions[axis + 1], 1)
    }
    return strides
  }
}
