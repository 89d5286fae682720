import Tensors

@testable import OptimizerCore

/// Variables in memory that an optimizer updates.
final class Trainer<Number: TestNumber> {
  /// The path that updates take.
  enum Path: CaseIterable {
    /// All variables at once, by kernels where there are some.
    case parallel
    /// The plain rule.
    case readable
  }

  private(set) var optimizer: Optimizer
  private(set) var plans: [String: VariablePlan] = [:]
  private var memory: [String: [String: Row<Number>]] = [:]
  private let order: [String]

  init(
    _ optimizer: Optimizer,
    _ values: [(name: String, shape: [Int], start: [Number])]
  ) throws {
    self.optimizer = optimizer
    order = values.map(\.name)
    let types = try UpdateTypes(parameter: Number.self == Double.self ? .float64 : .float32)
    for (name, dimensions, start) in values {
      let plan = try optimizer.plan(for: name, shape: Shape(dimensions), types: types)
      plans[name] = plan
      memory[name] = [
        "value": Row(start),
        "gradient": Row([Number](repeating: 0, count: start.count)),
      ]
      for slot in plan.slots {
        let fresh = [Number](repeating: Number(slot.initialValue), count: slot.shape.elementCount)
        memory[name, default: [:]][slot.name.rawValue] = Row(fresh)
      }
    }
  }

  subscript(name: String, key: String) -> [Number] {
    get { memory[name]?[key]?.values ?? [] }
    set { memory[name]?[key]?.values = newValue }
  }

  /// Goes on with other hyper-parameters.
  func follow(_ optimizer: Optimizer) throws {
    self.optimizer = optimizer
    plans = try plans.mapValues { plan in
      try optimizer.plan(for: plan.name, shape: plan.shape, types: plan.types)
    }
  }

  func keys(of name: String) -> [String] { memory[name, default: [:]].keys.sorted() }

  /// One update by gradients in the variables' order.
  @discardableResult
  func update(
    _ gradients: [String: [Number]],
    _ context: StepContext,
    path: Path = .parallel,
    clipping: Clipping? = nil
  ) throws -> GradientNorms? {
    for name in order { self[name, "gradient"] = gradients[name] ?? [] }
    let steps = try unsafe order.map { try unsafe step($0, context) }
    if path == .parallel {
      return try unsafe ParallelStep().update(
        steps,
        clipping: clipping,
        arithmetic: optimizer.arithmetic
      )
    }
    for name in order { readableUpdate(name, context) }
    return nil
  }

  private func step(_ name: String, _ context: StepContext) throws -> VariableStep {
    guard let plan = plans[name], let rows = memory[name],
      let value = rows["value"], let gradient = rows["gradient"]
    else { throw StateError(.notFound, "no variable '\(name)'") }
    let slots = plan.slots.compactMap { rows[$0.name.rawValue] }
    return unsafe VariableStep(
      plan,
      UpdateBuffers(
        parameter: value.bytes,
        gradient: UnsafeRawBufferPointer(gradient.bytes),
        slots: slots.map { unsafe $0.bytes }
      ),
      context
    )
  }

  private func readableUpdate(_ name: String, _ context: StepContext) {
    guard let plan = plans[name], let rows = memory[name],
      let value = rows["value"]?.lane, let gradient = rows["gradient"]?.lane
    else { fatalError("no variable '\(name)'") }
    let definitions = plan.slots.filter { rows[$0.name.rawValue] != nil }
    let elementwise = plan.rule.slots(for: plan.shape).filter { !$0.isNumber }
    let block = Block(
      start: 0,
      of: plan.shape,
      parameter: value,
      gradient: gradient,
      slots: elementwise.compactMap { rows[$0.name.rawValue]?.lane }
    )
    var context = context
    let numbers = definitions.filter(\.isNumber).compactMap { rows[$0.name.rawValue] }
    context.numbers = numbers.map { Double($0.values[0]) }
    SubnormalMode.following(optimizer.arithmetic) {
      context.scaling.apply(to: gradient)
      plan.regularization.apply(to: block, optimizer.arithmetic)
      plan.rule.update(block, plan.rule.prepared(context))
    }
    for (row, number) in zip(numbers, plan.rule.nextNumbers(context)) {
      row.values = [Number(number)]
    }
  }
}
