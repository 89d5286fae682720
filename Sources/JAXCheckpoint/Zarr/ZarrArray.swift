internal import ByteIO
internal import Tensors

/// An array of zarr, version 2 or 3, among the values of a store.
struct ZarrArray {
  /// The last components of the keys under which arrays are described.
  static let metadataNames = ["zarr.json", ".zarray"]

  private let name: String
  private let type: ElementType
  private let shape: Shape
  private let chunkShape: [Int]
  private let codecs: ZarrCodecs?
  private let shards: ZarrShards?
  private let fill: JSONTree
  /// What stands before the numbers of a chunk's key, and between them.
  private let keyStart: String
  private let separator: String

  /// Reads the metadata of an array; `nil` where the store has no such array.
  ///
  /// - Parameters:
  ///   - name: The array's name in the store.
  ///   - values: The store.
  /// - Throws: `StateError` with code `malformed` or `unsupported`.
  init?(_ name: String, in values: [ExactName: StoredBytes]) throws {
    self.name = name
    let paths = Self.metadataNames.map { ExactName("\(name)/\($0)") }
    guard let place = paths.firstIndex(where: { values[$0] != nil }),
      let stored = values[paths[place]]
    else { return nil }
    let bytes = try stored.bytes(within: .textBytes, "the metadata of an array")
    let json = try JSONTree.parse(bytes, Self.metadataNames[place])
    shape = try Shape(try ZarrNumbers.sizes(json["shape"], "shape"))
    fill = json["fill_value"] ?? .null
    let isVersion3 = place == 0
    let described = isVersion3 ? json["data_type"]?.text : json["dtype"]?.text
    let type = try ZarrType(described ?? "")
    self.type = type.elementType
    if isVersion3 {
      let grid = json["chunk_grid"]
      guard grid?["name"]?.text == "regular", json["node_type"]?.text != "group" else {
        throw StateError(.unsupported, "the array has no regular grid of chunks")
      }
      if let storage = json["storage_transformers"]?.elements, !storage.isEmpty {
        throw StateError(.unsupported, "the array's chunks are transformed")
      }
      chunkShape = try ZarrNumbers.sizes(grid?["configuration"]?["chunk_shape"], "chunk_shape")
      let keys = json["chunk_key_encoding"]
      let isPlain = keys?["name"]?.text == "v2"
      separator = keys?["configuration"]?["separator"]?.text ?? (isPlain ? "." : "/")
      keyStart = isPlain ? "" : "c"
      let chain = json["codecs"]?.elements ?? []
      if chain.count == 1, let only = chain.first, only["name"]?.text == "sharding_indexed" {
        shards = try ZarrShards(only["configuration"] ?? .null, in: chunkShape)
        codecs = nil
      } else {
        codecs = try ZarrCodecs(chain)
        shards = nil
      }
    } else {
      guard json["order"]?.text ?? "C" == "C" else {
        throw StateError(.unsupported, "the array's chunks are stored column by column")
      }
      chunkShape = try ZarrNumbers.sizes(json["chunks"], "chunks")
      separator = json["dimension_separator"]?.text ?? "."
      keyStart = ""
      codecs = try ZarrCodecs(version2: json, isBigEndian: type.isBigEndian)
      shards = nil
    }
    guard chunkShape.count == shape.rank, chunkShape.allSatisfy({ $0 > 0 }),
      [".", "/"].contains(separator)
    else {
      throw StateError(
        .malformed,
        "the array's chunks do not fit its shape",
        expected: "\(shape.rank) axes of at least 1",
        found: "\(chunkShape)"
      )
    }
  }

