import Dispatch
import Tensors

/// Updates many variables at once, on all cores.
///
/// Variables are cut into parts of a fixed size, so that the result does not depend on the number
/// of cores.
public struct ParallelStep: Sendable {
  /// Elements of a part; PyTorch's and every vector length divides it.
  static let partLength = 1 << 17

  /// Makes an engine.
  public init() {}

  /// Clips the gradients and updates all variables.
  ///
  /// - Parameters:
  ///   - variables: The variables; each array is read and written once, the gradients once more for
  ///     their norms.
  ///   - clipping: How gradients are bounded.
  ///   - arithmetic: Whose form of clipping to follow.
  /// - Returns: The gradients' norms, `nil` if the clipping does not need them.
  /// - Throws: `StateError` with code `malformed` when a norm is not finite, `invalidArgument` when
  ///   memory does not fit a plan; in both cases nothing has been changed.
  /// - Complexity: O(*n*).
  @discardableResult
  public func update(
    _ variables: [VariableStep],
    clipping: Clipping? = nil,
    arithmetic: Arithmetic
  ) throws -> GradientNorms? {
    guard let clipping else {
      try unsafe check(variables)
      try unsafe apply(variables)
      return nil
    }
    let norms = try clipping.needsNorms ? unsafe norms(of: variables, arithmetic) : nil
    let scalings = try clipping.scalings(norms)
    var scaled = unsafe variables
    for index in unsafe scaled.indices {
      unsafe scaled[index].context.scaling = scalings[index]
    }
    try unsafe check(scaled)
    try unsafe apply(scaled)
    return norms
  }

  /// The norms of the gradients.
  ///
  /// - Parameters:
  ///   - variables: The variables.
  ///   - arithmetic: Whose order of additions to follow.
  /// - Returns: Their gradients' norms, in their order.
  /// - Throws: `StateError` with code `invalidArgument` when memory does not fit a plan.
  /// - Complexity: O(*n*).
  public func norms(
    of variables: [VariableStep],
    _ arithmetic: Arithmetic
  ) throws -> GradientNorms {
    try unsafe check(variables)
    let trees = unsafe variables.map { variable in
      let plan = unsafe variable.plan
      return SumTree(plan.shape.elementCount, plan.types.gradient, arithmetic)
    }
    let parts = trees.indices.flatMap { index in
      trees[index].parts.map { Part(variable: index, elements: $0) }
    }
    let sums = try concurrently(parts.count) { index in
      let part = parts[index]
      let type = unsafe variables[part.variable].plan.types.gradient
      let width = ScalarBuffer<Float>.width(type)
      let range = part.elements.lowerBound * width..<part.elements.upperBound * width
      // `check` found the gradient to hold all elements of the variable.
      let bytes = unsafe UnsafeRawBufferPointer(
        rebasing: variables[part.variable].buffers.gradient[range]
      )
      return unsafe GradientNorms.sum(bytes, type, first: part.elements.lowerBound, arithmetic)
    }
    var rest = sums[...]
    let totals = trees.map { $0.joined(&rest) }
    return unsafe GradientNorms(
      sums: totals,
      names: variables.map { unsafe $0.plan.name },
      arithmetic
    )
  }

  private func check(_ variables: [VariableStep]) throws {
    for index in unsafe variables.indices {
      let (plan, buffers) = unsafe (variables[index].plan, variables[index].buffers)
      try unsafe plan.check(buffers, elements: 0..<plan.shape.elementCount)
    }
  }

  private func apply(_ variables: [VariableStep]) throws {
    var variables = unsafe variables
    for index in unsafe variables.indices {
      unsafe variables[index].context.isAlone = unsafe variables.count == 1
      unsafe variables[index].readNumbers()
    }
    let started = unsafe variables
    try unsafe update(started)
    for index in unsafe started.indices { unsafe started[index].writeNumbers() }
  }

  private func update(_ variables: [VariableStep]) throws {
    let parts = unsafe Self.parts(variables)
    _ = try concurrently(parts.count) { index in
      let part = parts[index]
      let variable = unsafe variables[part.variable]
      let plan = unsafe variable.plan
      let buffers = unsafe plan.slice(variable.buffers, part.elements)
      try unsafe plan.update(buffers, elements: part.elements, variable.context)
    }
  }

  private struct Part: Sendable {
    let variable: Int
    let elements: Range<Int>
  }

  /// Parts in the variables' order; a variable whose rule is not elementwise is one part.
  private static func parts(_ variables: [VariableStep]) -> [Part] {
    unsafe variables.indices.flatMap { index in
      let plan = unsafe variables[index].plan
      let count = plan.shape.elementCount
      let length = plan.rule.isElementwise ? partLength : max(count, 1)
      return stride(from: 0, to: count, by: length).map {
        Part(variable: index, elements: $0..<min($0 + length, count))
      }
    }
  }

  /// Calls a function for every index, on all cores, and collects what it returns.
  private func concurrently<Result: Sendable>(
    _ count: Int,
    _ body: (Int) throws -> Result
  ) throws -> [Result] {
    var results = [Swift.Result<Result, any Error>?](repeating: nil, count: count)
    withoutActuallyEscaping(body) { body in
      unsafe results.withUnsafeMutableBufferPointer { results in
        // Every iteration writes its own element, and all have ended when the call returns.
        nonisolated(unsafe) let results = unsafe results
        nonisolated(unsafe) let body = body
        DispatchQueue.concurrentPerform(iterations: count) { index in
          unsafe results[index] = Swift.Result { try unsafe body(index) }
        }
      }
    }
    return try results.compactMap { try $0?.get() }
  }
}
