extension Block where Scalar == Float {
  /// Lends the memory to a kernel.
  func withPointers(
    _ body: (
      _ parameter: UnsafeMutablePointer<Float>,
      _ gradient: UnsafePointer<Float>,
      _ slots: [UnsafeMutablePointer<Float>]
    ) -> Void
  ) {
    // The lanes' owner keeps all of them alive and apart while the block exists.
    unsafe body(parameter.base, UnsafePointer(gradient.base), slots.map { unsafe $0.base })
  }
}
