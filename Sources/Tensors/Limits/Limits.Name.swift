extension Limits {
  /// The bounds by name.
  public enum Name: String, Sendable, CaseIterable {
    /// Tensors, groups or members of one file.
    case tensors
    /// Bytes of a name, TensorFlow's longest test key included.
    case nameBytes = "name_bytes"
    /// Bytes of an index, a directory or a catalog, held in memory.
    case indexBytes = "index_bytes"
    /// Bytes of a safetensors header or a shard index, held in memory.
    case headerBytes = "header_bytes"
    /// Bytes of a text, such as a configuration, a naming map or a `checkpoint` file, held in memory.
    case textBytes = "text_bytes"
    /// Bytes of a tensor whose elements differ in length, held in memory.
    case stringBytes = "string_bytes"
    /// Bytes of one compressed chunk after decompression, held in memory.
    case chunkBytes = "chunk_bytes"
    /// Bytes of a pickle, held in memory.
    case pickleBytes = "pickle_bytes"
    /// Objects of a pickle, each as often as it is used.
    case pickleObjects = "pickle_objects"
    /// Bytes of an archive's members after inflation, kept in a file without a name.
    case inflatedBytes = "inflated_bytes"
    /// How often the tensors of a file, or its attributes, may take its bytes between them.
    case sharing
    /// Groups inside groups, lists inside lists.
    case nesting
    /// Files below a directory.
    case files
    /// Bytes of address space for the process in which libhdf5 reads.
    case helperBytes = "helper_bytes"
    /// Seconds of processor time for that process.
    case helperSeconds = "helper_seconds"

    /// The bound where nobody has changed it.
    public var standard: Int {
      switch self {
      case .tensors: 10_000_000
      case .nameBytes: 1 << 20
      case .indexBytes: 1 << 30
      case .headerBytes: 100_000_000
      case .textBytes: 1 << 26
      case .stringBytes, .chunkBytes: 1 << 28
      case .pickleBytes: 1 << 27
      case .pickleObjects: 1 << 24
      case .inflatedBytes: 1 << 36
      case .sharing: 8
      case .nesting: 256
      case .files: 100_000
      case .helperBytes: 4 << 30
      case .helperSeconds: 120
      }
    }

    /// The highest value that a bound may have.
    public var ceiling: Int {
      switch self {
      // Each level takes a part of the stack.
      case .nesting: 2000
      case .sharing: 1_000_000
      case .helperSeconds: 1 << 30
      default: 1 << 48
      }
    }
  }
}

extension StateError {
  /// Something beyond one of the ``Limits``.
  ///
  /// - Parameters:
  ///   - limit: Which one.
  ///   - message: What is beyond it.
  ///   - file: Path of the file concerned.
  ///   - tensor: Name of the tensor concerned.
  ///   - offset: Absolute byte offset in the file.
  ///   - found: What was there, where that is known.
  /// - Returns: An error with code `limitExceeded` that says how to raise the limit.
  package static func exceeded(
    _ limit: Limits.Name,
    _ message: String,
    file: String? = nil,
    tensor: String? = nil,
    offset: Int? = nil,
    found: Int? = nil
  ) -> StateError {
    StateError(
      .limitExceeded,
      message,
      file: file,
      tensor: tensor,
      offset: offset,
      expected: "at most \(Limits[limit])",
      found: found.map(String.init),
      remedy: "if the file can be trusted, raise the limit: --limit \(limit.rawValue)=N"
    )
  }
}
