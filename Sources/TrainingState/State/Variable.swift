public import Tensors

/// A parameter of the model and what the optimizer keeps for it.
public struct Variable: Sendable {
  /// Its name.
  public var name: String

  /// Its own value, `nil` where the source holds slots for it and nothing else.
  public var value: StateTensor?

  /// What the optimizer keeps for it, in the source's order.
  public var slots: [Slot]

  /// Updates applied to it, where the source counts per variable.
  ///
  /// How many of them its moments have seen is told by ``Slot/history``.
  public var step: Int64?

  /// Describes a variable.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - value: Its own value.
  ///   - slots: What the optimizer keeps for it.
  ///   - step: Updates applied to it, where they are counted per variable.
  public init(_ name: String, value: StateTensor?, slots: [Slot] = [], step: Int64? = nil) {
    self.name = name
    self.value = value
    self.slots = slots
    self.step = step
  }

  /// The count of updates from which the variable's slots have been kept, 0 unless it was reset.
  ///
  /// A rule that corrects its bias counts from here. Where slots were reset apart it is the earliest
  /// count, since a correction that is too small does less harm than one that is too large.
  public var slotsStart: Int64 { slots.lazy.map(\.history.start).min() ?? 0 }

  /// A slot by name, `nil` where there is none; setting puts it in the place of the one of its name or behind all, and
  /// `nil` takes it out.
  ///
  /// - Parameter name: The slot's canonical name.
  public subscript(_ name: SlotName) -> Slot? {
    get { slots.first { $0.name == name } }
    set { slots.replaceFirst(where: { $0.name == name }, by: newValue) }
  }
}
