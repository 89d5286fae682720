internal import ByteIO
package import HDF5
public import Tensors

/// Recorded gradients: an HDF5 file with a group per update, `1` for the first one after the state, and
/// in it a dataset per variable at the variable's name.
public struct GradientFile: Sendable {
  /// Path of the file.
  public let path: String

  private let file: PositionalFile
  private let cache = ChunkCache()
  private let steps: [Int: [(name: String, dataset: HDF5DatasetInfo)]]

  /// Opens a file; no gradient is read.
  ///
  /// - Parameter path: The file.
  /// - Throws: `StateError` when it is no such file.
  public init(_ path: String) throws {
    try self.init(path) { try HDF5Catalog.read($0) }
  }

  /// Takes the groups from a catalog.
  package init(_ path: String, catalog: (_ path: String) throws -> HDF5Catalog) throws {
    self.path = path
    do {
      file = try PositionalFile.open(path)
      var steps: [Int: [(name: String, dataset: HDF5DatasetInfo)]] = [:]
      for object in try catalog(path).objects {
        guard let first = object.path.first else { continue }
        guard let step = Int(first), step > 0, String(step) == first else {
          throw StateError(
            .malformed,
            "'\(first)' numbers no update",
            expected: "groups called 1, 2, …"
          )
        }
        if let dataset = object.dataset {
          steps[step, default: []].append(
            (object.path.dropFirst().joined(separator: "/"), dataset)
          )
        }
      }
      self.steps = steps
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// The gradients of one update.
  ///
  /// - Parameter step: Number of the update, 1 for the first one after the state.
  /// - Returns: Gradients by the names of their variables.
  /// - Throws: `StateError` with code `malformed` when the file has no gradients for it.
  public func gradients(_ step: Int) throws -> [ExactName: Tensor] {
    guard let entries = steps[step] else {
      throw StateError(
        .malformed,
        "the file has no gradients for update \(step)",
        file: path,
        expected: "a group '\(step)'",
        found: "\(steps.count) groups"
      )
    }
    var gradients: [ExactName: Tensor] = [:]
    for (name, dataset) in entries {
      do {
        gradients[ExactName(name)] = try dataset.tensor(in: file, cache: cache)
      } catch let error as StateError {
        throw error.inContext(file: path, tensor: name)
      }
    }
    return gradients
  }
}
