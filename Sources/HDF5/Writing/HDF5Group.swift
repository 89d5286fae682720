internal import CHDF5
public import Tensors

/// A group of a file being written.
public final class HDF5Group: Sendable {
  private let handle: Handle
  private let properties: CreationProperties

  init(_ handle: Handle, _ properties: CreationProperties) {
    self.handle = handle
    self.properties = properties
  }

  /// Creates a group in this one.
  ///
  /// - Parameter name: Its name, a single component.
  /// - Returns: The new group.
  /// - Throws: `StateError` with code `cannotCreate`.
  public func createGroup(_ name: String) throws -> HDF5Group {
    try Gate.locked {
      let group = try unsafe Handle(
        H5Gcreate2(handle.id, name, properties.links.id, properties.group.id, 0),
        "create the group '\(name)'",
        code: .cannotCreate
      )
      return HDF5Group(group, properties)
    }
  }

  /// Creates a dataset in this group and gives it its place in the file.
  ///
  /// - Parameters:
  ///   - name: Its name, a single component.
  ///   - type: Type of its elements.
  ///   - dimensions: Elements along each axis; none for a scalar.
  ///   - chunk: Elements of a chunk along each axis, or `nil` for contiguous data.
  ///   - deflateLevel: Compression of the chunks after shuffling their bytes.
  ///   - asNumPy: Whether bfloat16 is stored as h5py stores NumPy's, in place of an integer's bits.
  /// - Returns: The new dataset.
  /// - Throws: `StateError` with code `cannotCreate`.
  public func createDataset(
    _ name: String,
    _ type: ElementType,
    _ dimensions: [Int],
    chunk: [Int]? = nil,
    deflateLevel: Int? = nil,
    asNumPy: Bool = false
  ) throws -> HDF5Dataset {
    try Gate.locked {
      let datatype =
        asNumPy && type == .bfloat16
        ? (handle: try Datatype.opaqueBFloat16(), isExact: false)
        : try Datatype.handle(for: type)
      let space = try Dataspace.handle(dimensions)
      var creation = properties.contiguous
      if let chunk {
        creation = try CreationProperties.dataset()
        try unsafe Gate.check(
          H5Pset_chunk(creation.id, Int32(chunk.count), chunk.map { hsize_t($0) }),
          "choose chunks"
        )
        if let deflateLevel {
          try Gate.check(H5Pset_shuffle(creation.id), "choose a filter")
          try Gate.check(H5Pset_deflate(creation.id, UInt32(deflateLevel)), "choose a filter")
        }
      }
      let dataset = try unsafe Handle(
        H5Dcreate2(
          handle.id,
          name,
          datatype.handle.id,
          space.id,
          properties.links.id,
          creation.id,
          0
        ),
        "create the dataset '\(name)'",
        code: .cannotCreate
      )
      let result = HDF5Dataset(dataset)
      if !datatype.isExact { try result.setAttribute("dtype", .text(type.rawValue)) }
      return result
    }
  }

  /// Opens a group that this one holds.
  ///
  /// - Parameter path: Its path from here, components separated by slashes.
  /// - Returns: The group.
  /// - Throws: `StateError` when it cannot be opened.
  public func openGroup(_ path: String) throws -> HDF5Group {
    try Gate.locked {
      HDF5Group(
        try unsafe Handle(H5Gopen2(handle.id, path, 0), "open the group '\(path)'"),
        properties
      )
    }
  }

  /// Opens a dataset that this group holds.
  ///
  /// - Parameter path: Its path from here, components separated by slashes.
  /// - Returns: The dataset.
  /// - Throws: `StateError` when it cannot be opened.
  public func openDataset(_ path: String) throws -> HDF5Dataset {
    try Gate.locked {
      HDF5Dataset(try unsafe Handle(H5Dopen2(handle.id, path, 0), "open the dataset '\(path)'"))
    }
  }

  /// Gives the group an attribute.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - value: Its value.
  /// - Throws: `StateError` with code `cannotCreate`.
  public func setAttribute(_ name: String, _ value: HDF5Value) throws {
    try Attribute.write(name, value, to: handle)
  }

  /// Gives the group a text in the form that h5py gives Python's byte strings.
  ///
  /// - Parameters:
  ///   - name: The attribute's name.
  ///   - text: Its value.
  /// - Throws: `StateError` with code `cannotCreate`.
  public func setByteString(_ name: String, _ text: String) throws {
    try Attribute.writeASCII(name, [text], isList: false, to: handle)
  }

  /// Gives the group a list of texts in the form that h5py gives lists of Python's byte strings: padded
  /// to the longest; an empty list of numbers where there is none.
  ///
  /// - Parameters:
  ///   - name: The attribute's name.
  ///   - texts: Its value.
  /// - Throws: `StateError` with code `cannotCreate`.
  public func setByteStrings(_ name: String, _ texts: [String]) throws {
    try Attribute.writeASCII(name, texts, isList: true, to: handle)
  }
}
