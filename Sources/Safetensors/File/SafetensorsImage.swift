public import ByteIO
internal import Tensors

/// A safetensors file to be written: its header, and where the bytes of each tensor go.
///
/// The same tensors and metadata give the same file, whatever order they come in.
public struct SafetensorsImage: Sendable {
  /// The whole header, its length included.
  public let header: [UInt8]

  /// The tensors in the order of their data.
  public let tensors: [SafetensorsTensor]

  /// Bytes of the file.
  public let byteCount: Int

  /// Lays out a file.
  ///
  /// - Parameters:
  ///   - tensors: The tensors.
  ///   - metadata: Free texts by name, written in the order given; `nil` for none.
  ///   - style: Whose header to write.
  ///   - keepsOrder: Whether the data has the order in which the tensors are given, instead of the
  ///     reference writer's: by type, then by the bytes of the name.
  /// - Throws: `StateError` with code `unsupported` when two tensors have the same name, or
  ///   `limitExceeded` when the header is longer than the format allows.
  public init(
    _ tensors: [SafetensorsTensor],
    metadata: [(name: String, text: String)]? = nil,
    style: SafetensorsStyle = .reference,
    keepsOrder: Bool = false
  ) throws {
    var names: Set<ExactName> = []
    for tensor in tensors where !names.insert(ExactName(tensor.name)).inserted {
      throw StateError(.unsupported, "two tensors would have the same name", tensor: tensor.name)
    }
    self.tensors = keepsOrder ? tensors : tensors.sorted(by: Self.precedes)
    var total = 0
    var entries: [(name: String, value: JSONValue)] = []
    for tensor in self.tensors {
      let (end, overflow) = total.addingReportingOverflow(tensor.stored.byteCount)
      guard !overflow else {
        throw StateError(.unsupported, "the tensors are too large for a file")
      }
      entries.append((tensor.name, Self.entry(tensor, [total, end], style)))
      total = end
    }
    header = try Self.header(entries, metadata, style)
    byteCount = header.count + total
  }

  /// Writes the header into a file and says where the tensors go.
  ///
  /// - Parameter file: An empty file.
  /// - Returns: What `TensorPass.copy(_:progress:)` is to write.
  /// - Throws: `StateError` with code `inputOutput`.
  public func place(in file: PositionalFile) throws -> [TensorPass.Placement] {
    try file.write(header, at: 0)
    var offset = header.count
    return tensors.map { tensor in
      defer { offset += tensor.stored.byteCount }
      let named = NamedTensor(tensor.name, tensor.stored)
      return TensorPass.Placement(named, file: file, offset: offset)
    }
  }

  private static func precedes(_ one: SafetensorsTensor, _ other: SafetensorsTensor) -> Bool {
    one.type == other.type
      ? ExactName(one.name) < ExactName(other.name) : one.type.rank > other.type.rank
  }

  private static func entry(
    _ tensor: SafetensorsTensor,
    _ offsets: [Int],
    _ style: SafetensorsStyle
  ) -> JSONValue {
    let type = JSONValue.string(tensor.type.rawValue)
    let shape = JSONValue(tensor.shape.dimensions)
    return switch style {
    case .reference:
      .object(["dtype": type, "shape": shape, "data_offsets": JSONValue(offsets)])
    case .mlx:
      .object(["data_offsets": JSONValue(offsets), "dtype": type, "shape": shape])
    }
  }

  private static func header(
    _ entries: [(name: String, value: JSONValue)],
    _ metadata: [(name: String, text: String)]?,
    _ style: SafetensorsStyle
  ) throws -> [UInt8] {
    let texts = metadata.map { metadata in
      var object = JSONObject()
      for (name, text) in metadata { object[name] = .string(text) }
      return JSONValue.object(object)
    }
    var members = entries
    if let value = texts ?? (style == .mlx ? .null : nil) {
      members.insert((SafetensorsFile.metadataName, value), at: 0)
    }
    if style == .mlx { members.sort { ExactName($0.name) < ExactName($1.name) } }
    var object = JSONObject()
    for (name, value) in members { object[name] = value }
    var text = JSONValue.object(object).bytes(isCompact: true)
    if style == .reference {
      text.append(contentsOf: repeatElement(0x20, count: (8 - text.count % 8) % 8))
    }
    // What the reference implementation reads; a limit of its own.
    guard text.count <= SafetensorsFile.maximumHeaderBytes else {
      throw StateError(
        .limitExceeded,
        "the header would have \(text.count) bytes",
        expected: "at most \(SafetensorsFile.maximumHeaderBytes)"
      )
    }
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
  }
}
