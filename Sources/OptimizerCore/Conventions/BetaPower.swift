/// `betaᵗ` as the implementations form it.
package enum BetaPower {
  /// A `float32` product, multiplied up once per update as TensorFlow's `beta1_power` is.
  ///
  /// It becomes exactly zero where TensorFlow flushes it, from update 829 on for 0.9.
  ///
  /// - Complexity: O(`step`), but never more than the factors until the product is zero.
  package static func product(_ beta: Double, step: Int64) -> Double {
    let factor = Float(beta)
    var result = factor
    var count: Int64 = 1
    while count < step, result.isNormal, factor != 1 {
      result *= factor
      count += 1
    }
    return result.isNormal ? Double(result) : 0
  }

  /// The power of the `float32` value of beta, rounded once, as `tf.pow` gives it but at a few
  /// steps, where that is 1 ULP off.
  static func rounded(_ beta: Double, step: Int64) -> Double {
    let power = Float(Mathematics.power(Double(Float(beta)), Double(Float(step))))
    return power.isNormal ? Double(power) : 0
  }

  /// The power as the C library forms it in `float32`, which XLA calls for optax.
  static func single(_ beta: Double, step: Int64) -> Double {
    let power = Mathematics.power(Float(beta), Float(step))
    return power.isNormal ? Double(power) : 0
  }

  /// The power in `Double`, as Python and C++ form it for PyTorch, and for `float64` parameters.
  package static func exact(_ beta: Double, step: Int64) -> Double {
    Mathematics.power(beta, Double(step))
  }

  /// The number whose power it is, in `Double`.
  package static func root(_ power: Double, of exponent: Int64) -> Double {
    Mathematics.power(power, 1 / Double(exponent))
  }

  /// The power that a rule in TensorFlow's arithmetic uses: the state's own for `float32`, else
  /// ``rounded(_:step:)``; parameters of another type have the power in `Double`.
  static func tensor<Scalar: BinaryFloatingPoint>(
    _ beta: Double,
    stored: Double?,
    step: Int64
  ) -> Scalar {
    guard Scalar.self == Float.self else { return Scalar(exact(beta, step: step)) }
    return Scalar(stored ?? rounded(beta, step: step))
  }
}
