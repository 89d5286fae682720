internal import Tensors

/// A tensor's statistics, and where the first of each kind of bad element is.
struct TensorSurvey: Sendable {
  /// Its statistics.
  var statistics = TensorStatistics()

  /// Elements below zero, counted only where none should be.
  var negatives = 0

  /// Row-major place of the first element that is no number.
  var firstNaN: Int?

  /// Row-major place of the first infinite element.
  var firstInfinite: Int?

  /// Row-major place of the first element below zero, where none should be.
  var firstNegative: Int?

  /// Nothing yet.
  init() {}

  /// Looks at a piece.
  ///
  /// - Parameters:
  ///   - bytes: `float32` elements, aligned.
  ///   - first: Row-major place of the first.
  ///   - isSquare: Whether no element should be below zero.
  ///   - withSums: Whether norms are wanted.
  init(_ bytes: UnsafeRawBufferPointer, first: Int, isSquare: Bool, withSums: Bool = false) {
    statistics = unsafe TensorStatistics(float32: bytes, withSums: withSums)
    let isNegative = isSquare && statistics.min ?? 0 < 0 || isSquare && statistics.inf > 0
    guard statistics.nan > 0 || statistics.inf > 0 || isNegative else { return }
    let numbers = unsafe bytes.bindMemory(to: Float.self)
    for index in 0..<numbers.count {
      let number = unsafe numbers[index]
      if number.isNaN {
        firstNaN = firstNaN ?? first + index
      } else if number.isInfinite {
        firstInfinite = firstInfinite ?? first + index
      }
      if isSquare, number < 0 {
        negatives += 1
        firstNegative = firstNegative ?? first + index
      }
    }
  }

  /// Adds the piece that follows.
  mutating func add(_ next: TensorSurvey) {
    statistics.add(next.statistics)
    negatives += next.negatives
    firstNaN = firstNaN ?? next.firstNaN
    firstInfinite = firstInfinite ?? next.firstInfinite
    firstNegative = firstNegative ?? next.firstNegative
  }

  /// Whether there are elements and all are zero.
  var isZero: Bool { statistics.count > 0 && statistics.zeros == statistics.count }

  /// Whether all elements are the same number, as before a first update.
  var isConstant: Bool {
    statistics.nan == 0 && statistics.inf == 0 && statistics.min == statistics.max
  }
}
