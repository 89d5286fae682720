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

    /// What it is before the first update where others' of the name are something else.
    public let beginning: Double?

    init(name: SlotName, presence: Presence, beginning: Double? = nil) {
      self.name = name
      self.presence = presence
      self.beginning = beginning
    }
  }

  /// The record's word for it, such as `adamw`.
  public let kind: String

  /// What it is, in a line, with its source.
  public let summary: String

  /// Its slots, in the hub's order.
  public let slots: [KeptSlot]

  /// Numbers of the optimizer as a whole that updates change.
  public let scalars: [ScalarDescription]
  /// What those of its slots are that no other optimizer keeps.
  public let ownSlots: [SlotDescription]

  /// Whether it corrects the bias of its moments.
  public let biasCorrection: BiasCorrection

  /// Each framework's words for its slots.
  public let rows: [DialectRow]

  /// The words for its settings, of frameworks that keep these beside the slots.
  public let settingRows: [SettingRow]

  /// The kind that goes on from its slots where a framework has another optimizer in its place, `nil` where none does.
  public let successor: String?

  /// Whether the source's code has its settings in it, so that a state need not say them.
  public let hasFixedSettings: Bool

  /// The kind that it is but for how its weights decay, `nil` where it is none's other form; both keep the same.
  public let plainForm: String?

  /// The dialects in which its momentum buffers hold steps, the rate of their time in them, rather than gradients; none
  /// where all hold the same.
  public let stepBuffers: Set<Dialect>

  /// What dialects do that their files do not say.
  public let implied: [ImpliedSetting]

  /// What Keras' configurations tell of it.
  public let keras: KerasTraits

  /// The states that optax keeps for it, `nil` where optax has no such optimizer or another tuple of states each time.
  public let optaxTuple: StateTuple?

  /// Classes of it for Keras, Keras' own first; none where Keras has no such optimizer.
  public let kerasClasses: [String]

  /// Keras' class of it, `nil` where Keras has none.
  public var kerasClass: String? { kerasClasses.first }

  init(
    _ kind: String,
    _ summary: String,
    slots: [KeptSlot],
    scalars: [ScalarDescription] = [],
    ownSlots: [SlotDescription] = [],
    biasCorrection: BiasCorrection = .inapplicable,
    kerasClasses: [String] = [],
    rows: [DialectRow] = [],
    settings: [SettingRow] = [],
    successor: String? = nil,
    hasFixedSettings: Bool = false,
    plainForm: String? = nil,
    stepBuffers: Set<Dialect> = [],
    implied: [ImpliedSetting] = [],
    keras: KerasTraits = KerasTraits(),
    optaxTuple: StateTuple? = nil
  ) {
    self.kind = kind
    self.summary = summary
    self.slots = slots
    self.scalars = scalars
    self.ownSlots = ownSlots
    self.biasCorrection = biasCorrection
    self.kerasClasses = kerasClasses
    self.rows = rows
    settingRows = settings
    self.successor = successor
    self.hasFixedSettings = hasFixedSettings
    self.plainForm = plainForm
    self.stepBuffers = stepBuffers
    self.implied = implied
    self.keras = keras
    self.optaxTuple = optaxTuple
  }

  /// Whether its momentum follows a schedule of its own.
  public var hasFallingMomentum: Bool { slots.contains { $0.name == .momentumProduct } }

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

  /// A dialect's words for the settings.
  ///
  /// - Parameter dialect: The dialect.
  /// - Returns: The row, `nil` where it has none for the optimizer.
  public func settings(in dialect: Dialect) -> SettingRow? {
    settingRows.first { $0.dialect == dialect }
  }

  /// The slots that a variable has whatever its shape and the settings are.
  ///
  /// A variable has either its factors or the whole, and has no axis but its own.
  public var requiredSlots: [SlotName] {
    let always = slots.filter { $0.presence == .always }.map(\.name)
    let forms = always.compactMap { SlotDescription.of($0)?.form }
    if forms.contains(.rows) { return [] }
    return always.filter { SlotDescription.of($0)?.form.axis == nil }
  }

  /// The kind under which it and its other form go together.
  public var family: String { plainForm ?? kind }

  /// What a dialect's implementation does that its files do not say.
  ///
  /// - Parameters:
  ///   - dialect: The dialect.
  ///   - values: The record's hyper-parameters.
  /// - Returns: Hyper-parameters of the record.
  public func implied(
    in dialect: Dialect,
    by values: [String: AttributeValue]
  ) -> [String: AttributeValue] {
    let own = implied.filter { $0.dialect == dialect && $0.applies(to: values) }
    return Dictionary(own.map { ($0.setting, $0.value) }) { first, _ in first }
  }

  /// The slots that a setting brings.
  ///
  /// - Parameter setting: The record's word.
  /// - Returns: The slots.
  public func slots(with setting: String) -> [SlotName] {
    slots.filter { $0.presence == .setting(setting) }.map(\.name)
  }
}

extension OptimizerDescription.KeptSlot {
  static func always(_ name: SlotName, beginning: Double? = nil) -> Self {
    Self(name: name, presence: .always, beginning: beginning)
  }

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
