public import Tensors

/// What a dialect's implementation of an optimizer does that none of its files says.
public struct ImpliedSetting: Sendable, Hashable {
  /// When it does so.
  public enum Condition: Sendable, Hashable {
    /// Always.
    case always
    /// Where a number of the record is zero.
    case zero(String)
    /// Unless a number of the record is zero.
    case unlessZero(String)
  }

  /// The dialect.
  public let dialect: Dialect

  /// The record's word.
  public let setting: String

  /// Its value.
  public let value: AttributeValue

  /// When it is so.
  public let condition: Condition

  init(
    _ dialect: Dialect,
    _ setting: String,
    _ value: AttributeValue,
    _ condition: Condition = .always
  ) {
    self.dialect = dialect
    self.setting = setting
    self.value = value
    self.condition = condition
  }

  /// Whether a record's values have it so.
  ///
  /// - Parameter values: The record's hyper-parameters.
  /// - Returns: Whether they do.
  public func applies(to values: [String: AttributeValue]) -> Bool {
    switch condition {
    case .always: true
    case .zero(let name): Self.isZero(values[name])
    case .unlessZero(let name): !Self.isZero(values[name])
    }
  }

  private static func isZero(_ value: AttributeValue?) -> Bool {
    switch value {
    case .int(let number)?: number == 0
    case .double(let number)?: number == 0
    default: false
    }
  }
}
