/// Something that can deliver any byte range of one tensor: a part of a file, or a view of another
/// tensor.
///
/// A source is shared between threads and answers all of them at once. Its identity tells whether
/// two tensors draw from the same bytes.
public protocol TensorSource: AnyObject, Sendable {
  /// Fills a buffer with the tensor's little-endian, row-major bytes.
  ///
  /// - Parameters:
  ///   - buffer: The memory to fill, valid only during the call.
  ///   - offset: Where in the tensor the range begins; the caller has checked that it ends within.
  /// - Throws: ``StateError`` when the bytes cannot be had.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws

  /// The tensors that a view draws from, whose recorded checksums vouch for the view.
  var origins: [Tensor] { get }
}

extension TensorSource {
  /// None: the source is no view.
  public var origins: [Tensor] { [] }
}
