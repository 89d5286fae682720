/// Where a content is after inflation.
enum SpooledContent {
  case memory([UInt8])
  case file(PositionalFile, Int)

  /// Fills a buffer with a range of the content.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    switch self {
    case .memory(let bytes):
      unsafe bytes.withUnsafeBytes { all in
        unsafe buffer.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: all[offset..<offset + buffer.count])
        )
      }
    case .file(let file, let start): try unsafe file.read(into: buffer, at: start + offset)
    }
  }
}
