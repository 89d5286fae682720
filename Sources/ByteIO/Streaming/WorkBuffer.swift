/// Memory that one worker reuses for all its windows.
@safe package final class WorkBuffer {
  /// The memory; valid while the buffer lives.
  @unsafe
  package let bytes: UnsafeMutableRawBufferPointer

  /// Allocates page-aligned memory.
  package init(byteCount: Int) {
    unsafe bytes = .allocate(byteCount: byteCount, alignment: 4096)
  }

  deinit { unsafe bytes.deallocate() }
}
