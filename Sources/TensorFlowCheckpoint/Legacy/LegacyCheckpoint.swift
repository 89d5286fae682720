internal import ByteIO
internal import SwiftProtobuf
internal import Tensors
internal import TrainingState

/// Reads V1 checkpoints: one table whose values hold the tensors themselves.
///
/// Source: tensorflow/core/util/tensor_slice_writer.cc. Such files are from before 2017 and small, so
/// the table is held in memory.
enum LegacyCheckpoint {
  static func recognizes(_ probe: StateProbe) throws -> Bool {
    guard let file = try probe.file() else { return false }
    let size = try file.size()
    guard size >= TableFormat.footerBytes else { return false }
    return TableReader.isFooter(try file.bytes(at: size - 8, count: 8))
  }

  static func read(_ path: String) throws -> TrainingState {
    do {
      let bytes = try PositionalFile.contents(
        of: path,
        within: .indexBytes,
        "a version 1 checkpoint, which must be held as a whole,"
      )
      return try read(table: bytes)
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// Reads a table that is in memory.
  static func read(table: [UInt8]) throws -> TrainingState {
    try state(of: try TableReader(table).entries())
  }

  private static func state(of table: [TableReader.Entry]) throws -> TrainingState {
    guard let first = table.first, first.key.isEmpty else {
      throw StateError(.malformed, "the table has no header entry", offset: 0)
    }
    let meta = try decode(first).meta
    guard meta.versions.minConsumer <= 1, !meta.versions.badConsumers.contains(1) else {
      throw StateError(.unsupported, "the checkpoint asks for a newer reader")
    }
    var slices: [[UInt8]: TableReader.Entry] = [:]
    for entry in table.dropFirst() { slices[entry.key] = entry }
    var names: Set<ExactName> = []
    let tensors = try meta.tensor.enumerated().map { index, record in
      do {
        guard names.insert(ExactName(record.name)).inserted else {
          throw StateError(.malformed, "the tensor is listed twice")
        }
        return StateTensor(record.name, try tensor(record, &slices), index: index)
      } catch let error as StateError {
        throw error.inContext(tensor: record.name)
      }
    }
    if let stray = slices.values.min(by: { $0.offset < $1.offset }) {
      throw StateError(
        .malformed,
        "the table has an entry that it does not list",
        tensor: try? decode(stray).data.name,
        offset: stray.offset
      )
    }
    return try TensorFlowReader.state(of: tensors, attributes: [:])
  }

  /// Puts a tensor together and takes its entries out of the table.
  private static func tensor(
    _ record: LegacyEntry.Meta.Tensor,
    _ slices: inout [[UInt8]: TableReader.Entry]
  ) throws -> Tensor {
    let type = try ElementType(tensorFlow: record.type)
    guard !record.shape.unknownRank else {
      throw StateError(.malformed, "the tensor's shape is unknown")
    }
    let shape = try Shape(
      record.shape.dim.map { dimension in
        guard let size = Int(exactly: dimension.size) else {
          throw StateError(.malformed, "a dimension is impossible", found: "\(dimension.size)")
        }
        return size
      }
    )
    let parts = try record.slice.map { slice in
      let extents = try slice.extent.map(SliceExtent.init)
      guard let entry = slices.removeValue(forKey: OrderedCode.sliceKey(record.name, extents))
      else {
        throw StateError(.malformed, "the slice \(extents.text) is listed but has no entry")
      }
      let content = try decode(entry).data
      guard ExactName(content.name) == ExactName(record.name),
        try content.slice.extent.map(SliceExtent.init) == extents
      else {
        throw StateError(
          .malformed,
          "the entry of the slice \(extents.text) says that it is another's",
          offset: entry.offset,
          found: "'\(content.name)' \(try content.slice.extent.map(SliceExtent.init).text)"
        )
      }
      let block = try extents.block(in: shape)
      let part = try Shape(block.lengths)
      let bytes = try LegacyElements.bytes(content.data, type, part.elementCount)
      return (block: block, tensor: try Tensor(type, part, bytes: bytes))
    }
    if parts.count == 1, parts[0].tensor.shape == shape { return parts[0].tensor }
    return try Tensor.assemble(type, shape, from: parts)
  }

  private static func decode(_ entry: TableReader.Entry) throws -> LegacyEntry {
    do {
      return try LegacyEntry(serializedBytes: Array(entry.value))
    } catch {
      throw StateError(.malformed, "a record of the table cannot be decoded", offset: entry.offset)
    }
  }
}
