internal import CZlib
internal import Tensors

/// Raw deflate streams (RFC 1951) as members of zip archives have them, through zlib, a piece at a time.
///
/// ``Deflate`` does whole streams.
public enum Zlib {
  /// Compresses a buffer.
  ///
  /// - Parameters:
  ///   - input: The bytes.
  ///   - level: 0 for none to 9 for the most.
  ///   - isLast: Whether the stream ends here; where it does not, it breaks off on a whole byte, so that
  ///     another can follow.
  /// - Returns: The compressed stream.
  /// - Throws: `StateError` with code `invalidArgument` when zlib refuses the level.
  public static func deflate(
    _ input: UnsafeRawBufferPointer,
    level: Int,
    isLast: Bool = true
  ) throws -> [UInt8] {
    var stream = unsafe z_stream()
    guard unsafe optstate_deflate_init(&stream, Int32(level)) == Z_OK else {
      throw StateError(
        .invalidArgument,
        "zlib has no compression level \(level)",
        expected: "0 to 9"
      )
    }
    defer { _ = unsafe deflateEnd(&stream) }
    // A flush adds an empty block.
    let bound = unsafe Int(deflateBound(&stream, UInt(input.count))) + (isLast ? 0 : 16)
    return try unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, count in
      unsafe stream.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self)
      )
      unsafe stream.avail_in = UInt32(input.count)
      unsafe stream.next_out = output.baseAddress
      unsafe stream.avail_out = UInt32(bound)
      let status = unsafe CZlib.deflate(&stream, isLast ? Z_FINISH : Z_SYNC_FLUSH)
      let isDone = unsafe isLast ? status == Z_STREAM_END : status == Z_OK && stream.avail_in == 0
      guard isDone else {
        throw StateError(.inputOutput, "zlib could not compress a piece")
      }
      count = unsafe Int(stream.total_out)
    }
  }
}
