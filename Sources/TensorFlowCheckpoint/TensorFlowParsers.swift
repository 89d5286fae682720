package import ByteIO
internal import Tensors
package import TrainingState

/// The parsers of this module on bytes in memory, for those who attack them.
///
/// A table's blocks carry checksums that no random change survives; ``table(of:)`` puts them around
/// whatever is to be tried behind them.
package enum TensorFlowParsers {
  /// A key and its value.
  package typealias Pair = (key: [UInt8], value: [UInt8])

  /// The pairs of a table.
  package static func pairs(of table: [UInt8]) throws -> [Pair] {
    try TableReader(table).entries().map { ($0.key, Array($0.value)) }
  }

  /// A table of pairs whose keys rise.
  package static func table(of pairs: [Pair]) -> [UInt8] {
    var writer = TableWriter()
    for pair in pairs { writer.add(pair.key, pair.value) }
    return writer.finish()
  }

  /// A table of one data block with any contents, stored in any way.
  package static func table(block: [UInt8], compression: UInt8) -> [UInt8] {
    TableWriter.table(block: block, compression: compression)
  }

  /// The state of a bundle whose data files lie beside a prefix.
  package static func bundle(index: [UInt8], prefix: String) throws -> TrainingState {
    try TensorFlowReader.read(index: index, prefix: prefix)
  }

  /// The state of a bundle whose object graph is replaced by another one.
  package static func objects(
    graph: [UInt8],
    index: [UInt8],
    prefix: String
  ) throws -> TrainingState {
    let name = TensorFlowReader.objectGraphName
    let items = try BundleReader(BundlePaths(prefix: prefix), index: index).items()
    let text = try Tensor(.string, .scalar, bytes: StringTensor.encode([graph]))
    var objects = try ObjectState(StateTensor(name, text), parameterNames: nil)
    return try objects.state(
      of: Layout.tensors(of: items).filter { $0.name != name },
      attributes: [:]
    )
  }

  /// The state of a version 1 checkpoint.
  package static func version1(_ table: [UInt8]) throws -> TrainingState {
    try LegacyCheckpoint.read(table: table)
  }

  /// The latest checkpoint that a `checkpoint` file names, and the file written again.
  package static func stateFile(_ bytes: [UInt8]) throws -> (latest: String?, text: String) {
    let file = try CheckpointStateFile(bytes)
    return (file.latest, file.text)
  }

  /// Strings from their stored form, whose sum is taken as right.
  package static func strings(_ stored: [UInt8], count: Int, sum: CRC32C) throws -> [UInt8] {
    try StringCoding.decode(stored, count: count, expected: sum, at: 0)
  }

  /// The stored form of strings, and its sum.
  package static func stored(_ strings: [[UInt8]]) -> (bytes: [UInt8], sum: CRC32C) {
    StringCoding.encode(strings)
  }

  /// TensorFlow's text for a slice, read and written again.
  package static func sliceText(_ text: String) throws -> String {
    try [SliceExtent](text: text).text
  }
}
