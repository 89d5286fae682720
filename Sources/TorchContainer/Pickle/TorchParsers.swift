internal import ByteIO

/// The parsers of this module on bytes in memory, for those who attack them.
package enum TorchParsers {
  /// Decodes a pickle and encodes it again.
  package static func pickle(_ bytes: [UInt8]) throws -> [UInt8] {
    var reader = PickleReader(BlockCursor(bytes, base: 0), allowing: .torch)
    return PickleWriter.encode(try reader.read().value)
  }
}
