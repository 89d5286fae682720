internal import Synchronization
internal import Tensors

/// The content of a deflated member, inflated once, when it is first read.
final class InflatedSource: VerifiableSource {
  private let member: ZipMember
  private let archive: PositionalFile
  private let spool: InflationSpool
  private let content = Mutex<SpooledContent?>(nil)

  init(_ member: ZipMember, in archive: PositionalFile, spool: InflationSpool) {
    self.member = member
    self.archive = archive
    self.spool = spool
  }

  func verify() throws { _ = try inflated() }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    try unsafe inflated().read(into: buffer, at: offset)
  }

  private func inflated() throws -> SpooledContent {
    // Everyone needs what the first one makes, so waiting is no loss.
    try content.withLock { content in
      if let content { return content }
      let made = try inflate()
      content = made
      return made
    }
  }

  private func inflate() throws -> SpooledContent {
    var sum = CRC32()
    do {
      if spool.takesMemory(member.byteCount) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(member.byteCount)
        try unsafe stream { piece in
          unsafe sum.add(piece)
          unsafe bytes.append(contentsOf: piece)
        }
        try check(sum)
        return .memory(bytes)
      }
      let (file, start) = try spool.reserve(member.byteCount)
      var position = start
      try unsafe stream { piece in
        unsafe sum.add(piece)
        try unsafe file.write(piece, at: position)
        position += piece.count
      }
      try check(sum)
      return .file(file, start)
    } catch let error as StateError {
      throw error.inContext(file: archive.path, tensor: member.name)
    }
  }

  private func stream(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    try unsafe Zlib.inflate(
      archive,
      member.offset..<member.offset + member.storedByteCount,
      byteCount: member.byteCount,
      into: sink
    )
  }

  private func check(_ sum: CRC32) throws {
    if sum.value != member.checksum { throw Self.mismatch(member, sum) }
  }

  /// A member whose content does not match its sum.
  static func mismatch(_ member: ZipMember, _ sum: CRC32) -> StateError {
    StateError(
      .checksumMismatch,
      "the member's content does not match its CRC-32",
      tensor: member.name,
      offset: member.offset,
      expected: member.checksum.map { "0x" + String($0, radix: 16) },
      found: "0x" + String(sum.value, radix: 16),
      remedy: "the file is damaged: restore it from a copy"
    )
  }
}
