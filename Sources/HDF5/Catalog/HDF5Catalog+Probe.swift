public import ByteIO

extension HDF5Catalog {
  private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The catalog of a file that may be none of HDF5.
  ///
  /// - Parameter file: A file.
  /// - Returns: The catalog, `nil` where the file does not begin as HDF5 files do.
  /// - Throws: `StateError` when the file is one and breaks the format's rules.
  public static func find(in file: PositionalFile?) throws -> HDF5Catalog? {
    guard let file, try file.size() >= signature.count,
      try file.bytes(at: 0, count: signature.count) == signature
    else { return nil }
    return try read(file.path)
  }
}
