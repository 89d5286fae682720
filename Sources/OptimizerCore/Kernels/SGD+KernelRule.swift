import CKernels

extension SGD: KernelRule {
  /// The kernels are those of momentum that adds up gradients, without decoupled decay.
  func updateFast(
    _ block: Block<Float>,
    scale: Float,
    _ context: StepContext,
    path: optstate_path_t
  ) -> Bool {
    guard momentum != 0, buffer == .gradient, weightDecay == 0 else { return false }
    switch arithmetic.convention {
    case .tensorflow:
      guard dampening == 0 else { return false }
      var k = optstate_momentum_t(
        scale: scale,
        momentum: Float(momentum),
        learning_rate: Float(rate(context)),
        nesterov: isNesterov ? 1 : 0
      )
      unsafe block.withPointers { p, g, slots in
        unsafe optstate_momentum(path, p, g, slots[0], block.count, &k)
      }
    case .pytorch:
      let rounds = arithmetic != .pytorchFused && block.tensorType != nil
      guard context.step > 1, !rounds else { return false }
      let tail = arithmetic == .pytorchFused ? max(block.fusedTail, 0) : block.count
      var k = optstate_momentum_fused_t(
        scale: scale,
        momentum: Float(momentum),
        share: Float(1 - dampening),
        learning_rate: Float(rate(context)),
        nesterov: isNesterov ? 1 : 0,
        body: min(tail, block.count)
      )
      unsafe block.withPointers { p, g, slots in
        unsafe optstate_momentum_fused(path, p, g, slots[0], block.count, &k)
      }
    }
    return true
  }
}
