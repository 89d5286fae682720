import CKernels

extension BERTAdamW: KernelRule {
  /// The kernel is TensorFlow's, without a correction.
  func updateFast(
    _ block: Block<Float>,
    scale: Float,
    _ context: StepContext,
    path: optstate_path_t
  ) -> Bool {
    guard arithmetic.convention == .tensorflow, biasCorrection == .none else { return false }
    var k = optstate_adam_bert_t(
      scale: scale,
      beta1: Float(beta1),
      share1: Float(1 - beta1),
      beta2: Float(beta2),
      share2: Float(1 - beta2),
      epsilon: Float(epsilon),
      weight_decay: Float(weightDecay),
      learning_rate: Float(rate(context))
    )
    unsafe block.withPointers { p, g, slots in
      unsafe optstate_adam_bert(path, p, g, slots[0], slots[1], block.count, &k)
    }
    return true
  }
}
