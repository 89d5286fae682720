public import Tensors

/// How one variable is updated: the rule with its group's hyper-parameters, its slots, the types.
public struct VariablePlan: Sendable {
  /// The variable's name.
  public let name: String

  /// Its shape.
  public let shape: Shape

  /// Types of parameters, gradients and slots.
  public let types: UpdateTypes

  /// The rule, resolved for the variable.
  public let rule: any UpdateRule

  /// The slots, the rule's and then the wrappers', in the order of ``UpdateBuffers/slots``.
  public let slots: [SlotDefinition]

  /// L1 and L2 regularization of the gradient.
  public let regularization: Regularization

  /// Slow weights, if there are any.
  public let lookahead: Lookahead?

  /// The moving average of the weights, if there is one.
  public let average: WeightAverage?

  init(
    name: String,
    shape: Shape,
    types: UpdateTypes,
    rule: any UpdateRule,
    regularization: Regularization,
    lookahead: Lookahead?,
    average: WeightAverage?
  ) {
    self.name = name
    self.shape = shape
    self.types = types
    self.rule = rule
    self.regularization = regularization
    self.lookahead = lookahead
    self.average = average
    var slots = rule.slots(for: shape)
    if lookahead != nil { slots.append(SlotDefinition(SlotName.slowWeights, shape)) }
    if average != nil { slots.append(SlotDefinition(SlotName.average, shape)) }
    self.slots = slots
  }

  /// Checks that memory fits the plan.
  ///
  /// - Parameters:
  ///   - buffers: The memory of a range of elements.
  ///   - elements: The range; all elements unless the rule is elementwise.
  /// - Throws: `StateError` with code `invalidArgument` when a slot is missing or an array does not
  ///   have the bytes of its elements.
  /// - Complexity: O(slots).
  public func check(_ buffers: UpdateBuffers, elements: Range<Int>) throws {
    let all = 0..<shape.elementCount
    guard elements.clamped(to: all) == elements, rule.isElementwise || elements == all else {
      throw failure("elements \(elements) of a variable of \(all.count)")
    }
    let slotCount = unsafe buffers.slots.count
    guard slotCount == slots.count else {
      throw failure(
        "the rule needs slots",
        expected: slots.map(\.name.rawValue).joined(separator: ", "),
        found: "\(slotCount) of them"
      )
    }
    let count = elements.count
    try check("parameter", unsafe buffers.parameter.count, count, types.parameter)
    try check("gradient", unsafe buffers.gradient.count, count, types.gradient)
    if let master = unsafe buffers.master {
      try check("master weight", master.count, count, .float32)
    }
    for (index, slot) in slots.enumerated() {
      let isWhole = slot.isNumber || !rule.isElementwise
      let elements = isWhole ? slot.shape.elementCount : count
      let found = unsafe buffers.slots[index].count
      try check("slot '\(slot.name)'", found, elements, type(of: slot))
    }
  }

  /// The type of a slot's elements.
  ///
  /// - Parameter slot: One of ``slots``.
  /// - Returns: `float32` for a number of the whole variable.
  public func type(of slot: SlotDefinition) -> ElementType {
    slot.isNumber ? .float32 : types.slots
  }

  private func check(_ what: String, _ found: Int, _ count: Int, _ type: ElementType) throws {
    let expected = try Shape.vector(count).byteCount(of: type)
    guard found == expected else {
      throw failure(
        "the \(what) has the wrong size",
        expected: "\(expected) bytes for \(count) elements of \(type.rawValue)",
        found: "\(found)"
      )
    }
  }

  private func failure(
    _ message: String,
    expected: String? = nil,
    found: String? = nil
  ) -> StateError {
    StateError(.invalidArgument, message, tensor: name, expected: expected, found: found)
  }
}
