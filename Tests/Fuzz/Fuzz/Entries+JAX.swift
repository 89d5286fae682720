import ByteIO
import Foundation
import JAXCheckpoint
import Tensors
import TrainingState

extension Entries {
  /// msgpack files of flax.
  static let flax = files(.flax, [("hostile/flax", ".msgpack")])

  /// Frames of Zstandard, in memory and as the source of a tensor.
  static let zstd = Entry(name: "zstd") {
    try orbaxSeeds("d/data").compactMap { bytes in
      let start = bytes.indices.first { bytes[$0...].starts(with: [0x28, 0xB5, 0x2F, 0xFD]) }
      return start.map { Array(bytes[$0...]) }
    }
  } parse: { bytes in
    let content = try Zstd.decompress(bytes, at: 0, limit: 1 << 20)
    let source = ZstdSource(
      .memory(bytes),
      byteCount: content.count,
      spool: InflationSpool()
    )
    let tensor = try Tensor(.uint8, .vector(content.count), source: source)
    let again = try tensor.bytes()
    precondition(again == content)
  }

  /// The only node of a database, behind a sum that holds.
  static let ocdbt = Entry(name: "ocdbt") {
    try orbaxSeeds("d/data").map { Array($0.dropFirst(14).dropLast(4)) }
  } parse: { bytes in
    let folder = try orbaxFolder("ocdbt")
    let node = frame(0x0CDB_20DE, bytes)
    // A root at the start of the file, with as many keys as the control has.
    var manifest = [UInt8](repeating: 0, count: 16) + [0, 128, 8, 128, 128, 4, 4, 0]
    manifest += [1, 6, 0] + Array("d/data".utf8) + [1, 1, 0, 0, 0] + varint(node.count)
    manifest += [8, 0, 0] + [UInt8](repeating: 0, count: 8) + [0]
    _ = try Scratch.write("\(folder)/d/data", node)
    _ = try Scratch.write("\(folder)/manifest.ocdbt", frame(0x0CDB_3A2A, manifest))
    try Use.state(try OrbaxReader.read("\(Scratch.folder)/\(folder)"))
  }

  /// The manifest above the control's node, behind a sum that holds.
  static let ocdbtManifest = Entry(name: "ocdbt-manifest") {
    try orbaxSeeds("manifest.ocdbt").map { Array($0.dropFirst(14).dropLast(4)) }
  } parse: { bytes in
    let folder = try orbaxFolder("ocdbt-manifest")
    let node = try Fixtures.bytes("\(Fixtures.root)/hostile/orbax/control/d/data")
    _ = try Scratch.write("\(folder)/d/data", node)
    _ = try Scratch.write("\(folder)/manifest.ocdbt", frame(0x0CDB_3A2A, bytes))
    try Use.state(try OrbaxReader.read("\(Scratch.folder)/\(folder)"))
  }

  /// The description of an array of zarr 3, and behind it its one chunk, which ends in a sum that holds for sixteen bytes:
  /// those that the index of a shard of one chunk has.
  static let zarr3 = Entry(name: "zarr3") {
    let bytes = #"{"name": "bytes", "configuration": {"endian": "little"}}"#
    let sum = #"{"name": "crc32c"}"#
    let shard =
      #"{"name": "sharding_indexed", "configuration": {"chunk_shape": [2, 3], "index_location": "end", "#
      + #""codecs": [\#(bytes)], "index_codecs": [\#(bytes), \#(sum)]}}"#
    // One chunk of 24 bytes at 0; without a shard the sum itself ends the chunk.
    let index = [UInt8](repeating: 0, count: 8) + [24] + [UInt8](repeating: 0, count: 7)
    let floats = [UInt8](0..<24)
    return [(shard, floats + index), (bytes, Array(floats.prefix(20)))].map { codecs, chunk in
      let json =
        #"{"zarr_format": 3, "node_type": "array", "shape": [2, 3], "data_type": "float32", "fill_value": 0, "#
        + #""chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 3]}}, "#
        + #""chunk_key_encoding": {"name": "default"}, "codecs": [\#(codecs)]}"#
      return Array(json.utf8) + [0] + chunk
    }
  } parse: { bytes in
    let folder = try orbaxFolder("zarr3")
    let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    _ = try Scratch.write("\(folder)/params.a/zarr.json", Array(parts[0]))
    let chunk = parts.count > 1 ? Array(parts[1]) : []
    let sum = UInt32(CRC32C.of(Array(chunk.suffix(16))).value)
    let end = (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
    _ = try Scratch.write("\(folder)/params.a/c/0/0", chunk + end)
    try Use.state(try OrbaxReader.read("\(Scratch.folder)/\(folder)"))
  }

  /// The description of an array, and its one chunk behind it.
  static let zarr = Entry(name: "zarr") {
    [
      #"{"shape": [2, 3], "chunks": [2, 3], "dtype": "<f4", "compressor": null}"#,
      #"{"shape": [3], "chunks": [2], "dtype": "|u1", "compressor": {"id": "zstd"}, "fill_value": 7}"#,
      #"{"shape": [], "chunks": [], "dtype": ">i2", "compressor": null, "order": "C"}"#,
    ].map { Array($0.utf8) + [0] + [UInt8](0..<24) }
  } parse: { bytes in
    let folder = try orbaxFolder("zarr")
    let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    _ = try Scratch.write("\(folder)/params.a/.zarray", Array(parts[0]))
    let chunk = parts.count > 1 ? Array(parts[1]) : []
    for name in ["0", "0.0"] { _ = try Scratch.write("\(folder)/params.a/\(name)", chunk) }
    try Use.state(try OrbaxReader.read("\(Scratch.folder)/\(folder)"))
  }

  private static func orbaxSeeds(_ file: String) throws -> [[UInt8]] {
    let root = "\(Fixtures.root)/hostile/orbax"
    return try FileManager.default.contentsOfDirectory(atPath: root).sorted()
      .map { "\(root)/\($0)/\(file)" }.filter(FileManager.default.fileExists).map(Fixtures.bytes)
  }

  /// A folder in memory with a tree's metadata.
  private static func orbaxFolder(_ name: String) throws -> String {
    let path = "\(Scratch.folder)/\(name)"
    if !FileManager.default.fileExists(atPath: path) {
      for folder in ["d", "params.a/c/0"] {
        try FileManager.default.createDirectory(
          atPath: "\(path)/\(folder)",
          withIntermediateDirectories: true
        )
      }
      let tree = #"{"tree_metadata": {"a": {"key_metadata": [{"key": "params"}, {"key": "a"}]}}}"#
      _ = try Scratch.write("\(name)/_METADATA", Array(tree.utf8))
    }
    return name
  }

  private static func frame(_ magic: UInt32, _ body: [UInt8]) -> [UInt8] {
    func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }
    let frame =
      bytes(UInt64(magic), 4).reversed() + bytes(UInt64(body.count + 18), 8) + [0, 0] + body
    return frame + bytes(UInt64(CRC32C.of(frame).value), 4)
  }

  private static func varint(_ value: Int) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128)] + varint(value >> 7)
  }
}
