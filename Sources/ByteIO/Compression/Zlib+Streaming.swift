internal import CZlib
internal import Tensors

extension Zlib {
  /// Inflates raw deflated data of a file, with two buffers of 256 KiB at most.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - range: Where the data lies.
  ///   - byteCount: Bytes that must come out, neither more nor fewer.
  ///   - limit: Bytes after which the rest is left alone.
  ///   - sink: Given one piece after another.
  /// - Throws: `StateError` with code `malformed` when the data is damaged or has another size, or what
  ///   reading and the sink throw.
  static func inflate(
    _ file: PositionalFile,
    _ range: Range<Int>,
    byteCount: Int,
    limit: Int = .max,
    into sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let capacity = min(1 << 18, max(limit, 1 << 12))
    let input = WorkBuffer(byteCount: capacity)
    let output = WorkBuffer(byteCount: capacity)
    var stream = unsafe z_stream()
    guard unsafe optstate_inflate_init(&stream) == Z_OK else {
      throw StateError(.inputOutput, "zlib could not start")
    }
    defer { unsafe inflateEnd(&stream) }
    var position = range.lowerBound
    var made = 0
    while true {
      if unsafe stream.avail_in == 0, position < range.upperBound {
        let part = unsafe UnsafeMutableRawBufferPointer(
          rebasing: input.bytes[..<min(capacity, range.upperBound - position)]
        )
        try unsafe file.read(into: part, at: position)
        position += part.count
        unsafe stream.next_in = part.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.avail_in = UInt32(part.count)
      }
      unsafe stream.next_out = output.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      unsafe stream.avail_out = UInt32(capacity)
      let status = unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
      let count = unsafe capacity - Int(stream.avail_out)
      let isEnd = status == Z_STREAM_END
      let unread = unsafe range.upperBound - position + Int(stream.avail_in)
      guard isEnd || status == Z_OK, count <= byteCount - made,
        isEnd || count > 0 || unread > 0, !isEnd || (made + count == byteCount && unread == 0)
      else {
        throw StateError(
          .malformed,
          "deflated data is damaged or has another size than declared",
          offset: position,
          expected: "\(byteCount) bytes"
        )
      }
      if count > 0 { try unsafe sink(UnsafeRawBufferPointer(rebasing: output.bytes[..<count])) }
      made += count
      if isEnd || made >= limit { return }
    }
  }
}
