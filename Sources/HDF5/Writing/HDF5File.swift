internal import ByteIO
internal import CHDF5
internal import Tensors

/// An HDF5 file being written.
public final class HDF5File {
  private let id: hid_t
  private var isOpen = true

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
    (id, root) = try Gate.locked {
      let access = try Gate.fileAccess()
      try Gate.check(
        H5Pset_libver_bounds(access.id, H5F_LIBVER_V18, H5F_LIBVER_V18),
        "choose a file format"
      )
      // Closing the file closes whatever of it is still open.
      try Gate.check(H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG), "choose how to close")
      let creation = try Handle(H5Pcreate(optstate_h5p_file_create()), "make a property list")
      try CreationProperties.describeGroup(creation)
      let file = try TemporaryFiles.uninterrupted {
        try unsafe Gate.check(
          H5Fcreate(path, optstate_h5f_create_new(), creation.id, access.id),
          "create the file",
          code: .cannotCreate
        )
      }
      do {
        let root = try unsafe Handle(H5Gopen2(file, "/", 0), "open the root group")
        return (file, HDF5Group(root, try CreationProperties()))
      } catch {
        Gate.close(file)
        throw error
      }
    }
  }

  deinit { if isOpen { Gate.close(id) } }

  /// Writes everything that libhdf5 still holds, so that an error can reach somebody.
  ///
  /// - Throws: `StateError` with code `inputOutput`.
  public func flush() throws {
    try Gate.locked {
      try Gate.check(H5Fflush(id, H5F_SCOPE_GLOBAL), "write the file", code: .inputOutput)
    }
  }

  /// Writes what is left, the mark that the file is whole last of all, and closes it with all its groups
  /// and datasets.
  ///
  /// - Throws: `StateError` with code `inputOutput`.
  /// - Precondition: The file is open.
  public func close() throws {
    precondition(isOpen, "the file is closed")
    // After a failure, too: libhdf5 1.10 does not survive a second attempt.
    isOpen = false
    try Gate.locked { try Gate.check(H5Fclose(id), "finish the file", code: .inputOutput) }
  }
}
