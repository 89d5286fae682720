internal import ByteIO
internal import Tensors
internal import TorchContainer

/// What a `.metadata` file says: the items, their chunks and where these lie.
struct MetadataFile {
  /// The file's name.
  static let name = ".metadata"

  /// The items, in the order of the dictionary that was saved where that is known.
  let items: [ShardedItem]

  /// The files that anything lies in, chunks without elements included.
  let files: Set<ExactName>

  private typealias Key = ShardedItem.Key

  /// Reads the file of a directory.
  ///
  /// - Parameter directory: The directory.
  /// - Throws: `StateError` with code `malformed` or `unsupported`, naming file and item.
  init(of directory: String) throws {
    let path = FileSystem.path(directory, Self.name)
    do {
      let bytes = try PositionalFile.contents(of: path, within: .pickleBytes, "the metadata")
      try self.init(bytes)
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// Decodes the content of the file.
  init(_ bytes: [UInt8]) throws {
    var reader = PickleReader(BlockCursor(bytes, base: 0), allowing: .metadata)
    let root = try Self.fields(try reader.read().value, "Metadata")
    guard let entries = root["state_dict_metadata"]?.items,
      let storage = root["storage_data"]?.items
    else {
      throw StateError(
        .unsupported,
        "the metadata does not say where its items lie",
        expected: "state_dict_metadata and storage_data"
      )
    }
    let places = try Self.places(storage)
    files = Set(places.values.lazy.flatMap { $0.values.lazy.map { ExactName($0.file) } })
    let ways = try Self.ways(root["planner_data"])
    var items: [ExactName: ShardedItem] = [:]
    var order: [ExactName] = []
    for entry in entries {
      guard let name = entry.key.text else {
        throw StateError(.malformed, "an item has no name", offset: entry.value.object?.offset)
      }
      do {
        let path = ways.paths[ExactName(name)] ?? [.text(ExactName(name))]
        let content = try Self.content(entry.value, name, places)
        items[ExactName(name)] = ShardedItem(name: name, path: path, content: content)
        order.append(ExactName(name))
      } catch let error as StateError {
        throw error.inContext(tensor: name)
      }
    }
    let known = ways.order.filter { items[$0] != nil }
    let rest = known.count == order.count ? [] : order.filter { ways.paths[$0] == nil }
    self.items = (known + rest).compactMap { items[$0] }
  }

  /// The fields of an object of one of the metadata's classes.
  private static func fields(_ value: PickleValue, _ name: String) throws -> PickleValue {
    guard case .call(let call)? = value.object?.content, call.name == name else {
      throw StateError(
        .malformed,
        "the metadata has another object in place of a \(name)",
        offset: value.object?.offset
      )
    }
    return call.state ?? .none
  }

  /// The places of all items by their names and the offsets of their chunks.
  private static func places(
    _ storage: [PickleItem]
  ) throws -> [ExactName: [[Int]: ShardedItem.Place]] {
    var places: [ExactName: [[Int]: ShardedItem.Place]] = [:]
    for (key, value) in storage {
      let index = try fields(key, "MetadataIndex")
      let info = try fields(value, "_StorageInfo")
      let offset = key.object?.offset
      guard let name = index["fqn"]?.text else {
        throw StateError(.malformed, "a place belongs to no item", offset: offset)
      }
      if let transforms = info["transform_descriptors"], !transforms.isNone,
        transforms.elements?.isEmpty != true
      {
        throw StateError(
          .unsupported,
          "the item is compressed or transformed",
          tensor: name,
          offset: offset,
          remedy: "save it without storage extensions"
        )
      }
      guard let file = info["relative_path"]?.text, isInside(file),
        let start = info["offset"]?.int.flatMap({ Int(exactly: $0) }), start >= 0,
        let length = info["length"]?.int.flatMap({ Int(exactly: $0) }), length >= 0,
        length <= Int.max - start
      else {
        throw StateError(
          .malformed,
          "the item lies in no range of a file of the directory",
          tensor: name,
          offset: offset
        )
      }
      let chunk = try index["offset"].flatMap { $0.isNone ? nil : try numbers($0) } ?? []
      // Chunks without elements share their offset with one another.
      let place = ShardedItem.Place(file: file, range: start..<start + length)
      places[ExactName(name), default: [:]][chunk] = place
    }
    return places
  }

  /// Whether a path leads to a file of the directory that it is relative to.
  private static func isInside(_ path: String) -> Bool {
    let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return parts.allSatisfy { part in
      !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
        && !part.contains(0) && !part.contains(UInt8(ascii: "\\"))
    }
  }

  /// The way of each item through the dictionary that was saved.
  private static func ways(
    _ planner: PickleValue?
  ) throws -> (order: [ExactName], paths: [ExactName: [Key]]) {
    var order: [ExactName] = []
    var paths: [ExactName: [Key]] = [:]
    for (key, value) in planner?.items ?? [] {
      guard let name = key.text, let steps = value.elements, !steps.isEmpty else { continue }
      let path = try steps.map { step -> Key in
        if let text = step.text { return .text(ExactName(text)) }
        guard let index = step.int.flatMap({ Int(exactly: $0) }), index >= 0 else {
          throw StateError(
            .malformed,
            "a step of the way to the item is neither text nor index",
            tensor: name,
            offset: value.object?.offset
          )
        }
        return .index(index)
      }
      order.append(ExactName(name))
      paths[ExactName(name)] = path
    }
    return (order, paths)
  }

  private static func content(
    _ value: PickleValue,
    _ name: String,
    _ places: [ExactName: [[Int]: ShardedItem.Place]]
  ) throws -> ShardedItem.Content {
    guard case .call(let call)? = value.object?.content else {
      throw StateError(.malformed, "the item is of no kind", offset: value.object?.offset)
    }
    let own = places[ExactName(name)] ?? [:]
    if call.name == "BytesStorageMetadata" {
      guard own.count == 1, let place = own[[]] else {
        throw StateError(.malformed, "the object lies nowhere, or in two places")
      }
      return .object(place)
    }
    let fields = try fields(value, "TensorStorageMetadata")
    guard let size = fields["size"], let chunks = fields["chunks"]?.elements,
      let properties = fields["properties"]
    else { throw StateError(.malformed, "the tensor has no size, chunks or properties") }
    let shape = try Shape(try numbers(size))
    let type = try elementType(properties)
    var found: [(block: TensorBlock, place: ShardedItem.Place)] = []
    for chunk in chunks {
      let fields = try Self.fields(chunk, "ChunkStorageMetadata")
      guard let offsets = fields["offsets"], let sizes = fields["sizes"] else {
        throw StateError(.malformed, "a chunk has no offsets or sizes")
      }
      let starts = try numbers(offsets)
      let block = try TensorBlock(starts: starts, lengths: try numbers(sizes), in: shape)
      if block.lengths.contains(0) { continue }
      guard let place = own[starts] else {
        throw StateError(.malformed, "the chunk at \(starts) lies in no file")
      }
      found.append((block, place))
    }
    return .tensor(type, shape, found)
  }

  /// The type in the properties, whose state is a tuple, or a dictionary where a class of before 2.0 made it.
  private static func elementType(_ value: PickleValue) throws -> ElementType {
    let state = try fields(value, "TensorProperties")
    let named = state.elements?.first ?? state["dtype"]
    guard case .global("torch", let name)? = named?.object?.content,
      let type = TorchType.elementType(named: name)
    else {
      throw StateError(.unsupported, "a tensor of a type that is not known here")
    }
    return type
  }

  /// Whole numbers of a tuple or of a `torch.Size`.
  private static func numbers(_ value: PickleValue) throws -> [Int] {
    var elements = value.elements
    if case .call(let call)? = value.object?.content, call.name == "Size" {
      elements = call.arguments.elements?.first?.elements
    }
    guard let elements, elements.count <= Limits.rank else {
      throw StateError(.malformed, "no sizes where sizes belong", offset: value.object?.offset)
    }
    return try elements.map { element in
      guard let number = element.int.flatMap({ Int(exactly: $0) }) else {
        throw StateError(.malformed, "no number where one belongs", offset: value.object?.offset)
      }
      return number
    }
  }
}
