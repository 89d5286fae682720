internal import ByteIO
internal import Tensors

/// Reads the catalog of files that our own writer made, without libhdf5.
///
/// Starting a process for libhdf5 and walking through a file with it takes longer than all else that
/// `inspect` does. What libhdf5 1.8's format lays out in the simplest way (headers of version 2 with
/// their links and attributes inside, contiguous data) is read here; at the first sign of anything else
/// the reader gives up and libhdf5 has its say. So it does for damage, unless that is certain.
///
/// Source: HDF5 File Format Specification 3.0.
struct DirectCatalogReader {
  private let file: PositionalFile
  private let size: Int
  private var values: DirectValues
  private var objects: [HDF5Object] = []
  private var visited: Set<Int> = []
  private var unread: Int

  /// The catalog of a file, `nil` where it takes libhdf5 to read it.
  ///
  /// - Throws: `StateError` with code `malformed`.
  static func catalog(of path: String) throws -> HDF5Catalog? {
    do {
      var reader = try DirectCatalogReader(path)
      let root = try reader.root()
      try reader.visit(root, at: [])
      return HDF5Catalog(reader.objects)
    } catch let damage as Damage {
      throw StateError(.malformed, damage.message, file: path, tensor: damage.object)
    } catch {
      return nil
    }
  }

  private init(_ path: String) throws {
    file = try PositionalFile.open(path)
    size = try file.size()
    values = DirectValues(file, size: size)
    unread = size
  }

  /// The address of the root group, from a superblock of version 2.
  private func root() throws -> Int {
    let block = try file.bytes(at: 0, count: 48)
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    // Version, widths of offsets and lengths, flags, base address.
    guard block.starts(with: signature + [2, 8, 8, 0] + [UInt8](repeating: 0, count: 8)),
      DirectHeader.isUndefined(block[20..<28]), try DirectHeader.number(block[28..<36]) <= size,
      try DirectHeader.number(block[44..<48]) == Int(Lookup3.of(block[..<44]))
    else { throw Unfamiliar() }
    return try DirectHeader.number(block[36..<44])
  }

  private mutating func visit(_ address: Int, at path: [String]) throws {
    guard address > 0, address < size, visited.insert(address).inserted,
      path.count <= Limits[.nesting], objects.count < Limits[.tensors]
    else { throw Unfamiliar() }
    let header = try DirectHeader(file, at: address, size: size, unread: &unread)
    var attributes: [String: HDF5Value] = [:]
    var links: [(name: String, address: Int)] = []
    var parts: [UInt8: ArraySlice<UInt8>] = [:]
    for message in header.messages {
      let content = message.content
      switch message.type {
      case 0x0C:
        do {
          let (name, value) = try values.attribute(content)
          guard attributes.updateValue(value, forKey: name) == nil else {
            throw Damage("the attribute '\(name)' is there twice")
          }
        } catch var damage as Damage {
          damage.object = "/" + path.joined(separator: "/")
          throw damage
        }
      case 0x06: links.append(try link(content))
      case 0x15: try checkIsInside(content, orderBytes: 2)
      // Of a group: whether its links are elsewhere; hints.
      case 0x02:
        try checkIsInside(content, orderBytes: 8)
        parts[0x02] = content
      case 0x0A: break
      // Of a dataset: extent, type, fill value, layout.
      case 0x01, 0x03, 0x05, 0x08:
        guard parts.updateValue(content, forKey: message.type) == nil else { throw Unfamiliar() }
      default: throw Unfamiliar()
      }
    }
    if parts[0x02] != nil {
      guard parts.count == 1 else { throw Unfamiliar() }
      objects.append(HDF5Object(path: path, attributes: attributes, dataset: nil))
      links.sort { ExactName($0.name) < ExactName($1.name) }
      for (one, next) in zip(links, links.dropFirst())
      where ExactName(one.name) == ExactName(next.name) {
        throw Unfamiliar()
      }
      for link in links { try visit(link.address, at: path + [link.name]) }
    } else {
      guard links.isEmpty else { throw Unfamiliar() }
      objects.append(HDF5Object(path: path, attributes: attributes, dataset: try dataset(parts)))
    }
  }

  /// Checks that links or attributes lie in the header and not in a heap of their own.
  ///
  /// - Parameters:
  ///   - message: Link info or attribute info.
  ///   - orderBytes: Bytes of the greatest creation order, where it is kept.
  /// - Throws: ``Unfamiliar``.
  private func checkIsInside(_ message: ArraySlice<UInt8>, orderBytes: Int) throws {
    var cursor = BlockCursor(message, base: 0)
    guard try cursor.integer(UInt8.self, "version") == 0 else { throw Unfamiliar() }
    let flags = try cursor.integer(UInt8.self, "flags")
    if flags & 1 != 0 { _ = try cursor.take(orderBytes, "order") }
    guard flags <= 3, DirectHeader.isUndefined(try cursor.take(8, "heap")) else {
      throw Unfamiliar()
    }
  }

  /// A hard link.
  private func link(_ message: ArraySlice<UInt8>) throws -> (name: String, address: Int) {
    var cursor = BlockCursor(message, base: 0)
    let version = try cursor.integer(UInt8.self, "version")
    let flags = try cursor.integer(UInt8.self, "flags")
    guard version == 1, flags & 0xE8 == 0 else { throw Unfamiliar() }
    if flags & 0x04 != 0 { _ = try cursor.take(8, "order") }
    if flags & 0x10 != 0 { _ = try cursor.take(1, "encoding") }
    let length = try DirectHeader.number(try cursor.take(1 << Int(flags & 3), "length"))
    let bytes = try cursor.take(length, "name")
    guard !bytes.isEmpty, !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")),
      let name = String(validating: bytes, as: UTF8.self), cursor.remaining == 8
    else { throw Unfamiliar() }
    return (name, try DirectHeader.number(try cursor.take(8, "address")))
  }

  private func dataset(_ parts: [UInt8: ArraySlice<UInt8>]) throws -> HDF5DatasetInfo {
    guard let space = parts[0x01], let type = parts[0x03], let layout = parts[0x08] else {
      throw Unfamiliar()
    }
    let elementType = try DirectValues.elementType(type)
    let shape = try Shape(try DirectValues.dimensions(space))
    let byteCount = try shape.byteCount(of: elementType)
    // Version 3, contiguous, address, size.
    guard layout.count == 18, layout.starts(with: [3, 1]),
      try DirectHeader.number(layout.suffix(8)) == byteCount
    else { throw Unfamiliar() }
    if byteCount == 0 {
      return HDF5DatasetInfo(elementType: elementType, shape: shape, storage: .absent)
    }
    let offset = try DirectHeader.number(layout.dropFirst(2).prefix(8))
    guard offset <= size, byteCount <= size - offset else { throw Unfamiliar() }
    let storage = HDF5DatasetInfo.Storage.contiguous(offset: offset)
    return HDF5DatasetInfo(elementType: elementType, shape: shape, storage: storage)
  }
}
