internal import ByteIO
internal import Tensors

/// A catalog, or the reason why there is none, as bytes between two processes of one build.
enum CatalogCoding {
  static func encode(_ catalog: HDF5Catalog) -> [UInt8] {
    var writer = Writer()
    writer.put(catalog.objects.count)
    for object in catalog.objects {
      writer.put(object.path, Writer.put)
      writer.put(object.attributes.sorted { $0.key < $1.key }) { writer, entry in
        writer.put(entry.key)
        writer.put(entry.value)
      }
      writer.put(object.dataset == nil ? 0 : 1)
      if let dataset = object.dataset { writer.put(dataset) }
      writer.put(object.linkTable ?? -1)
    }
    return writer.bytes
  }

  static func decodeCatalog(_ bytes: [UInt8]) throws -> HDF5Catalog {
    var reader = Reader(cursor: BlockCursor(bytes, base: 0))
    let objects = try reader.list { reader in
      HDF5Object(
        path: try reader.list { try $0.text() },
        attributes: Dictionary(
          try reader.list { (try $0.text(), try $0.value()) },
          uniquingKeysWith: { first, _ in first }
        ),
        dataset: try reader.integer() == 1 ? try reader.dataset() : nil,
        linkTable: try reader.place()
      )
    }
    guard reader.cursor.remaining == 0 else { throw Reader.damaged }
    return HDF5Catalog(objects)
  }

  private static let codes: [StateError.Code] = [
    .malformed, .truncated, .unsupported, .limitExceeded, .notFound, .inputOutput,
  ]

  static func encode(_ error: StateError) -> [UInt8] {
    var writer = Writer()
    writer.put(codes.firstIndex(of: error.code) ?? 0)
    writer.put(error.offset ?? -1)
    for text in [error.message, error.tensor, error.expected, error.found, error.remedy] {
      writer.put(text ?? "")
    }
    return writer.bytes
  }

  static func decodeError(_ bytes: [UInt8]) throws -> StateError {
    var reader = Reader(cursor: BlockCursor(bytes, base: 0))
    let code = try reader.integer()
    let offset = try reader.integer()
    let texts = try (0..<5).map { _ in try reader.text() }.map { $0.isEmpty ? nil : $0 }
    return StateError(
      codes.indices.contains(code) ? codes[code] : .malformed,
      texts[0] ?? "",
      tensor: texts[1],
      offset: offset < 0 ? nil : offset,
      expected: texts[2],
      found: texts[3],
      remedy: texts[4]
    )
  }
}

private struct Writer {
  var bytes: [UInt8] = []

  mutating func put(_ number: Int) {
    for place in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * place))) }
  }

  mutating func put(_ text: String) {
    put(text.utf8.count)
    bytes += text.utf8
  }

  mutating func put<Element>(_ list: [Element], _ put: (inout Writer, Element) -> Void) {
    self.put(list.count)
    for element in list { put(&self, element) }
  }

  static func put(_ writer: inout Writer, _ text: String) { writer.put(text) }

  mutating func put(_ value: HDF5Value) {
    switch value {
    case .integer(let number): put(0); put(Int(number))
    case .unsigned(let number): put(1); put(Int(number))
    case .real(let number): put(2); put(Int(bitPattern: UInt(number.bitPattern)))
    case .bool(let flag): put(3); put(flag ? 1 : 0)
    case .text(let text): put(4); put(text)
    case .integers(let numbers): put(5); put(numbers) { $0.put(Int($1)) }
    case .reals(let numbers):
      put(6)
      put(numbers) { $0.put(Int(bitPattern: UInt($1.bitPattern))) }
    case .texts(let texts): put(7); put(texts, Writer.put)
    }
  }

  mutating func put(_ dataset: HDF5DatasetInfo) {
    put(dataset.elementType?.rawValue ?? "")
    put(dataset.shape.dimensions) { $0.put($1) }
    switch dataset.storage {
    case .absent: put(0)
    case .contiguous(let offset): put(1); put(offset)
    case .compact(let data): put(2); put(data) { $0.bytes.append($1) }
    case .chunked(let dimensions, let filters, let chunks):
      put(3)
      put(dimensions) { $0.put($1) }
      put(filters) { $0.bytes.append($1.rawValue) }
      put(chunks) { writer, chunk in
        writer.put(chunk.position) { $0.put($1) }
        writer.put(chunk.offset)
        writer.put(chunk.byteCount)
        writer.put(Int(chunk.skippedFilters))
      }
    }
  }
}

private struct Reader {
  var cursor: BlockCursor

  mutating func integer() throws -> Int {
    Int(truncatingIfNeeded: try cursor.integer(UInt64.self, "a number"))
  }

  mutating func place() throws -> Int? {
    let number = try integer()
    return number < 0 ? nil : number
  }

  mutating func text() throws -> String {
    String(decoding: try cursor.take(try integer(), "a text"), as: UTF8.self)
  }

  static let damaged = StateError(.malformed, "the answer of the helper process is damaged")

  mutating func byte() throws -> UInt8 { try cursor.integer(UInt8.self, "a byte") }

  mutating func list<Element>(_ take: (inout Reader) throws -> Element) throws -> [Element] {
    let count = try integer()
    guard count >= 0, count <= cursor.remaining else { throw Self.damaged }
    // Not by `map`, which would set room aside for as many as are only claimed.
    var elements: [Element] = []
    for _ in 0..<count { elements.append(try take(&self)) }
    return elements
  }

  mutating func value() throws -> HDF5Value {
    switch try integer() {
    case 0: .integer(Int64(try integer()))
    case 1: .unsigned(UInt32(truncatingIfNeeded: try integer()))
    case 2: .real(Double(bitPattern: UInt64(UInt(bitPattern: try integer()))))
    case 3: .bool(try integer() != 0)
    case 4: .text(try text())
    case 5: .integers(try list { Int64(try $0.integer()) })
    case 6: .reals(try list { Double(bitPattern: UInt64(UInt(bitPattern: try $0.integer()))) })
    default: .texts(try list { try $0.text() })
    }
  }

  mutating func dataset() throws -> HDF5DatasetInfo {
    let type = ElementType(rawValue: try text())
    let shape = try Shape(try list { try $0.integer() })
    let storage: HDF5DatasetInfo.Storage
    switch try integer() {
    case 1: storage = .contiguous(offset: try integer())
    case 2: storage = .compact(try list { try $0.byte() })
    case 3:
      let dimensions = try list { try $0.integer() }
      let filters = try list { HDF5DatasetInfo.Filter(rawValue: try $0.byte()) ?? .deflate }
      let chunks = try list { reader in
        HDF5DatasetInfo.Chunk(
          position: try reader.list { try $0.integer() },
          offset: try reader.integer(),
          byteCount: try reader.integer(),
          skippedFilters: UInt32(truncatingIfNeeded: try reader.integer())
        )
      }
      storage = .chunked(dimensions: dimensions, filters: filters, chunks: chunks)
    default: storage = .absent
    }
    return HDF5DatasetInfo(elementType: type, shape: shape, storage: storage)
  }
}
