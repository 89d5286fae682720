internal import ByteIO
internal import OptimizerCatalog
internal import OptimizerCore
internal import Tensors
internal import TrainingState

/// A variable in memory while it is being trained: its value, its slots and how it is updated.
final class TrainedVariable {
  /// What the state says of the variable; its tensors are those that training began with.
  private let source: Variable
  private let shape: Shape
  private let elementType: ElementType
  private let value: WorkBuffer
  private var plan: VariablePlan
  private let accumulates: Bool
  private var slots: [SlotName: WorkBuffer] = [:]
  private var sum: GradientSum?

  var name: String { source.name }

  /// How it is updated.
  var rule: any UpdateRule { plan.rule }

  /// Updates applied to it, where they are counted for it alone.
  var step: Int64?

  /// The number of its next update, counted from when its slots were last at their initial values.
  func number(ofUpdateAfter count: Int64) throws -> Int64 {
    let (done, overflow) = count.subtractingReportingOverflow(source.slotsStart)
    guard !overflow, done >= 0, done < .max else {
      throw StateError(
        .malformed,
        "the slots began after the last update",
        tensor: name,
        expected: "at most \(count)",
        found: "\(source.slotsStart)"
      )
    }
    return done + 1
  }

  /// Brings a variable into memory, verified.
  ///
  /// - Throws: `StateError` with code `unsupported` when it cannot be trained.
  init(_ variable: Variable, value: StateTensor, optimizer: Optimizer) throws {
    if let slot = variable.slots.first(where: { $0.tensor.tensor.quantization != nil }) {
      throw StateError(
        .unsupported,
        "the slot is kept in eight bits, and the rounding of its next update is its library's own",
        tensor: "\(variable.name)/\(slot.name)",
        remedy: "convert the state with --optimizer, which takes the numbers as they are"
      )
    }
    source = variable
    accumulates = optimizer.accumulation != nil
    step = variable.step
    shape = value.tensor.shape
    elementType = value.tensor.elementType
    // Slots of one number have a type of their own.
    let slot = variable.slots.first { SlotDescription.of($0.name)?.form != .scalar }
    let slotType = slot?.tensor.tensor.elementType
    plan = try optimizer.plan(
      for: variable.name,
      shape: shape,
      types: try UpdateTypes(
        parameter: elementType,
        slots: slotType.flatMap { $0.isFloatingPoint ? $0 : nil }
      )
    )
    self.value = try Self.load(NamedTensor(variable.name, value.tensor))
    for definition in plan.slots {
      guard let slot = variable[definition.name] else { continue }
      let tensor = slot.tensor.tensor
      let name = "\(variable.name)/\(definition.name)"
      let type = plan.type(of: definition)
      guard tensor.shape == definition.shape, tensor.elementType == type else {
        throw StateError(
          .malformed,
          "the slot does not fit its variable",
          tensor: name,
          expected: "\(type.rawValue)\(definition.shape)",
          found: "\(tensor.elementType.rawValue)\(tensor.shape)"
        )
      }
      slots[definition.name] = try Self.load(NamedTensor(name, tensor))
    }
  }

  /// Makes the slots that the rule needs and the state has not, as they are before the first update.
  func startSlots() throws {
    for definition in plan.slots where slots[definition.name] == nil {
      let count = definition.shape.elementCount
      let type = plan.type(of: definition)
      let buffer = WorkBuffer(byteCount: try definition.shape.byteCount(of: type))
      let numbers = [Double](repeating: definition.initialValue, count: count)
      try unsafe numbers.withUnsafeBufferPointer { numbers in
        try unsafe ElementConversion.fromDouble(numbers, type, buffer.bytes)
      }
      slots[definition.name] = buffer
    }
  }

  /// Takes up an optimizer whose hyper-parameters an update has changed.
  func follow(_ optimizer: Optimizer) throws {
    plan = try optimizer.plan(for: name, shape: shape, types: plan.types)
  }

  /// The slots that the rule needs and nobody has.
  var missingSlots: [SlotName] { plan.slots.map(\.name).filter { slots[$0] == nil } }

  /// The variable's part in an update.
  func part(gradient: WorkBuffer, context: StepContext) throws -> VariableStep {
    guard missingSlots.isEmpty else {
      throw StateError(
        .malformed,
        "the state lacks slots that the optimizer needs",
        tensor: name,
        expected: missingSlots.map(\.rawValue).joined(separator: ", ")
      )
    }
    return unsafe VariableStep(
      plan,
      UpdateBuffers(
        parameter: value.bytes,
        gradient: UnsafeRawBufferPointer(gradient.bytes),
        slots: plan.slots.compactMap { unsafe slots[$0.name]?.bytes }
      ),
      context
    )
  }

