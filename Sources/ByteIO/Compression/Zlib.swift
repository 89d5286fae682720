internal import CZlib
internal import Tensors

/// Deflate streams through zlib, a whole buffer at a time.
public enum Zlib {
  /// What surrounds the deflated data.
  public enum Container: Sendable {
    /// RFC 1950: two bytes of header, an Adler-32 at the end; HDF5's deflate filter.
    case zlib
    /// RFC 1951 alone; members of zip archives.
    case raw

    var windowBits: Int32 { self == .zlib ? 15 : -15 }
  }

  /// Compresses a buffer.
  ///
  /// - Parameters:
  ///   - input: The bytes.
  ///   - level: 0 for none to 9 for the most.
  ///   - container: What surrounds the data.
  ///   - isLast: Whether the stream ends here; where it does not, it breaks off on a whole byte, so that
  ///     another can follow.
  /// - Returns: The compressed stream.
  /// - Throws: `StateError` with code `invalidArgument` when zlib refuses the level.
  public static func deflate(
    _ input: UnsafeRawBufferPointer,
    level: Int,
    container: Container = .zlib,
    isLast: Bool = true
  ) throws -> [UInt8] {
    var stream = unsafe z_stream()
    guard unsafe optstate_deflate_init(&stream, Int32(level), container.windowBits) == Z_OK else {
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
        throw StateError(.inputOutput, "zlib could not compress a chunk")
      }
      count = unsafe Int(stream.total_out)
    }
  }

  /// Decompresses a stream of known size.
  ///
  /// - Parameters:
  ///   - input: The compressed bytes.
  ///   - output: Receives the data; it must be filled exactly.
  ///   - container: What surrounds the data.
  /// - Throws: `StateError` with code `malformed` when the stream is damaged or has another size.
  public static func inflate(
    _ input: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer,
    container: Container = .zlib
  ) throws {
    var stream = unsafe z_stream()
    guard unsafe optstate_inflate_init(&stream, container.windowBits) == Z_OK else {
      throw StateError(.inputOutput, "zlib could not start")
    }
    defer { unsafe inflateEnd(&stream) }
    unsafe stream.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    )
    unsafe stream.avail_in = UInt32(input.count)
    unsafe stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.avail_out = UInt32(output.count)
    let status = unsafe CZlib.inflate(&stream, Z_FINISH)
    guard status == Z_STREAM_END, unsafe Int(stream.total_out) == output.count else {
      throw StateError(
        .malformed,
        "deflated data is damaged or has another size than declared",
        expected: "\(output.count) bytes"
      )
    }
  }
}
