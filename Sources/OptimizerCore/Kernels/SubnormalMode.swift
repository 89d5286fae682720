import CKernels

/// The processor's treatment of subnormal numbers.
enum SubnormalMode {
  /// Runs a computation with subnormal numbers as zero where an arithmetic asks for it.
  static func following(_ arithmetic: Arithmetic, _ body: () -> Void) {
    guard arithmetic.flushesSubnormals else { return body() }
    let state = optstate_flush_subnormals()
    body()
    optstate_restore_subnormals(state)
  }
}
