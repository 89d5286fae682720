internal import CHDF5
public import Tensors

/// A group of a file being written.
public final class HDF5Group: Sendable {
  private let handle: Handle

  init(_ handle: Handle) {
    self.handle = handle
  }

  /// Creates a group in this one.
  ///
  /// - Parameter name: Its name, a single component.
  /// - Returns: The new group.
  /// - Throws: `StateError` with code `cannotCreate`.
  public func createGroup(_ name: String) throws -> HDF5Group {
    try Gate.locked {
      let links = try Self.utf8Links()
      let creation = try Handle(H5Pcreate(optstate_h5p_group_create()), "make a property list")
      try Gate.check(H5Pset_obj_track_times(creation.id, false), "leave out times")
      let group = try unsafe Handle(
        H5Gcreate2(handle.id, name, links.id, creation.id, 0),
        "create the group '\(name)'",
        code: .cannotCreate
      )
      return HDF5Group(group)
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
      let creation = try Handle(H5Pcreate(optstate_h5p_dataset_create()), "make a property list")
      let links = try Self.utf8Links()
      try Gate.check(H5Pset_obj_track_times(creation.id, false), "leave out times")
      try Gate.check(H5Pset_fill_time(creation.id, H5D_FILL_TIME_NEVER), "leave data unfilled")
      if let chunk {
        try unsafe Gate.check(
          H5Pset_chunk(creation.id, Int32(chunk.count), chunk.map { hsize_t($0) }),
          "choose chunks"
        )
        if let deflateLevel {
          try Gate.check(H5Pset_shuffle(creation.id), "choose a filter")
          try Gate.check(H5Pset_deflate(creation.id, UInt32(deflateLevel)), "choose a filter")
        }
      } else {
        try Gate.check(H5Pset_alloc_time(creation.id, H5D_ALLOC_TIME_EARLY), "allocate data")
      }
      let dataset = try unsafe Handle(
        H5Dcreate2(handle.id, name, datatype.handle.id, space.id, links.id, creation.id, 0),
        "create the dataset '\(name)'",
        code: .cannotCreate
      )
      let result = HDF5Dataset(dataset)
      if !datatype.isExact { try result.setAttribute("dtype", .text(type.rawValue)) }
      return result
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

  /// Names are UTF-8, and say so.
  private static func utf8Links() throws -> Handle {
    let links = try Handle(H5Pcreate(optstate_h5p_link_create()), "make a property list")
    try Gate.check(H5Pset_char_encoding(links.id, H5T_CSET_UTF8), "choose an encoding")
    return links
  }
}
