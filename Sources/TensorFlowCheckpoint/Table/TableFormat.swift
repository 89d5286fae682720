/// The numbers of LevelDB's table format as TensorFlow writes it.
///
/// Source: tensorflow/core/lib/io/format.h and table_options.h.
enum TableFormat {
  /// Two handles padded to 40 bytes, then the magic number.
  static let footerBytes = 48

  /// The last eight bytes of a table, little-endian.
  static let magic: UInt64 = 0xDB47_7524_8B80_FB57

  /// Type and checksum behind each block.
  static let trailerBytes = 5

  /// A block is finished once it would take this many bytes.
  static let blockBytes = 262_144

  /// An entry of at least this size begins a block of its own.
  static let largeEntryBytes = 2 * blockBytes

  /// Entries of a data block between two whole keys.
  static let restartInterval = 16
}
