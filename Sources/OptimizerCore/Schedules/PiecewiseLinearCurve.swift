import Tensors

/// `learning_rate` times a multiple that is linear between knots and constant behind the last.
///
/// The multiple starts at 0 for step 0 unless there is a knot at 0. bert4keras,
/// `extend_with_piecewise_linear_lr`.
struct PiecewiseLinearCurve: BaseCurve {
  let base: Double
  private let knots: [(step: Double, multiple: Double)]

  init(from reader: inout RecordReader) throws {
    base = try reader.number("learning_rate")
    let steps = try reader.numbers("steps")
    let multiples = try reader.numbers("multiples")
    guard !steps.isEmpty, steps.count == multiples.count, steps[0] >= 0,
      zip(steps, steps.dropFirst()).allSatisfy(<)
    else {
      throw StateError(
        .invalidArgument,
        "\(reader.subject) needs rising steps from 0 on and as many multiples"
      )
    }
    let given = zip(steps, multiples).map { (step: $0, multiple: $1) }
    knots = steps[0] == 0 ? given : [(0, 0)] + given
  }

  func rate<Scalar: BinaryFloatingPoint>(at step: Int64) -> Scalar {
    let index = knots.lastIndex { Double(step) >= $0.step } ?? 0
    let knot = knots[index]
    guard index + 1 < knots.count else { return Scalar(base) * Scalar(knot.multiple) }
    let next = knots[index + 1]
    let slope = Scalar((next.multiple - knot.multiple) / (next.step - knot.step))
    return Scalar(base) * (Scalar(knot.multiple) + slope * (Scalar(step) - Scalar(knot.step)))
  }

  var end: Int64? { Int64(exactly: knots[knots.count - 1].step.rounded(.up)) }
}
