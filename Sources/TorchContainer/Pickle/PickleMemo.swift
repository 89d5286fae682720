/// What a pickle remembers to refer to again, by numbers that mostly follow one another.
struct PickleMemo {
  private var dense: [PickleValue] = []
  private var sparse: [Int: PickleValue] = [:]

  /// How many values it has.
  var count: Int { dense.count + sparse.count }

  /// The value of a number, `nil` where it has none.
  subscript(index: Int) -> PickleValue? {
    index < dense.count ? dense[index] : sparse[index]
  }

  /// Remembers a value, in the place of the one that the number had.
  mutating func put(_ value: PickleValue, at index: Int) {
    if index < dense.count {
      dense[index] = value
    } else if index == dense.count {
      dense.append(value)
      sparse[index] = nil
    } else {
      sparse[index] = value
    }
  }
}
