import CKernels

/// What `float32` numbers look like as a whole; extremes and sums are over the finite ones.
package struct FloatSurvey: Sendable {
  /// Sum in `Double`.
  package let sum: Double
  /// Sum of the squares in `Double`.
  package let sumOfSquares: Double
  /// The smallest number, above ``max`` when there is none.
  package let min: Float
  /// The largest number.
  package let max: Float
  /// Numbers that are zero.
  package let zeros: Int
  /// Elements that are no number.
  package let nan: Int
  /// Elements that are infinite.
  package let inf: Int

  /// Looks at numbers.
  ///
  /// - Parameters:
  ///   - bytes: `float32` elements, aligned to them.
  ///   - withSums: Whether the sums are wanted, which costs as much again.
  /// - Complexity: O(*n*) at the speed of memory; the same bits on every processor.
  package init(_ bytes: UnsafeRawBufferPointer, withSums: Bool = true) {
    let numbers = unsafe bytes.bindMemory(to: Float.self)
    var survey = optstate_survey_t()
    if withSums {
      unsafe optstate_survey(numbers.baseAddress, numbers.count, &survey)
    } else {
      unsafe optstate_extremes(numbers.baseAddress, numbers.count, &survey)
    }
    sum = withSums ? survey.sum : 0
    sumOfSquares = withSums ? survey.squares : 0
    min = survey.min
    max = survey.max
    zeros = Int(survey.zeros)
    nan = Int(survey.nan)
    inf = Int(survey.inf)
  }
}
