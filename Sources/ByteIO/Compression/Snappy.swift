public import Tensors

/// Snappy's raw block format, which LevelDB tables may use for their blocks.
public enum Snappy {
  /// Decompresses a block.
  ///
  /// Source: google/snappy, `format_description.txt`.
  ///
  /// - Parameters:
  ///   - block: The compressed bytes.
  ///   - offset: Absolute offset of the block in its file, for messages.
  ///   - limit: Bytes that the result may have.
  /// - Returns: The decompressed bytes.
  /// - Throws: `StateError` with code `malformed`, `truncated` or `limitExceeded`.
  public static func decompress(
    _ block: ArraySlice<UInt8>,
    at offset: Int,
    limit: Int = Limits[.indexBytes]
  ) throws -> [UInt8] {
    var cursor = BlockCursor(block, base: offset)
    let length = try cursor.length("snappy length")
    // No element of the stream yields more than 64 bytes for each of its own.
    guard length <= limit, length / 64 <= block.count else {
      throw StateError(
        .limitExceeded,
        "a snappy block claims \(length) bytes",
        offset: offset,
        expected: "at most \(min(limit, 64 * block.count))"
      )
    }
    var output: [UInt8] = []
    output.reserveCapacity(length)
    while cursor.remaining > 0 {
      let start = cursor.offset
      let tag = Int(try cursor.integer(UInt8.self, "snappy tag"))
      let count: Int
      let distance: Int
      switch tag & 3 {
      case 0:
        var literal = tag >> 2
        if literal >= 60 {
          literal = try cursor.take(literal - 59, "snappy literal length").reversed()
            .reduce(0) { $0 << 8 | Int($1) }
        }
        let bytes = try cursor.take(literal + 1, "snappy literal")
        guard bytes.count <= length - output.count else {
          throw StateError(.malformed, "a snappy literal leaves its block", offset: start)
        }
        output += bytes
        continue
      case 1:
        count = 4 + (tag >> 2 & 7)
        distance = (tag >> 5) << 8 | Int(try cursor.integer(UInt8.self, "snappy offset"))
      case 2:
        count = 1 + tag >> 2
        distance = Int(try cursor.integer(UInt16.self, "snappy offset"))
      default:
        count = 1 + tag >> 2
        distance = Int(try cursor.integer(UInt32.self, "snappy offset"))
      }
      guard distance > 0, distance <= output.count, count <= length - output.count else {
        throw StateError(.malformed, "a snappy copy leaves its block", offset: start)
      }
      // A copy may overlap its own output: that is how runs are written.
      for _ in 0..<count { output.append(output[output.count - distance]) }
    }
    guard output.count == length else {
      throw StateError(
        .malformed,
        "a snappy block has another length than it claims",
        offset: offset,
        expected: "\(length)",
        found: "\(output.count)"
      )
    }
    return output
  }
}
