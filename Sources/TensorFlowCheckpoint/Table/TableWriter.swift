internal import ByteIO

/// Writes a table exactly as TensorFlow does.
///
/// Source: tensorflow/core/lib/io/table_builder.cc and block_builder.cc.
struct TableWriter {
  private var file: [UInt8] = []
  private var data = BlockBuilder(restartInterval: TableFormat.restartInterval)
  private var index = BlockBuilder(restartInterval: 1)
  private var lastKey: [UInt8] = []
  private var finished: (offset: Int, size: Int)?

  /// Adds an entry; its key must follow all keys before it.
  mutating func add(_ key: [UInt8], _ value: [UInt8]) {
    if key.count + value.count >= TableFormat.largeEntryBytes { finishBlock() }
    if let handle = finished {
      index.add(Self.separator(lastKey, key), Self.encode(handle))
      finished = nil
    }
    data.add(key, value)
    lastKey = key
    if data.size >= TableFormat.blockBytes { finishBlock() }
  }

  /// The bytes of the whole table.
  mutating func finish() -> [UInt8] {
    finishBlock()
    let meta = append(BlockBuilder(restartInterval: TableFormat.restartInterval).finished())
    if let handle = finished { index.add(Self.successor(lastKey), Self.encode(handle)) }
    let indexHandle = append(index.finished())
    var footer = Self.encode(meta) + Self.encode(indexHandle)
    footer += [UInt8](repeating: 0, count: TableFormat.footerBytes - 8 - footer.count)
    for place in 0..<8 {
      footer.append(UInt8(truncatingIfNeeded: TableFormat.magic >> (8 * place)))
    }
    return file + footer
  }

  private mutating func finishBlock() {
    if data.isEmpty { return }
    finished = append(data.finished())
    data = BlockBuilder(restartInterval: TableFormat.restartInterval)
  }

  /// A table whose only data block has contents that somebody else made.
  static func table(block: [UInt8], compression: UInt8) -> [UInt8] {
    var writer = TableWriter()
    writer.finished = writer.append(block, compression: compression)
    writer.lastKey = [0xFF]
    return writer.finish()
  }

  private mutating func append(
    _ contents: [UInt8],
    compression: UInt8 = 0
  ) -> (offset: Int, size: Int) {
    let handle = (offset: file.count, size: contents.count)
    let block = contents + [compression]
    file += block
    let sum = CRC32C.of(block).masked
    for place in 0..<4 { file.append(UInt8(truncatingIfNeeded: sum >> (8 * place))) }
    return handle
  }

  private static func encode(_ handle: (offset: Int, size: Int)) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendVarint(UInt64(handle.offset))
    bytes.appendVarint(UInt64(handle.size))
    return bytes
  }

  /// The shortest key that is not before `first` and before `second`
  /// (`BytewiseComparator::FindShortestSeparator`).
  private static func separator(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
    guard let place = zip(first, second).enumerated().first(where: { $0.element.0 != $0.element.1 })
    else { return first }
    let (byte, other) = place.element
    return byte < 0xFF && byte + 1 < other ? first[..<place.offset] + [byte + 1] : first
  }

  /// The shortest key that is not before `key` (`BytewiseComparator::FindShortSuccessor`).
  private static func successor(_ key: [UInt8]) -> [UInt8] {
    guard let place = key.firstIndex(where: { $0 != 0xFF }) else { return key }
    return key[..<place] + [key[place] + 1]
  }
}

/// Collects the entries of one block.
private struct BlockBuilder {
  private let restartInterval: Int
  private var bytes: [UInt8] = []
  private var restarts: [UInt32] = [0]
  private var sinceRestart = 0
  private var lastKey: [UInt8] = []

  init(restartInterval: Int) {
    self.restartInterval = restartInterval
  }

  var isEmpty: Bool { bytes.isEmpty }

  /// Bytes of the block if it were finished now.
  var size: Int { bytes.count + 4 * restarts.count + 4 }

  mutating func add(_ key: [UInt8], _ value: [UInt8]) {
    var shared = 0
    if sinceRestart < restartInterval {
      shared = zip(lastKey, key).prefix { $0 == $1 }.count
    } else {
      restarts.append(UInt32(bytes.count))
      sinceRestart = 0
    }
    bytes.appendVarint(UInt64(shared))
    bytes.appendVarint(UInt64(key.count - shared))
    bytes.appendVarint(UInt64(value.count))
    bytes += key[shared...]
    bytes += value
    lastKey = key
    sinceRestart += 1
  }

  func finished() -> [UInt8] {
    var block = bytes
    for word in restarts + [UInt32(restarts.count)] {
      for place in 0..<4 { block.append(UInt8(truncatingIfNeeded: word >> (8 * place))) }
    }
    return block
  }
}