  /// The array as a view of its chunks.
  ///
  /// - Parameters:
  ///   - values: The store.
  ///   - isWhole: Whether every chunk was written; where not, one that is missing means the fill value.
  ///   - spool: Where chunks are inflated to.
  /// - Returns: The view.
  /// - Throws: `StateError` with code `malformed`, `checksumMismatch` or `limitExceeded`.
  /// - Complexity: O(number of chunks).
  func tensor(
    in values: [ExactName: StoredBytes],
    isWhole: Bool,
    _ spool: InflationSpool
  ) throws -> Tensor {
    if shape.elementCount == 0 { return try Tensor.constant(0, type, shape) }
    let grid = zip(shape.dimensions, chunkShape).map { ($0 - 1) / $1 + 1 }
    try checkCount(grid)
    var parts: [(block: TensorBlock, tensor: Tensor)] = []
    try Self.forEach(grid) { place in
      let starts = zip(place, chunkShape).map { $0 * $1 }
      let stored = values[ExactName(key(place))]
      guard stored != nil || !isWhole else {
        throw StateError(
          .malformed,
          "a chunk of the array is missing",
          tensor: name,
          expected: key(place),
          remedy: "copy the checkpoint again"
        )
      }
      if let shards {
        try checkCount(shards.grid)
        let inner = try stored.map { try shards.chunks(of: $0) }
        var next = 0
        try Self.forEach(shards.grid) { part in
          // Beyond what an `Int` holds is beyond the edge.
          let own = zip(starts, zip(part, shards.innerShape)).map { start, step in
            let (sum, overflow) = start.addingReportingOverflow(step.0 * step.1)
            return overflow ? .max : sum
          }
          let chunk = inner.flatMap { $0[next] }
          next += 1
          try add(chunk, own, shards.innerShape, shards.codecs, spool, to: &parts)
        }
      } else if let codecs {
        try add(stored, starts, chunkShape, codecs, spool, to: &parts)
      }
      guard parts.count <= Limits[.tensors] else { throw tooMany }
    }
    if parts.count == 1, let only = parts.first?.tensor, only.shape == shape { return only }
    return try Tensor.assemble(type, shape, from: parts)
  }

  private func add(
    _ stored: StoredBytes?,
    _ starts: [Int],
    _ size: [Int],
    _ codecs: ZarrCodecs,
    _ spool: InflationSpool,
    to parts: inout [(block: TensorBlock, tensor: Tensor)]
  ) throws {
    // A chunk at the edge is as large as the others; what lies beyond the edge is of no meaning.
    guard zip(starts, shape.dimensions).allSatisfy({ $0 < $1 }) else { return }
    let lengths = starts.indices.map { min(size[$0], shape.dimensions[$0] - starts[$0]) }
    let block = try TensorBlock(starts: starts, lengths: lengths, in: shape)
    guard let stored else {
      return parts.append((block, try Tensor.constant(fillValue(), type, try Shape(lengths))))
    }
    let whole = try codecs.tensor(stored, type, try Shape(size), spool)
    let zeros = size.map { _ in 0 }
    parts.append(
      (block, try whole.slice(TensorBlock(starts: zeros, lengths: lengths, in: whole.shape)))
    )
  }

  private func fillValue() throws -> Double {
    switch fill {
    case .null, .bool(false): return 0
    case .bool(true): return 1
    default:
      guard let number = fill.number ?? fill.text.flatMap({ JSONTree.number($0).number }) else {
        throw StateError(
          .unsupported,
          "the array's fill value is not known here",
          tensor: name,
          found: fill.text
        )
      }
      return number
    }
  }

  private func key(_ place: [Int]) -> String {
    let numbers = place.map(String.init).joined(separator: separator)
    if keyStart.isEmpty { return "\(name)/\(numbers.isEmpty ? "0" : numbers)" }
    return "\(name)/\(keyStart)\(numbers.isEmpty ? "" : separator + numbers)"
  }

  private var tooMany: StateError {
    StateError.exceeded(.tensors, "the array has too many chunks", tensor: name)
  }

  private func checkCount(_ grid: [Int]) throws {
    guard try Shape(grid).elementCount <= Limits[.tensors] else { throw tooMany }
  }

  /// Visits all places of a grid in row-major order.
  private static func forEach(_ grid: [Int], _ body: ([Int]) throws -> Void) rethrows {
    var place = grid.map { _ in 0 }
    while true {
      try body(place)
      guard let axis = place.indices.last(where: { place[$0] + 1 < grid[$0] }) else { return }
      place[axis] += 1
      for later in place.indices where later > axis { place[later] = 0 }
    }
  }
}
