package import ByteIO
internal import Tensors

/// The container of before PyTorch 1.6: pickles one behind another, then the storages.
package enum LegacyFile {
  /// The first pickle: the number 0x1950A86A20F9469CFC6C.
  private static let magic: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  private static let tarMembers = ["sys_info", "pickle", "storages", "tensors"]

  /// Whether a file begins with the magic number.
  package static func recognizes(_ file: PositionalFile) throws -> Bool {
    guard try file.size() >= magic.count else { return false }
    return try file.bytes(at: 0, count: magic.count) == magic
  }

  /// Whether a file is a tar archive with the members of PyTorch's first format.
  package static func isTar(_ file: PositionalFile) throws -> Bool {
    guard try file.size() >= 512 else { return false }
    let header = try file.bytes(at: 0, count: 512)
    let name = String(decoding: header[..<100].prefix { $0 != 0 }, as: UTF8.self)
    return header[257..<262].elementsEqual("ustar".utf8) && tarMembers.contains(name)
  }

  package static func read(
    _ file: PositionalFile,
    allowing globals: PickleGlobals
  ) throws -> TorchFile {
    guard try recognizes(file) else {
      throw StateError(.malformed, "the file does not begin as one of PyTorch's", offset: 0)
    }
    let size = try file.size()
    // The pickles are at the front; how long they are is only known when they are read.
    var length = min(size, 1 << 20)
    while true {
      let bytes = try file.bytes(at: 0, count: length)
      do {
        return try read(file, BlockCursor(bytes, base: 0), size, globals)
      } catch let error as StateError
        where error.code == .truncated && length < min(size, Limits[.pickleBytes])
      {
        length = min(size, Limits[.pickleBytes], 8 * length)
      }
    }
  }

  private static func read(
    _ file: PositionalFile,
    _ start: BlockCursor,
    _ size: Int,
    _ globals: PickleGlobals
  ) throws -> TorchFile {
    var cursor = start
    _ = try cursor.take(magic.count, "magic number")
    let version = try next(&cursor, globals)
    guard version.int == 1001 else {
      throw StateError(.unsupported, "a PyTorch file of an unknown version", expected: "1001")
    }
    guard try next(&cursor, globals)["little_endian"]?.bool == true else {
      throw StateError(.unsupported, "the storages are in byte order 'big'", expected: "little")
    }
    let tree = try next(&cursor, globals)
    shorten(tree)
    let keys = try next(&cursor, globals).elements?.compactMap(\.text) ?? []
    var widths: [ExactName: (width: Int, count: Int)] = [:]
    try collect(tree, &widths)
    var storages: [ExactName: Tensor] = [:]
    var position = cursor.offset
    for key in keys {
      guard let (width, declared) = widths[ExactName(key)], storages[ExactName(key)] == nil,
        position <= size - 8
      else {
        throw StateError(
          .malformed,
          "the list of storages does not fit the tree",
          offset: position,
          found: key
        )
      }
      var head = BlockCursor(try file.bytes(at: position, count: 8), base: position)
      let count = try head.integer(UInt64.self, "elements of a storage")
      position += 8
      guard let elements = Int(exactly: count), elements <= (size - position) / width,
        elements >= declared
      else {
        throw StateError(
          .malformed,
          "storage '\(key)' does not fit the file",
          offset: position - 8,
          expected: "\(declared) elements",
          found: "\(count)"
        )
      }
      storages[ExactName(key)] = try Tensor(
        .uint8,
        .vector(elements * width),
        source: FileSource(file, at: position)
      )
      position += elements * width
    }
    guard position == size else {
      throw StateError(.malformed, "the file goes on behind its storages", offset: position)
    }
    return TorchFile(
      path: file.path,
      pickle: PickleWriter.encode(tree),
      tree: tree,
      storages: storages,
      records: [],
      root: ""
    )
  }

  private static func next(
    _ cursor: inout BlockCursor,
    _ globals: PickleGlobals
  ) throws -> PickleValue {
    var reader = PickleReader(cursor, allowing: globals)
    let (value, rest) = try reader.read()
    cursor = rest
    return value
  }

  /// Takes the sixth part off references to storages, which the zip container does not have.
  private static func shorten(_ tree: PickleValue) {
    PickleTree.forEach(tree) { object in
      guard case .persistent(let id) = object.content, let parts = id.elements, parts.count == 6,
        parts[5].isNone
      else { return }
      object.content = .persistent(.tuple(Array(parts[..<5])))
    }
  }

  /// Finds the width of every storage's elements, which stands in the tree alone.
  private static func collect(
    _ tree: PickleValue,
    _ widths: inout [ExactName: (width: Int, count: Int)]
  ) throws {
    try PickleTree.forEach(tree) { object in
      guard case .persistent(let id) = object.content else { return }
      do {
        let storage = try TorchStorageID(id)
        let known = widths[ExactName(storage.key)]
        guard known == nil || known?.width == storage.type.width else {
          throw StateError(.malformed, "storage '\(storage.key)' has elements of two types")
        }
        widths[ExactName(storage.key)] = (storage.type.width, max(storage.count, known?.count ?? 0))
      } catch let error as StateError {
        throw error.at(object.offset)
      }
    }
  }
}
