internal import CDeflate
internal import Tensors

/// What one worker compresses whole zlib streams (RFC 1950) with.
@safe
package final class Deflater {
  /// For each of zlib's levels the lowest of libdeflate's that is nowhere larger.
  ///
  /// Measured on shuffled float32 weights, moments, embeddings of which nine rows in ten are zero, bfloat16 and rounded
  /// weights, integers and text in chunks of a megabyte (libdeflate 1.14, zlib 1.2.13).
  private static let levels: [Int32] = [0, 1, 1, 2, 3, 5, 7, 7, 8, 8]

  private let compressor: OpaquePointer

  /// Prepares to compress.
  ///
  /// - Parameter level: One of zlib's levels, 0 for none to 9 for the most; what comes out is no larger than zlib's.
  /// - Throws: `StateError` with code `invalidArgument` when there is no such level.
  package init(level: Int) throws {
    guard Self.levels.indices.contains(level) else {
      throw StateError(.invalidArgument, "deflate has no level \(level)", expected: "0 to 9")
    }
    guard let compressor = unsafe libdeflate_alloc_compressor(Self.levels[level]) else {
      throw StateError(.inputOutput, "libdeflate could not start")
    }
    unsafe self.compressor = compressor
  }

  deinit { unsafe libdeflate_free_compressor(compressor) }

  /// Compresses a buffer.
  ///
  /// - Parameter input: The bytes.
  /// - Returns: The compressed stream.
  /// - Throws: `StateError` with code `inputOutput` when libdeflate fails.
  package func deflate(_ input: UnsafeRawBufferPointer) throws -> [UInt8] {
    let bound = unsafe libdeflate_zlib_compress_bound(compressor, input.count)
    return try unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, count in
      count = unsafe libdeflate_zlib_compress(
        compressor,
        input.baseAddress,
        input.count,
        output.baseAddress,
        bound
      )
      guard count > 0 else {
        throw StateError(.inputOutput, "libdeflate could not compress a chunk")
      }
    }
  }
}
