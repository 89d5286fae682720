public import Tensors

/// Which tensor of a flat list of named tensors is what: how a state lies in a format that knows
/// nothing but names.
public struct FlatLayout: Sendable {
  /// Where the tensors of one variable are.
  public struct Member: Sendable {
    /// The variable's name in the hub.
    public var name: String

    /// Name of the tensor that is its value.
    public var value: String?

    /// Its slots, and the name of the tensor that each is.
    public var slots: [(slot: SlotName, key: String)]

    /// Name of the scalar that counts its updates.
    public var step: String?

    /// Describes where the tensors of a variable are.
    ///
    /// - Parameters:
    ///   - name: The variable's name in the hub.
    ///   - value: Name of the tensor that is its value.
    ///   - slots: Its slots, and the name of the tensor that each is.
    ///   - step: Name of the scalar that counts its updates.
    public init(
      _ name: String,
      value: String? = nil,
      slots: [(slot: SlotName, key: String)] = [],
      step: String? = nil
    ) {
      self.name = name
      self.value = value
      self.slots = slots
      self.step = step
    }
  }

  /// The variables in the hub's order.
  public var variables: [Member] = []

  /// Name of the scalar that is the global step.
  public var globalStep: String?

  /// Tensors of the optimizer as a whole: their names in the hub and in the list.
  public var optimizerTensors: [(name: String, key: String)] = []

  /// A layout of nothing.
  public init() {}

  /// The name of a slot's tensor where the source has none of its own.
  ///
  /// - Parameters:
  ///   - slot: The slot.
  ///   - variable: The variable's name.
  /// - Returns: `<variable>/<slot>`.
  public static func key(of slot: SlotName, _ variable: String) -> String {
    "\(variable)/\(slot.rawValue)"
  }

  /// Puts the tensors of a list where they belong; those that the layout does not name become
  /// variables.
  ///
  /// - Parameters:
  ///   - tensors: The tensors under the list's names.
  ///   - origin: Where the list comes from.
  /// - Returns: The state.
  /// - Throws: `StateError` with code `malformed` when a tensor that the layout names is missing or
  ///   a step is no whole number.
  public func state(of tensors: [StateTensor], from origin: Origin) throws -> TrainingState {
    var rest = Dictionary(
      tensors.enumerated().map { (ExactName($1.name), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    func take(_ key: String, as name: String) throws -> StateTensor {
      guard let place = rest.removeValue(forKey: ExactName(key)) else {
        throw StateError(
          .malformed,
          "the file lacks a tensor that its description names",
          tensor: key
        )
      }
      var tensor = tensors[place]
      tensor.name = name
      if ExactName(name) != ExactName(key) { tensor.sourceName = key }
      return tensor
    }
    var state = TrainingState(origin: origin)
    if let globalStep {
      let tensor = try take(globalStep, as: StepTensor.globalName)
      state.globalStep = try StepTensor.globalStep(tensor, format: origin.format)
    }
    state.optimizerTensors = try optimizerTensors.map { try take($0.key, as: $0.name) }
    for member in variables {
      var variable = Variable(member.name, value: nil)
      variable.value = try member.value.map { try take($0, as: member.name) }
      variable.slots = try member.slots.map { slot, key in
        Slot(slot, try take(key, as: Self.key(of: slot, member.name)))
      }
      if let key = member.step {
        let step = try take(key, as: member.name)
        try StepTensor.add(step, key: key, to: &variable, format: origin.format)
      }
      state.variables.append(variable)
    }
    for place in rest.values.sorted() {
      state.variables.append(Variable(tensors[place].name, value: tensors[place]))
    }
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    return state
  }

  /// Lays a state out as a list: under the source's own names where it comes from the same format,
  /// else variables by name, slots as `<variable>/<slot>`.
  ///
  /// - Parameters:
  ///   - state: The state; its extras are left to the caller.
  ///   - format: The format that is written.
  /// - Returns: The layout, and the tensors under the list's names.
  /// - Throws: `StateError` with code `malformed` when an attribute of the source is damaged.
  public static func of(
    _ state: TrainingState,
    format: String
  ) throws -> (layout: FlatLayout, tensors: [StateTensor]) {
    let isOurs = state.origin.format == format
    var layout = FlatLayout()
    var tensors: [StateTensor] = []
    func add(_ tensor: StateTensor, _ name: String) -> String {
      var copy = tensor
      copy.name = isOurs ? tensor.sourceName ?? name : name
      tensors.append(copy)
      return copy.name
    }
    for variable in state.variables {
      var member = Member(variable.name)
      member.value = variable.value.map { add($0, variable.name) }
      member.slots = variable.slots.map { slot in
        (slot.name, add(slot.tensor, key(of: slot.name, variable.name)))
      }
      if let step = try StepTensor.tensor(of: variable, format: format, isOurs: isOurs) {
        member.step = step.name
        tensors.append(step)
      }
      layout.variables.append(member)
    }
    if let step = state.globalStep {
      let tensor = try StepTensor.tensor(of: step, format: format, isOurs: isOurs)
      layout.globalStep = add(tensor, tensor.name)
    }
    layout.optimizerTensors = state.optimizerTensors.map { ($0.name, add($0, $0.name)) }
    return (layout, tensors)
  }
}
