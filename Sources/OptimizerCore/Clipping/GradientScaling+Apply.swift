extension GradientScaling {
  /// Changes gradients in place.
  func apply<Scalar: BinaryFloatingPoint>(to gradient: Lane<Scalar>) {
    switch self {
    case .none:
      break
    case .factor(let factor):
      let k = Scalar(factor)
      for i in 0..<gradient.count { gradient[i] = gradient[i] * k }
    case .quotient(let factor, let divisor):
      let (k, d) = (Scalar(factor), Scalar(divisor))
      for i in 0..<gradient.count { gradient[i] = (gradient[i] * k) / d }
    case .clamp(let bound):
      let b = Scalar(bound)
      for i in 0..<gradient.count {
        let g = gradient[i]
        gradient[i] = g > b ? b : g < -b ? -b : g
      }
    }
  }
}
