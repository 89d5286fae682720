internal import Synchronization
internal import Tensors

/// The content of a stored member, read in place, which its CRC-32 vouches for.
final class StoredSource: VerifiableSource {
  private let member: ZipMember
  private let archive: PositionalFile
  private let isVerified = Mutex(false)

  init(_ member: ZipMember, in archive: PositionalFile) {
    self.member = member
    self.archive = archive
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    try unsafe archive.read(into: buffer, at: member.offset + offset)
  }

  func verify() throws {
    try isVerified.withLock { isVerified in
      if isVerified { return }
      let buffer = WorkBuffer(byteCount: TensorPass.windowBytes)
      var sum = CRC32()
      for start in stride(from: 0, to: member.byteCount, by: TensorPass.windowBytes) {
        let count = min(TensorPass.windowBytes, member.byteCount - start)
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<count])
        try unsafe read(into: part, at: start)
        unsafe sum.add(UnsafeRawBufferPointer(part))
      }
      guard sum.value == member.checksum else {
        throw InflatedSource.mismatch(member, sum).inContext(file: archive.path)
      }
      isVerified = true
    }
  }
}
