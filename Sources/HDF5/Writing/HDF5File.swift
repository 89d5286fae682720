internal import CHDF5
internal import Tensors

/// An HDF5 file being written.
public final class HDF5File {
  private let handle: Handle

  /// The group at the top.
  public let root: HDF5Group

  /// Creates a file.
  ///
  /// The library may use the file format of HDF5 1.8 and later, whose groups take a fraction of the
  /// space of the older ones and whose attributes may exceed 64 KiB.
  ///
  /// - Parameter path: The file, which must not exist.
  /// - Throws: `StateError` with code `cannotCreate`.
  public init(creating path: String) throws {
    (handle, root) = try Gate.locked {
      let access = try Gate.fileAccess()
      try Gate.check(
        H5Pset_libver_bounds(access.id, H5F_LIBVER_V18, H5F_LIBVER_V18),
        "choose a file format"
      )
      let creation = try Handle(H5Pcreate(optstate_h5p_file_create()), "make a property list")
      try CreationProperties.describeGroup(creation)
      let file = try unsafe Handle(
        H5Fcreate(path, optstate_h5f_create_new(), creation.id, access.id),
        "create the file",
        code: .cannotCreate
      )
      let root = try unsafe Handle(H5Gopen2(file.id, "/", 0), "open the root group")
      return (file, HDF5Group(root, try CreationProperties()))
    }
  }

  /// Writes everything that libhdf5 still holds, so that an error can reach somebody.
  ///
  /// - Throws: `StateError` with code `inputOutput`.
  public func flush() throws {
    try Gate.locked {
      try Gate.check(H5Fflush(handle.id, H5F_SCOPE_GLOBAL), "write the file", code: .inputOutput)
    }
  }
}
