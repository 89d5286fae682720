/// The value of an attribute.
public enum HDF5Value: Sendable, Hashable {
  /// A signed integer of at most 64 bits.
  case integer(Int64)
  /// An unsigned integer of 32 bits, as checksums are.
  case unsigned(UInt32)
  /// A floating-point number.
  case real(Double)
  /// A truth value, stored as h5py stores it: an enumeration of FALSE and TRUE.
  case bool(Bool)
  /// UTF-8 text.
  case text(String)
  /// A list of signed integers.
  case integers([Int64])
  /// A list of floating-point numbers.
  case reals([Double])
  /// A list of UTF-8 texts.
  case texts([String])

  /// Bytes that it takes in memory, about.
  var byteCount: Int {
    switch self {
    case .integer, .unsigned, .real, .bool: 8
    case .text(let text): text.utf8.count
    case .integers(let numbers): 8 * numbers.count
    case .reals(let numbers): 8 * numbers.count
    case .texts(let texts): texts.reduce(0) { $0 + $1.utf8.count }
    }
  }
}
