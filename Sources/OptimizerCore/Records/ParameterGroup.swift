public import Tensors

/// Variables that an optimizer treats in their own way.
public struct ParameterGroup: Sendable, Hashable {
  /// What the source calls the group, where it has a name.
  public var name: String?

  /// The members' rule where it is not the optimizer's, as AdamW's beside Muon; it inherits no hyper-parameter.
  public var kind: String?

  /// Hyper-parameters that replace the optimizer's for the members; all of them where the kind is the group's own.
  public var overrides: [String: HyperparameterValue]

  /// Names of the variables in the group, in the source's order.
  public var members: [String]

  /// Describes a group.
  ///
  /// - Parameters:
  ///   - name: What the source calls the group.
  ///   - kind: The members' rule where it is not the optimizer's.
  ///   - overrides: Hyper-parameters that replace the optimizer's for the members.
  ///   - members: Names of the variables in the group.
  public init(
    name: String? = nil,
    kind: String? = nil,
    overrides: [String: HyperparameterValue] = [:],
    members: [String]
  ) {
    self.name = name
    self.kind = kind
    self.overrides = overrides
    self.members = members
  }
}
