/// One variable's part in an update of many.
@unsafe public struct VariableStep {
  /// How the variable is updated.
  public var plan: VariablePlan

  /// Memory of all its elements.
  public var buffers: UpdateBuffers

  /// The step; its scaling is set by the clipping.
  public var context: StepContext

  /// Describes a variable's part.
  ///
  /// - Parameters:
  ///   - plan: How the variable is updated.
  ///   - buffers: Memory of all its elements.
  ///   - context: The step.
  public init(_ plan: VariablePlan, _ buffers: UpdateBuffers, _ context: StepContext) {
    unsafe self.plan = plan
    unsafe self.buffers = unsafe buffers
    unsafe self.context = context
  }

  /// Takes the numbers of the whole variable into the step, for all its parts alike.
  mutating func readNumbers() {
    let (slots, buffers) = unsafe (plan.slots, self.buffers)
    unsafe context.numbers = slots.indices.filter { slots[$0].isNumber }.map { index in
      // A number's slot holds one `float32`, as the plan's check has found.
      Double(unsafe buffers.slots[index].loadUnaligned(as: Float.self))
    }
  }

  /// Stores the numbers of the whole variable once all its parts are updated.
  func writeNumbers() {
    let (plan, buffers) = unsafe (self.plan, self.buffers)
    let numbers = unsafe plan.rule.nextNumbers(plan.rule.prepared(context))
    let places = plan.slots.indices.filter { plan.slots[$0].isNumber }
    for (place, number) in zip(places, numbers) {
      unsafe buffers.slots[place].storeBytes(of: Float(number), as: Float.self)
    }
  }
}
