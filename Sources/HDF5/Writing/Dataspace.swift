internal import CHDF5
internal import Tensors

/// Extents as libhdf5 describes them.
enum Dataspace {
  /// A scalar for no dimensions, an array otherwise.
  static func handle(_ dimensions: [Int]) throws -> Handle {
    if dimensions.isEmpty { return try Handle(H5Screate(H5S_SCALAR), "make a dataspace") }
    return try unsafe Handle(
      H5Screate_simple(Int32(dimensions.count), dimensions.map { hsize_t($0) }, nil),
      "make a dataspace",
      code: .cannotCreate
    )
  }

  /// The greatest dimensions of a space of some rank, `nil` along axes that may grow without end.
  static func maximum(of space: hid_t, rank: Int) throws -> [Int?] {
    var dimensions = [hsize_t](repeating: 0, count: rank)
    var greatest = dimensions
    try unsafe Gate.check(
      H5Sget_simple_extent_dims(space, &dimensions, &greatest),
      "read a shape"
    )
    // `H5S_UNLIMITED` is the greatest number of the type.
    return greatest.map { $0 == .max ? nil : Int(clamping: $0) }
  }

  /// The dimensions of a space; none for a scalar, `nil` for a null space.
  static func dimensions(of space: hid_t) throws -> [UInt64]? {
    if H5Sget_simple_extent_type(space) == H5S_NULL { return nil }
    let rank = try Gate.check(H5Sget_simple_extent_ndims(space), "read a shape")
    guard rank <= Limits.rank else {
      throw StateError(
        .limitExceeded,
        "a dataset has \(rank) axes",
        expected: "at most \(Limits.rank)"
      )
    }
    var dimensions = [hsize_t](repeating: 0, count: Int(rank))
    try unsafe Gate.check(H5Sget_simple_extent_dims(space, &dimensions, nil), "read a shape")
    return dimensions.map { UInt64($0) }
  }
}
