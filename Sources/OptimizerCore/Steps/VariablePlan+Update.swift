import Tensors

extension VariablePlan {
  /// Elements that are converted at a time, few enough to stay in the first cache.
  private static let strip = 2048

  /// Updates a range of the variable's elements in place; slots that are one number for the whole variable are left
  /// to ``ParallelStep``.
  ///
  /// - Parameters:
  ///   - buffers: Memory of the range.
  ///   - elements: The range; all elements unless the rule is elementwise.
  ///   - context: The step.
  /// - Throws: `StateError` with code `invalidArgument` when the memory does not fit the plan; then
  ///   nothing has been changed.
  /// - Complexity: O(*n*) time; elements of other types than the computation's and rules that are not
  ///   elementwise need O(*n*) memory in strips of 2048 elements and in all, respectively.
  public func update(
    _ buffers: UpdateBuffers,
    elements: Range<Int>,
    _ context: StepContext
  ) throws {
    try unsafe check(buffers, elements: elements)
    let prepared = rule.prepared(context)
    SubnormalMode.following(rule.arithmetic) {
      if types.parameter == .float64 {
        unsafe run(buffers, elements, prepared, Double.self)
      } else {
        unsafe run(buffers, elements, prepared, Float.self)
      }
    }
  }

  private func run<Scalar: BinaryFloatingPoint>(
    _ buffers: UpdateBuffers,
    _ elements: Range<Int>,
    _ context: StepContext,
    _: Scalar.Type
  ) {
    if unsafe runInPlace(buffers, elements, context) { return }
    let length = rule.isElementwise ? Self.strip : elements.count
    for start in stride(from: 0, to: elements.count, by: max(length, 1)) {
      let part = start..<min(start + length, elements.count)
      let strip = unsafe slice(buffers, part)
      unsafe runStrip(strip, elements.lowerBound + start, context, Scalar.self)
    }
  }

  /// Hands memory to a kernel as it is, if all of it is `float32` and nothing else is to be done.
  private func runInPlace(
    _ buffers: UpdateBuffers,
    _ elements: Range<Int>,
    _ context: StepContext
  ) -> Bool {
    let scale: Double
    switch context.scaling {
    case .none: scale = 1
    case .factor(let factor): scale = factor
    case .quotient, .clamp: return false
    }
    guard types.parameter == .float32, types.gradient == .float32, types.slots == .float32,
      unsafe buffers.master == nil, regularization.isNone, lookahead == nil, average == nil
    else { return false }
    let all =
      unsafe [buffers.parameter, UnsafeMutableRawBufferPointer(mutating: buffers.gradient)]
      + elementwise(buffers.slots)
    let lanes = unsafe all.compactMap { unsafe Lane<Float>(aligned: $0) }
    guard unsafe lanes.count == all.count else { return false }
    let block = Block(
      start: elements.lowerBound,
      of: shape,
      parameter: lanes[0],
      gradient: lanes[1],
      slots: Array(lanes[2...])
    )
    return updateFast(block, scale: Float(scale), context)
  }

  private func updateFast(_ block: Block<Float>, scale: Float, _ context: StepContext) -> Bool {
    guard let rule = rule as? any KernelRule else { return false }
    return rule.updateFast(block, scale: scale, context, path: KernelPath.best)
  }

  private func runStrip<Scalar: BinaryFloatingPoint>(
    _ buffers: UpdateBuffers,
    _ start: Int,
    _ context: StepContext,
    _: Scalar.Type
  ) {
    let target = unsafe buffers.master ?? buffers.parameter
    let targetType = unsafe buffers.master == nil ? types.parameter : .float32
    let parameter = unsafe ScalarBuffer<Scalar>(target, targetType)
    let source = unsafe UnsafeMutableRawBufferPointer(mutating: buffers.gradient)
    let gradient = unsafe ScalarBuffer<Scalar>(source, types.gradient, copies: true)
    let state = unsafe elementwise(buffers.slots).map {
      unsafe ScalarBuffer<Scalar>($0, types.slots)
    }
    let all = [parameter, gradient] + state
    defer { all.forEach { $0.release() } }

    let own = state.prefix(rule.slots(for: shape).filter { !$0.isNumber }.count).map(\.lane)
    let block = Block(
      start: start,
      of: shape,
      parameter: parameter.lane,
      gradient: gradient.lane,
      slots: own,
      tensorType: unsafe buffers.master == nil ? narrowType : nil
    )
    context.scaling.apply(to: gradient.lane)
    regularization.apply(to: block, rule.arithmetic)
    let extra = state.dropFirst(own.count).map(\.lane)
    if let lookahead { lookahead.begin(extra[0], parameter.lane, context.step) }
    let single = block as? Block<Float>
    if single.map({ updateFast($0, scale: 1, context) }) != true { rule.update(block, context) }
    if let lookahead { lookahead.apply(to: parameter.lane, extra[0], context.step) }
    if let average {
      average.apply(to: extra[extra.count - 1], parameter.lane, context.step, rule.arithmetic)
    }

    ([parameter] + state).forEach { $0.store() }
    if unsafe buffers.master != nil {
      unsafe parameter.store(to: buffers.parameter, types.parameter)
    }
  }

  /// The slots that have an element for each of the variable's, or parts of it.
  private func elementwise(_ buffers: [UnsafeMutableRawBufferPointer])
    -> [UnsafeMutableRawBufferPointer]
  {
    guard slots.contains(where: \.isNumber) else { return unsafe buffers }
    return unsafe zip(slots, buffers).filter { unsafe !$0.0.isNumber }.map { unsafe $0.1 }
  }

  /// The type of the variable's tensors, where all are of one that is narrower than the computation's.
  private var narrowType: ElementType? {
    guard types.parameter == .bfloat16 || types.parameter == .float16 else { return nil }
    let isSame = types.slots == types.parameter || slots.allSatisfy(\.isNumber)
    return isSame ? types.parameter : nil
  }

  /// The memory of a part of a range.
  func slice(_ buffers: UpdateBuffers, _ part: Range<Int>) -> UpdateBuffers {
    guard rule.isElementwise else { return unsafe buffers }
    func cut(_ bytes: UnsafeMutableRawBufferPointer, _ type: ElementType)
      -> UnsafeMutableRawBufferPointer
    {
      let width = ScalarBuffer<Float>.width(type)
      // `check` found each array to hold all elements of the range that the part lies in.
      return unsafe UnsafeMutableRawBufferPointer(
        rebasing: bytes[part.lowerBound * width..<part.upperBound * width]
      )
    }
    let gradient = unsafe UnsafeMutableRawBufferPointer(mutating: buffers.gradient)
    return unsafe UpdateBuffers(
      parameter: cut(buffers.parameter, types.parameter),
      gradient: UnsafeRawBufferPointer(cut(gradient, types.gradient)),
      slots: zip(slots, buffers.slots).map { unsafe $0.isNumber ? $1 : cut($1, types.slots) },
      master: buffers.master.map { unsafe cut($0, .float32) }
    )
  }
}
