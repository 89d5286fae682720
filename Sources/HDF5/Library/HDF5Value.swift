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
}
