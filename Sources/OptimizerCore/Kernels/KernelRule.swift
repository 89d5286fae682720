import CKernels

/// A rule that has kernels.
protocol KernelRule: UpdateRule {
  /// Updates parameters and slots by a kernel that gives the same bits as ``update(_:_:)``.
  ///
  /// - Parameters:
  ///   - block: Elements of one variable.
  ///   - scale: What every gradient is multiplied by first.
  ///   - context: A prepared step.
  ///   - path: The instructions to use.
  /// - Returns: Whether there is a kernel for the rule's hyper-parameters; without one nothing has been
  ///   done.
  func updateFast(
    _ block: Block<Float>,
    scale: Float,
    _ context: StepContext,
    path: optstate_path_t
  ) -> Bool
}
