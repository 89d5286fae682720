public import Tensors

/// Type, shape and place of a dataset.
public struct HDF5DatasetInfo: Sendable, Hashable {
  /// Type of the elements, `nil` where it is nothing that a tensor could be made of.
  public let elementType: ElementType?

  /// Elements along each axis.
  public let shape: Shape

  /// Where the bytes are.
  public let storage: Storage

  /// Bytes of the elements, 0 where they are nothing that a tensor could be made of.
  public var byteCount: Int { elementType.flatMap { try? shape.byteCount(of: $0) } ?? 0 }

  /// Where a dataset keeps its bytes.
  public enum Storage: Sendable, Hashable {
    /// In one piece, from an absolute offset on.
    case contiguous(offset: Int)
    /// In the dataset's own header.
    case compact([UInt8])
    /// In pieces of equal shape, each filtered on its own.
    case chunked(dimensions: [Int], filters: [Filter], chunks: [Chunk])
    /// Nowhere: no elements, or none that was ever written, or elements that are no numbers.
    case absent
  }

  /// A transformation of a chunk's bytes.
  public enum Filter: UInt8, Sendable, Hashable {
    /// zlib's deflate.
    case deflate
    /// First bytes of all elements first, then the second, and so on.
    case shuffle
  }

  /// A chunk in the file.
  public struct Chunk: Sendable, Hashable {
    /// First element along each axis.
    public let position: [Int]
    /// Absolute offset of the stored bytes.
    public let offset: Int
    /// Number of stored bytes.
    public let byteCount: Int
    /// Filters that were left out for this chunk, a bit each.
    public let skippedFilters: UInt32
  }
}
