public import Tensors

/// What an optimizer is: what it keeps, whether it corrects its moments' bias, and how each framework says so.
public struct OptimizerDescription: Sendable {
  /// Whether an optimizer divides its moments by `1 - betaᵗ`.
  public enum BiasCorrection: String, Sendable, Hashable {
    /// It leaves them as they are.
    case never
    /// It always does.
    case always
    /// Its record says so, under `bias_correction`.
    case recorded
    /// It has no moments that any correction is known for.
    case inapplicable
  }

  /// When a slot is there.
  public enum Presence: Sendable, Hashable {
    /// Always, where the variable's shape allows.
    case always
    /// Where a hyper-parameter of the record is on.
    case setting(String)
    /// Where an option is on that records have no word for.
    case option
  }

  /// A slot of an optimizer.
  public struct KeptSlot: Sendable, Hashable {
    /// The slot.
    public let name: SlotName

    /// When it is there.
    public let presence: Presence
  }

  /// The record's word for it, such as `adamw`.
  public let kind: String

  /// What it is, in a line, with its source.
  public let summary: String

  /// Its slots, in the hub's order.
  public let slots: [KeptSlot]

  /// Numbers of the optimizer as a whole that updates change.
  public let scalars: [ScalarDescription]

  /// Whether it corrects the bias of its moments.
  public let biasCorrection: BiasCorrection

  /// Each framework's words for its slots.
  public let rows: [DialectRow]

  /// Classes of it for Keras, Keras' own first; none where Keras has no such optimizer.
  public let kerasClasses: [String]

  /// Keras' class of it, `nil` where Keras has none.
  public var kerasClass: String? { kerasClasses.first }

  init(
    _ kind: String,
    _ summary: String,
    slots: [KeptSlot],
    scalars: [ScalarDescription] = [],
    biasCorrection: BiasCorrection = .inapplicable,
    kerasClasses: [String] = [],
    rows: [DialectRow] = []
  ) {
    self.kind = kind
    self.summary = summary
    self.slots = slots
    self.scalars = scalars
    self.biasCorrection = biasCorrection
    self.kerasClasses = kerasClasses
    self.rows = rows
  }

  /// Whether it keeps decayed means of gradients and of their squares that begin at zero, and with them Adam's bias.
  public var hasAdamsMoments: Bool {
    let names = slots.map(\.name)
    return biasCorrection != .inapplicable && names.contains(.firstMoment)
      && names.contains(.secondMoment)
  }

  /// A dialect's words for the slots, in the order in which it keeps them; empty where it has none.
  ///
  /// - Parameter dialect: The dialect.
  /// - Returns: The first row of the dialect.
  public func words(in dialect: Dialect) -> [DialectRow.Word] {
    rows(in: dialect).first?.words ?? []
  }

  /// A dialect's rows for the optimizer.
  ///
  /// - Parameter dialect: The dialect.
  /// - Returns: The rows, none where it has no words for the optimizer.
  public func rows(in dialect: Dialect) -> [DialectRow] { rows.filter { $0.dialect == dialect } }
}

extension OptimizerDescription.KeptSlot {
  static func always(_ name: SlotName) -> Self { Self(name: name, presence: .always) }

  static func when(_ setting: String, _ name: SlotName) -> Self {
    Self(name: name, presence: .setting(setting))
  }

  static func option(_ name: SlotName) -> Self { Self(name: name, presence: .option) }
}

extension OptimizerDescription.Presence: CustomStringConvertible {
  /// `always`, `with SETTING`, or `optional`.
  public var description: String {
    switch self {
    case .always: "always"
    case .setting(let setting): "with \(setting)"
    case .option: "optional"
    }
  }
}
