/// A group or a dataset.
public struct HDF5Object: Sendable, Hashable {
  /// Its names from the root down; none for the root.
  public let path: [String]

  /// Its attributes, without those of a type that is neither number, truth value nor text.
  public let attributes: [String: HDF5Value]

  /// What it is as a dataset, `nil` for a group.
  public let dataset: HDF5DatasetInfo?

  /// Where in the HDF5 file a group's table of links begins, which shows when the group was made; `nil` for datasets,
  /// and for groups that keep their links otherwise.
  package let linkTable: Int?

  package init(
    path: [String],
    attributes: [String: HDF5Value],
    dataset: HDF5DatasetInfo?,
    linkTable: Int? = nil
  ) {
    self.path = path
    self.attributes = attributes
    self.dataset = dataset
    self.linkTable = linkTable
  }
}
