import CKernels

/// The ratio `|m|/√v` of two `float32` moments, element by element.
package struct MomentRatio: Sendable {
  /// The largest ratio among pairs of finite numbers.
  package let largest: Float
  /// Pairs whose ratio is above the limit.
  package let beyond: Int

  /// Looks at two moments.
  ///
  /// - Parameters:
  ///   - first: First moments, `float32`, aligned to their elements.
  ///   - second: As many second moments; where one is negative, the pair takes no part.
  ///   - room: What is added to each second moment.
  ///   - limit: The largest ratio that is no violation.
  /// - Complexity: O(*n*) at the speed of memory.
  package init(
    _ first: UnsafeRawBufferPointer,
    _ second: UnsafeRawBufferPointer,
    room: Float,
    limit: Float
  ) {
    let m = unsafe first.bindMemory(to: Float.self)
    let v = unsafe second.bindMemory(to: Float.self)
    var ratio = optstate_ratio_t()
    unsafe optstate_ratio(
      m.baseAddress,
      v.baseAddress,
      Swift.min(m.count, v.count),
      room,
      limit,
      &ratio
    )
    largest = ratio.largest
    beyond = Int(ratio.beyond)
  }
}
