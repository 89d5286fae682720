public import Tensors

/// A number of an optimizer as a whole that its updates change, so that a run goes on from it.
///
/// Records keep it among the hyper-parameters, of a group among its own.
public struct ScalarDescription: Sendable, Hashable {
  /// The record's word for it.
  public let key: String

  /// What it is before the first update.
  public let beginning: AttributeValue

  /// The setting whose value it begins at where the record has one.
  public let beginsAs: String?

  /// Whether it is the number of updates.
  public let isCount: Bool

  /// A number with its value at the beginning.
  init(
    _ key: String,
    _ beginning: AttributeValue,
    beginsAs setting: String? = nil,
    isCount: Bool = false
  ) {
    self.key = key
    self.beginning = beginning
    beginsAs = setting
    self.isCount = isCount
  }
}