  /// A buffer with a gradient in it.
  ///
  /// - Throws: `StateError` with code `malformed` when type or shape differ from the variable's.
  func load(gradient: Tensor) throws -> WorkBuffer {
    guard gradient.shape == shape, gradient.elementType == plan.types.gradient else {
      throw StateError(
        .malformed,
        "the gradient does not fit its variable",
        tensor: name,
        expected: "\(plan.types.gradient.rawValue)\(shape)",
        found: "\(gradient.elementType.rawValue)\(gradient.shape)"
      )
    }
    return try Self.load(NamedTensor(name, gradient))
  }

  /// Whether it has had a gradient since the last update.
  var isAccumulating: Bool { sum != nil }

  /// Takes up the sum of gradients that the state has, where there are any in it.
  ///
  /// - Parameter count: How many there are, `nil` when the state does not say.
  /// - Throws: `StateError` with code `malformed` when the sum does not fit, or nobody says how many.
  func resumeAccumulation(count: Int64?) throws {
    guard let slot = source[.gradientAccumulator], count != 0 else { return }
    let name = "\(source.name)/\(SlotName.gradientAccumulator)"
    let resumed = try GradientSum(resuming: NamedTensor(name, slot.tensor.tensor), shape)
    if count != nil {
      sum = resumed
    } else if !resumed.isZero {
      throw StateError(
        .malformed,
        "the state does not say how many gradients are in the sum",
        tensor: name,
        expected: "the scalar \(GradientCount.name)"
      )
    }
  }

  /// Adds a gradient to the sum.
  func accumulate(_ gradient: WorkBuffer, _ accumulation: GradientAccumulation) throws {
    let sum = try self.sum ?? GradientSum(shape)
    try sum.add(gradient, plan.types.gradient, accumulation)
    self.sum = sum
  }

  /// The mean of the gradients in the sum and one more, which leaves the sum as it is.
  func mean(adding gradient: WorkBuffer?, _ accumulation: GradientAccumulation) throws -> WorkBuffer
  {
    let sum = try self.sum ?? GradientSum(shape)
    return try sum.mean(adding: gradient, plan.types.gradient, accumulation)
  }

  /// Forgets the sum after its update.
  func endAccumulation() { sum = nil }

  /// The variable as it is now, copied.
  func snapshot() throws -> Variable {
    var variable = source
    variable.step = step
    variable.value?.tensor = try Tensor(elementType, shape, bytes: bytes)
    for definition in plan.slots {
      guard let buffer = slots[definition.name] else { continue }
      let data = try Tensor(
        plan.type(of: definition),
        definition.shape,
        bytes: unsafe Array(buffer.bytes)
      )
      if let place = variable.slots.firstIndex(where: { $0.name == definition.name }) {
        variable.slots[place].tensor.tensor = data
      } else {
        let full = "\(name)/\(definition.name)"
        variable.slots.append(Slot(definition.name, StateTensor(full, data)))
      }
    }
    let place = variable.slots.firstIndex { $0.name == .gradientAccumulator }
    if let sum {
      let data = try sum.tensor()
      if let place {
        variable.slots[place].tensor.tensor = data
      } else {
        let full = "\(name)/\(SlotName.gradientAccumulator)"
        variable.slots.append(Slot(.gradientAccumulator, StateTensor(full, data)))
      }
    } else if let place, accumulates {
      // Frameworks keep an empty sum too.
      variable.slots[place].tensor.tensor = try GradientSum(shape).tensor()
    }
    return variable
  }

  /// The value's little-endian bytes, copied.
  var bytes: [UInt8] { unsafe Array(value.bytes) }

  private static func load(_ tensor: NamedTensor) throws -> WorkBuffer {
    let buffer = WorkBuffer(byteCount: tensor.tensor.byteCount)
    do {
      try TensorPass.verifyOrigins(of: [tensor])
      try unsafe tensor.tensor.read(into: buffer.bytes, at: 0)
      var sum = CRC32C()
      unsafe sum.add(UnsafeRawBufferPointer(buffer.bytes))
      try TensorPass.check(tensor, sum)
    } catch let error as StateError {
      throw error.inContext(tensor: tensor.name)
    }
    return buffer
  }
}
