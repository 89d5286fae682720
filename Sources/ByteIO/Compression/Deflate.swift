internal import CDeflate
internal import Tensors

/// Whole zlib streams (RFC 1950) in memory, as HDF5's deflate filter has them, by libdeflate.
///
/// ``Zlib`` does what needs a stream: members of archives in pieces.
package enum Deflate {
  /// Decompresses a stream of known size.
  ///
  /// - Parameters:
  ///   - input: The compressed bytes.
  ///   - output: Receives the data; it must be filled exactly.
  /// - Throws: `StateError` with code `malformed` when the stream is damaged or has another size.
  package static func inflate(
    _ input: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer
  ) throws {
    guard let decompressor = unsafe libdeflate_alloc_decompressor() else {
      throw StateError(.inputOutput, "libdeflate could not start")
    }
    defer { unsafe libdeflate_free_decompressor(decompressor) }
    let result = unsafe libdeflate_zlib_decompress(
      decompressor,
      input.baseAddress,
      input.count,
      output.baseAddress,
      output.count,
      nil
    )
    guard result == LIBDEFLATE_SUCCESS else {
      throw StateError(
        .malformed,
        "deflated data is damaged or has another size than declared",
        expected: "\(output.count) bytes"
      )
    }
  }
}
