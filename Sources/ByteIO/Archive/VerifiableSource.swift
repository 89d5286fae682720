public import Tensors

/// A source that can compare all its bytes with a sum of its own file's.
public protocol VerifiableSource: TensorSource {
  /// Compares the bytes with their sum, once however often it is called.
  ///
  /// - Throws: `StateError` with code `checksumMismatch` or `malformed`.
  func verify() throws
}
