internal import OptimizerCore
internal import Tensors

/// The two moments of one variable beside each other.
struct MomentSurvey: Sendable {
  /// Largest ratio `|m|/√v`.
  var largest = 0.0

  /// Pairs that no sequence of gradients can have made.
  var beyond = 0

  /// The pair that is furthest beyond the bound, row-major, with its numbers.
  var worst: (place: Int, first: Double, second: Double, ratio: Double)?

  /// Rows whose moments are exactly zero: no gradient ever reached them.
  var untouchedRows: ZeroRows

  /// Sums for a report, `nil` unless they were asked for.
  var histogram: RatioHistogram?

  /// Nothing yet, of a variable with rows of a length.
  init(rowLength: Int) {
    untouchedRows = ZeroRows(rowLength: rowLength)
  }

  /// Looks at a piece.
  ///
  /// - Parameters:
  ///   - m: First moments, `float32`.
  ///   - v: As many second moments, `float32`.
  ///   - first: Row-major place of the first pair.
  ///   - rowLength: Elements of a row.
  ///   - limits: What is no violation.
  ///   - epsilon: Makes a histogram, with this number guarding the division.
  init(
    _ m: UnsafeRawBufferPointer,
    _ v: UnsafeRawBufferPointer,
    first: Int,
    rowLength: Int,
    limits: MomentLimits,
    epsilon: Float?
  ) {
    untouchedRows = unsafe ZeroRows(m, v, first: first, rowLength: rowLength)
    let ratio = unsafe MomentRatio(
      m,
      v,
      room: Float(limits.room),
      limit: Float(limits.ratio)
    )
    largest = Double(ratio.largest)
    beyond = ratio.beyond
    if beyond > 0 { unsafe locate(m, v, first, limits) }
    if let epsilon {
      var histogram = RatioHistogram()
      unsafe histogram.add(m, v, epsilon: epsilon)
      self.histogram = histogram
    }
  }

  /// Adds the piece that follows.
  mutating func add(_ other: MomentSurvey) {
    largest = max(largest, other.largest)
    beyond += other.beyond
    if let theirs = other.worst, theirs.ratio > worst?.ratio ?? 0 { worst = theirs }
    untouchedRows.add(other.untouchedRows)
    if let theirs = other.histogram {
      histogram = histogram ?? RatioHistogram()
      histogram?.add(theirs)
    }
  }

  private mutating func locate(
    _ m: UnsafeRawBufferPointer,
    _ v: UnsafeRawBufferPointer,
    _ start: Int,
    _ limits: MomentLimits
  ) {
    let firsts = unsafe m.bindMemory(to: Float.self)
    let seconds = unsafe v.bindMemory(to: Float.self)
    let room = Float(limits.room)
    var furthest: (place: Int, ratio: Float)?
    for index in 0..<min(firsts.count, seconds.count) {
      let ratio = unsafe abs(firsts[index]) / (seconds[index] + room).squareRoot()
      guard ratio.isFinite, ratio > furthest?.ratio ?? 0, unsafe seconds[index] >= 0 else {
        continue
      }
      furthest = (index, ratio)
    }
    guard let furthest else { return }
    worst = unsafe (
      start + furthest.place, Double(firsts[furthest.place]), Double(seconds[furthest.place]),
      Double(furthest.ratio)
    )
  }
}

/// What two moments may be to each other, see ``MomentBound``.
struct MomentLimits: Sendable {
  /// The largest ratio that rounding can explain.
  let ratio: Double
  /// What is added to each second moment.
  let room: Double

  /// Anything is possible.
  static let none = MomentLimits(ratio: .infinity, room: 0x1p-126)
}
