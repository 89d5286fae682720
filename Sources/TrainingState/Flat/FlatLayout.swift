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

  /// Whether one scalar counts the updates of several variables.
  var sharesSteps = false

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

  /// Puts the tensors of a list where they belong; those that the layout does not name are what their names say.
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
    var steps: [ExactName: StateTensor] = [:]
    for member in variables {
      var variable = Variable(member.name, value: nil)
      variable.value = try member.value.map { try take($0, as: member.name) }
      variable.slots = try member.slots.map { slot, key in
        Slot(slot, try take(key, as: Self.key(of: slot, member.name)))
      }
      if let key = member.step {
        let step = try steps[ExactName(key)] ?? take(key, as: member.name)
        steps[ExactName(key)] = step
        try StepTensor.add(step, key: key, to: &variable, format: origin.format)
      }
      state.variables.append(variable)
    }
    if sharesSteps, let step = state.variables.compactMap(\.step).max() {
      state.globalStep = GlobalStep(counted: step)
    }
    let others = rest.values.sorted().map { tensors[$0] }
    if !others.isEmpty {
      let other = try Self.recognize(others).state(of: others, from: origin)
      state.variables += other.variables
      state.globalStep = state.globalStep ?? other.globalStep
      state.optimizerTensors += other.optimizerTensors
    }
    state.naming = NamingConvention.recognize(state.variables.lazy.map(\.name))
    return state
  }

  /// Reads a list; what is wrong with its slots and steps is noted in the state, which then has the parameters alone.
  ///
  /// - Parameters:
  ///   - tensors: The tensors under the list's names.
  ///   - origin: Where the list comes from.
  ///   - contents: What the parser found.
  /// - Returns: The state.
  /// - Throws: What has nothing to do with the data.
  package func read(
    _ tensors: [StateTensor],
    from origin: Origin,
    _ contents: Contents
  ) throws -> TrainingState {
    var read = TrainingState(origin: origin)
    try read.readOptimizer { $0 = try state(of: tensors, from: origin) }
    if read.fault != nil { read.variables = parameters(of: tensors) }
    var contents = contents
    if read.fault == nil {
      for key in variables.compactMap(\.step) { contents.claim(key, as: .step) }
    }
    read.contents = contents
    return read
  }

  /// The variables of a list, without what is anything else.
  private func parameters(of tensors: [StateTensor]) -> [Variable] {
    var others = Set(optimizerTensors.map { ExactName($0.key) })
    others.formUnion([globalStep].compactMap { $0.map(ExactName.init) })
    var names: [ExactName: String] = [:]
    for member in variables {
      others.formUnion(
        (member.slots.map(\.key) + [member.step].compactMap(\.self)).map(ExactName.init)
      )
      if let value = member.value { names[ExactName(value)] = member.name }
    }
    return tensors.compactMap { tensor in
      if others.contains(ExactName(tensor.name)) { return nil }
      var value = tensor
      value.name = names[ExactName(tensor.name)] ?? tensor.name
      if value.name != tensor.name { value.sourceName = tensor.name }
      return Variable(value.name, value: value)
    }
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
    var steps: [ExactName: Int64?] = [:]
    for variable in state.variables {
      var member = Member(variable.name)
      member.value = variable.value.map { add($0, variable.name) }
      member.slots = variable.slots.map { slot in
        (slot.name, add(slot.tensor, key(of: slot.name, variable.name)))
      }
      if let step = try StepTensor.tensor(of: variable, format: format, isOurs: isOurs) {
        member.step = step.name
        if let other = steps.updateValue(variable.step, forKey: ExactName(step.name)) {
          guard other == variable.step else {
            throw StateError(
              .unsupported,
              "the list counts the updates of several variables at once, and theirs differ",
              tensor: step.name,
              remedy: "give all variables of that optimizer the same step"
            )
          }
        } else {
          tensors.append(step)
        }
      }
      layout.variables.append(member)
    }
    if let step = state.globalStep, !(isOurs && step.isCounted) {
      let tensor = try StepTensor.tensor(of: step, format: format, isOurs: isOurs)
      layout.globalStep = add(tensor, tensor.name)
    }
    layout.optimizerTensors = state.optimizerTensors.map { ($0.name, add($0, $0.name)) }
    return (layout, tensors)
  }
}
