internal import CHDF5
internal import Tensors

/// A dataset of a file being written.
public final class HDF5Dataset: Sendable {
  private let handle: Handle

  init(_ handle: Handle) {
    self.handle = handle
  }

  /// Absolute offset in the file of a contiguous dataset's bytes, `nil` when it has none.
  ///
  /// - Throws: `StateError` when libhdf5 fails.
  public func offset() throws -> Int? {
    try Gate.locked {
      let address = H5Dget_offset(handle.id)
      return address == optstate_haddr_undefined() ? nil : Int(address)
    }
  }

  /// Writes a chunk whose bytes have already passed the filters.
  ///
  /// - Parameters:
  ///   - bytes: The filtered bytes.
  ///   - position: First element of the chunk along each axis.
  /// - Throws: `StateError` with code `inputOutput`.
  public func writeChunk(_ bytes: [UInt8], at position: [Int]) throws {
    try Gate.locked {
      try unsafe Gate.check(
        H5Dwrite_chunk(handle.id, 0, 0, position.map { hsize_t($0) }, bytes.count, bytes),
        "write a chunk",
        code: .inputOutput
      )
    }
  }

  /// Gives the dataset an attribute.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - value: Its value.
  /// - Throws: `StateError` with code `cannotCreate`.
  public func setAttribute(_ name: String, _ value: HDF5Value) throws {
    try Attribute.write(name, value, to: handle)
  }
}
