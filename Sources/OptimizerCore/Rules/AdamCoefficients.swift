/// The scalars of one Adam step where every operation is rounded to the parameters' type.
struct RoundedAdamCoefficients<Scalar: BinaryFloatingPoint> {
  let learningRate: Scalar
  let share1: Scalar
  let share2: Scalar
  let epsilon: Scalar
  let correction1: Scalar
  let correction2: Scalar
  let alpha: Scalar

  init(_ rule: Adam, _ context: StepContext) {
    learningRate = Scalar(rule.rate(context))
    // TensorFlow's kernel subtracts in the tensors' type, Keras in Python.
    let isKernel = rule.arithmetic == .tensorflow
    share1 = isKernel ? 1 - Scalar(rule.beta1) : Scalar(1 - rule.beta1)
    share2 = isKernel ? 1 - Scalar(rule.beta2) : Scalar(1 - rule.beta2)
    epsilon = Scalar(rule.epsilon)
    if rule.biasCorrection == .none {
      (correction1, correction2) = (1, 1)
      alpha = learningRate
    } else {
      correction1 = 1 - BetaPower.tensor(rule.beta1, stored: context.beta1Power, step: context.step)
      correction2 = 1 - BetaPower.tensor(rule.beta2, stored: context.beta2Power, step: context.step)
      alpha = (learningRate * correction2.squareRoot()) / correction1
    }
  }
}

/// The scalars of one Adam step as PyTorch forms them: in `Double`, rounded once.
struct FusedAdamCoefficients<Scalar: BinaryFloatingPoint> {
  let share1: Scalar
  let beta2: Scalar
  let share2: Scalar
  let epsilon: Scalar
  let rootCorrection: Scalar
  let stepSize: Scalar

  init(_ rule: Adam, _ context: StepContext) {
    share1 = Scalar(1 - rule.beta1)
    beta2 = Scalar(rule.beta2)
    share2 = Scalar(1 - rule.beta2)
    epsilon = Scalar(rule.epsilon)
    let lr = rule.rate(context)
    guard rule.biasCorrection != .none else {
      (rootCorrection, stepSize) = (1, Scalar(lr))
      return
    }
    let correction1 = 1 - BetaPower.exact(rule.beta1, step: context.step)
    let root = (1 - BetaPower.exact(rule.beta2, step: context.step)).squareRoot()
    switch rule.epsilonForm {
    case .corrected: (rootCorrection, stepSize) = (Scalar(root), Scalar(lr / correction1))
    case .hat: (rootCorrection, stepSize) = (1, Scalar(lr * root / correction1))
    }
  }
}
