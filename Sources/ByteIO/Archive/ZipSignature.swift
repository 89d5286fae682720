/// The numbers that zip's records begin with, and what stands in a field that is too narrow.
enum ZipSignature {
  static let local: UInt32 = 0x0403_4B50
  static let central: UInt32 = 0x0201_4B50
  static let descriptor: UInt32 = 0x0807_4B50
  static let end: UInt32 = 0x0605_4B50
  static let end64: UInt32 = 0x0606_4B50
  static let locator64: UInt32 = 0x0706_4B50

  /// Stands where the number is in a zip64 record.
  static let wide32: UInt32 = 0xFFFF_FFFF

  /// Stands where the number is in a zip64 record.
  static let wide16: UInt16 = 0xFFFF

  /// The extra field that holds numbers of 64 bits.
  static let extra64: UInt16 = 1
}
