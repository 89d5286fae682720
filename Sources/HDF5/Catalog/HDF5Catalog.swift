internal import Tensors

/// Everything that an HDF5 file says about itself, as plain data: groups, datasets, attributes, and
/// where in the file each dataset's bytes lie.
///
/// Once the catalog is there, libhdf5 is not needed any more: the bytes are read with positional
/// calls, outside its lock and on all cores.
public struct HDF5Catalog: Sendable, Hashable {
  /// Groups and datasets, each after the group that it is in, the root first.
  public let objects: [HDF5Object]

  private let places: [ExactName: Int]

  /// Keeps objects and finds them by path from then on.
  ///
  /// - Parameter objects: Groups and datasets, each after the group that it is in.
  public init(_ objects: [HDF5Object]) {
    self.objects = objects
    places = Dictionary(
      objects.enumerated().map { (ExactName($0.element.path.joined(separator: "/")), $0.offset) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  /// The object at a path, `nil` when there is none.
  ///
  /// - Parameter path: Components joined by `/`, empty for the root.
  /// - Returns: The object, or `nil`.
  public func object(_ path: String) -> HDF5Object? {
    places[ExactName(path)].map { objects[$0] }
  }
}
