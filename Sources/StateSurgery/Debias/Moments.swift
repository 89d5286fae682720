internal import Tensors
internal import TrainingState

/// A variable's first and second moment, and how their rows divide into stretches of one past.
struct Moments {
  /// The slots whose bias is corrected.
  static let names: Set<SlotName> = [.firstMoment, .secondMoment, .greatestSecondMoment]

  let variable: String
  let first: Slot
  let second: Slot

  /// - Returns: `nil` when the variable has neither moment.
  /// - Throws: `StateError` with code `malformed` when it has one of them, or they do not fit.
  init?(_ variable: Variable) throws {
    self.variable = variable.name
    switch (variable[.firstMoment], variable[.secondMoment]) {
    case (nil, nil): return nil
    case (let first?, let second?):
      let (one, other) = (first.tensor.tensor, second.tensor.tensor)
      guard one.shape == other.shape, one.elementType.isFloatingPoint,
        other.elementType.isFloatingPoint
      else {
        throw StateError(
          .malformed,
          "the two moments differ in shape or are no floating-point numbers",
          tensor: variable.name,
          expected: "\(one.elementType.rawValue)\(one.shape)",
          found: "\(other.elementType.rawValue)\(other.shape)"
        )
      }
      (self.first, self.second) = (first, second)
    case (let first, _):
      throw StateError(
        .malformed,
        "the variable has \(first == nil ? "a second moment" : "a first moment") and not the other",
        tensor: variable.name
      )
    }
  }

  /// Rows along the first axis; a scalar is one row.
  var rowCount: Int { first.tensor.tensor.shape.dimensions.first ?? 1 }

  /// Rows in which neither moment's past changes, with the pasts of both.
  var stretches: [(rows: Range<Int>, first: SlotHistory.Stretch, second: SlotHistory.Stretch)] {
    let (one, other) = (first.history.stretches, second.history.stretches)
    let count = rowCount
    let starts = Set((one + other).map(\.firstRow)).filter { $0 == 0 || $0 < count }.sorted()
    return starts.enumerated().compactMap { place, start in
      let end = place + 1 < starts.count ? starts[place + 1] : count
      guard let first = one.last(where: { $0.firstRow <= start }),
        let second = other.last(where: { $0.firstRow <= start })
      else { return nil }
      return (start..<max(start, end), first, second)
    }
  }
}

/// Rows of a variable's moments with what corrects them.
struct MomentStretch {
  let rows: Range<Int>
  /// Updates that the first and the second moment have seen.
  let ages: (first: Int64, second: Int64)
  let beta1: Double
  let beta2: Double
  /// Whether the operation changes these rows.
  var isChanged = false
  /// Whether the correction was in them before.
  var isFolded = false

  init(rows: Range<Int>, ages: (Int64, Int64), beta1: Double, beta2: Double) {
    self.rows = rows
    self.ages = ages
    self.beta1 = beta1
    self.beta2 = beta2
  }
}
