import CKernels

extension Adam: KernelRule {
  /// AMSGrad and the corrected epsilon of TensorFlow's family have no kernel.
  func updateFast(
    _ block: Block<Float>,
    scale: Float,
    _ context: StepContext,
    path: optstate_path_t
  ) -> Bool {
    if isAMSGrad { return false }
    let rounds = arithmetic != .pytorchFused && block.tensorType != nil
    if rounds { return false }
    let decay = DecoupledDecay<Float>(weightDecay, learningRate: rate(context), arithmetic)
      .kernelFactors
    if arithmetic.convention == .pytorch {
      let c = FusedAdamCoefficients<Float>(self, context)
      let tail = arithmetic == .pytorchFused ? max(block.fusedTail, 0) : block.count
      var k = optstate_adam_fused_t(
        scale: scale,
        decay: decay.factor,
        share1: c.share1,
        beta2: c.beta2,
        share2: c.share2,
        root_correction: c.rootCorrection,
        epsilon: c.epsilon,
        step_size: c.stepSize,
        body: min(tail, block.count)
      )
      if arithmetic == .pytorchMKL {
        unsafe block.withPointers { p, g, slots in
          unsafe optstate_adam_mkl(p, g, slots[0], slots[1], block.count, &k)
        }
        return true
      }
      unsafe block.withPointers { p, g, slots in
        unsafe optstate_adam_fused(path, p, g, slots[0], slots[1], block.count, &k)
      }
      return true
    }
    guard epsilonForm == .hat || biasCorrection == .none else { return false }
    let c = RoundedAdamCoefficients<Float>(self, context)
    var k = optstate_adam_hat_t(
      scale: scale,
      decay_rate: decay.rate,
      learning_rate: decay.learningRate,
      share1: c.share1,
      share2: c.share2,
      alpha: c.alpha,
      epsilon: c.epsilon
    )
    unsafe block.withPointers { p, g, slots in
      unsafe optstate_adam_hat(path, p, g, slots[0], slots[1], block.count, &k)
    }
    return true
  }
}
