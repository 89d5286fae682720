import CHDF5
import Testing

@testable import HDF5

/// Objects of every kind that libhdf5 holds for this process.
private func openObjects() -> [Int] {
  [
    H5I_FILE, H5I_GROUP, H5I_DATATYPE, H5I_DATASPACE, H5I_DATASET, H5I_ATTR, H5I_GENPROP_LST,
    H5I_ERROR_STACK,
  ].map { kind in
    var count: hsize_t = 0
    return unsafe H5Inmembers(kind, &count) < 0 ? -1 : Int(count)
  }
}

/// Runs a body and expects that it closes whatever it opens, even where it throws.
///
/// Under the gate no other test can open or close anything meanwhile.
@discardableResult
func closesEverything<Result>(
  _ body: () throws -> Result,
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> Result {
  try Gate.locked {
    let before = openObjects()
    let result = Swift.Result { try body() }
    #expect(openObjects() == before, sourceLocation: sourceLocation)
    return try result.get()
  }
}
