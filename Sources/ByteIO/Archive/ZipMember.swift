/// A member of a zip archive, as its central directory and its local header agree that it is.
public struct ZipMember: Sendable {
  /// Its name: relative, with `/` between components, none of them `..`.
  public let name: String

  /// Bytes of its content.
  public let byteCount: Int

  /// Bytes that the content takes in the archive.
  public let storedByteCount: Int

  /// Whether the content is deflated; otherwise it lies in the archive as it is.
  public let isDeflated: Bool

  /// CRC-32 of the content, `nil` where the archive keeps none.
  public let checksum: UInt32?

  /// Absolute offset of the content in the archive.
  public let offset: Int
}
