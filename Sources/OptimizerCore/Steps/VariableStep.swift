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
}
