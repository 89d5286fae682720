internal import CZstd
internal import Tensors

/// Zstandard's frames (RFC 8878) through libzstd, of which nothing but the decompression is used.
package enum Zstd {
  /// Bytes that a frame begins with.
  static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

  /// Decompresses a frame in memory whose size is not known.
  ///
  /// - Parameters:
  ///   - frame: The frame and nothing behind it.
  ///   - offset: Where it lies in its file, for messages.
  ///   - limit: Bytes that may come out at most.
  /// - Returns: The content.
  /// - Throws: `StateError` with code `malformed` when the frame is damaged, `limitExceeded` when more comes out.
  package static func decompress(
    _ frame: [UInt8],
    at offset: Int,
    limit: Int
  ) throws -> [UInt8] {
    let decoder = try ZstdDecoder(frame.prefix(ZstdDecoder.headBytes), at: offset)
    var content: [UInt8] = []
    let piece = WorkBuffer(byteCount: 1 << 16)
    try unsafe frame.withUnsafeBytes { bytes in
      var rest = unsafe bytes[...]
      while !decoder.isEnded {
        var made = 0
        let used = try unsafe decoder.step(
          from: UnsafeRawBufferPointer(rebasing: rest),
          into: piece.bytes,
          made: &made
        )
        unsafe rest = rest.dropFirst(used)
        guard made <= limit - content.count else {
          throw StateError(
            .limitExceeded,
            "a compressed block inflates too far",
            offset: offset,
            expected: "at most \(limit) bytes"
          )
        }
        unsafe content.append(contentsOf: piece.bytes[..<made])
        if made == 0, used == 0, !decoder.isEnded { throw decoder.damage("ends too early") }
      }
      if unsafe !rest.isEmpty { throw decoder.damage("has bytes behind its end") }
    }
    return content
  }
}

/// The state of decompressing one frame.
@safe final class ZstdDecoder {
  /// Bytes of a frame that say what comes: its longest header.
  static let headBytes = 18

  /// The exponent of the largest window, 8 MiB: what every decoder should have (RFC 8878, 3.1.1.1.2), and more than any
  /// level but the three above 19 asks for.
  private static let windowLog: Int32 = 23

  /// libzstd's state, which nobody else has and which goes with the decoder.
  @unsafe private let stream: OpaquePointer
  private let offset: Int

  /// Bytes of the content, where the frame says so.
  let declaredCount: Int?

  /// Whether the frame has ended.
  private(set) var isEnded = false

  /// Begins with a frame.
  ///
  /// - Parameters:
  ///   - head: Its first ``headBytes``, fewer where it ends before.
  ///   - offset: Where it lies in its file, for messages.
  /// - Throws: `StateError` with code `malformed` when no frame begins so.
  init(_ head: some Collection<UInt8>, at offset: Int) throws {
    self.offset = offset
    guard head.prefix(4).elementsEqual(Zstd.magic) else {
      throw StateError(
        .malformed,
        "no frame of Zstandard begins here",
        offset: offset,
        expected: "28 b5 2f fd"
      )
    }
    let count = unsafe Array(head).withUnsafeBytes {
      unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count)
    }
    declaredCount = Int(exactly: count)
    guard let stream = unsafe ZSTD_createDStream() else {
      throw StateError(.inputOutput, "zstd could not start")
    }
    unsafe self.stream = stream
    _ = unsafe ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Self.windowLog)
  }

  deinit { _ = unsafe ZSTD_freeDStream(stream) }

  /// Goes on as far as input and output last.
  ///
  /// - Parameters:
  ///   - input: The next bytes of the frame.
  ///   - output: Receives what comes out.
  ///   - made: Bytes that came out.
  /// - Returns: Bytes of the input that were used.
  /// - Throws: `StateError` with code `malformed` or `limitExceeded`.
  func step(
    from input: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer,
    made: inout Int
  ) throws -> Int {
    var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    let status = unsafe ZSTD_decompressStream(stream, &target, &source)
    if ZSTD_isError(status) != 0 {
      if ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge {
        throw StateError(
          .limitExceeded,
          "a frame of Zstandard asks for too large a window",
          offset: offset,
          expected: "at most \(1 << Int(Self.windowLog)) bytes"
        )
      }
      throw damage("is damaged")
    }
    isEnded = status == 0
    made = unsafe target.pos
    return unsafe source.pos
  }

  /// What is wrong with the frame.
  func damage(_ what: String) -> StateError {
    StateError(.malformed, "a frame of Zstandard \(what)", offset: offset)
  }
}
