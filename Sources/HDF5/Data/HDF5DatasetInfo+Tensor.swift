public import ByteIO
public import Tensors

extension HDF5DatasetInfo {
  /// A handle on the dataset's bytes, read without libhdf5.
  ///
  /// - Parameters:
  ///   - file: The file that the dataset is in.
  ///   - cache: Where decompressed chunks are kept, shared by the datasets of a file.
  ///   - type: The element type that the bytes stand for, where an attribute names one that HDF5 lacks.
  ///   - shape: The shape that the bytes stand for, where elements differ in length.
  ///   - checksum: CRC-32C of the bytes where it is on record.
  /// - Returns: The handle.
  /// - Throws: `StateError` with code `unsupported` when the elements are nothing that a tensor could
  ///   be made of, `malformed` when the type's width is another.
  public func tensor(
    in file: PositionalFile,
    cache: ChunkCache,
    as type: ElementType? = nil,
    shape: Shape? = nil,
    checksum: UInt32? = nil
  ) throws -> Tensor {
    guard let elementType else {
      throw StateError(
        .unsupported,
        "the dataset's elements are of a type that no tensor has",
        expected: "little-endian numbers, or h5py's truth values and complex numbers"
      )
    }
    let stored = try self.shape.byteCount(of: elementType)
    let type = type ?? elementType
    let shape = shape ?? self.shape
    if type.byteWidth != nil {
      let expected = try shape.byteCount(of: type)
      guard expected == stored else {
        throw StateError(
          .malformed,
          "a dataset of \(type.rawValue) has another size",
          expected: "\(expected) bytes",
          found: "\(stored)"
        )
      }
    }
    let source: any TensorSource =
      switch storage {
      case .contiguous(let offset): FileSource(file, at: offset)
      case .compact(let bytes): MemorySource(bytes)
      case .absent: MemorySource([])
      case .chunked(let dimensions, let filters, let chunks):
        try ChunkedSource(
          file: file,
          cache: cache,
          shape: self.shape,
          width: elementType.byteWidth ?? 1,
          chunkShape: Shape(dimensions),
          filters: filters,
          chunks: chunks
        )
      }
    return Tensor(type, shape, byteCount: stored, checksum: checksum, source: source)
  }
}
