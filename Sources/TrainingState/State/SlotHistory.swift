/// What has been done to a slot other than updating it: when its rows were last at their initial value,
/// and whether the correction of their bias has been folded into them.
///
/// Adam's correction needs the number of updates since its moments were zero, which after a reset is
/// not the number of updates of the model. Counts are those of ``Variable/step`` where the source
/// counts per variable, of the global step otherwise.
public struct SlotHistory: Sendable, Hashable {
  /// Rows, from one on up to those of the next stretch, that share a past.
  public struct Stretch: Sendable, Hashable {
    /// The first row, counted along the first axis.
    public var firstRow: Int

    /// The count of updates at which the rows had their initial value; negative where the count was
    /// set back later.
    public var start: Int64

    /// Whether the correction of the bias is in the numbers themselves.
    public var isFolded: Bool

    /// Describes rows.
    ///
    /// - Parameters:
    ///   - firstRow: The first row.
    ///   - start: The count at which the rows had their initial value.
    ///   - isFolded: Whether the correction is in the numbers.
    public init(firstRow: Int = 0, start: Int64 = 0, isFolded: Bool = false) {
      self.firstRow = firstRow
      self.start = start
      self.isFolded = isFolded
    }
  }

  /// The stretches in the order of their rows; the first begins at row 0.
  public private(set) var stretches: [Stretch]

  /// The past of a slot of which nothing is known but that it began with the first update.
  public init() {
    stretches = [Stretch()]
  }

  /// A past that all rows share.
  ///
  /// - Parameters:
  ///   - start: The count at which the slot had its initial value.
  ///   - isFolded: Whether the correction is in the numbers.
  public init(start: Int64, isFolded: Bool = false) {
    stretches = [Stretch(start: start, isFolded: isFolded)]
  }

  /// A past told stretch by stretch, `nil` when they are not in order; neighbours alike become one.
  ///
  /// - Parameter stretches: At least one, the first from row 0 on, the others in rising order.
  public init?(_ stretches: [Stretch]) {
    guard stretches.first?.firstRow == 0,
      zip(stretches, stretches.dropFirst()).allSatisfy({ $0.firstRow < $1.firstRow })
    else { return nil }
    self.stretches = stretches.reduce(into: []) { merged, next in
      if let last = merged.last, last.start == next.start, last.isFolded == next.isFolded { return }
      merged.append(next)
    }
  }

  /// Whether nothing out of the ordinary is known.
  public var isPlain: Bool { self == SlotHistory() }

  /// Whether the correction is in some of the numbers.
  public var isFolded: Bool { stretches.contains { $0.isFolded } }

  /// The earliest count at which any row had its initial value.
  public var start: Int64 { stretches.lazy.map(\.start).min() ?? 0 }

  /// The same past with each stretch changed.
  ///
  /// - Parameter change: What is done to a stretch; its rows stay.
  /// - Returns: The changed past.
  public func mapping(_ change: (Stretch) throws -> Stretch) rethrows -> SlotHistory {
    var copy = self
    copy.stretches = try stretches.map { stretch in
      var changed = try change(stretch)
      changed.firstRow = stretch.firstRow
      return changed
    }
    return SlotHistory(copy.stretches) ?? copy
  }
}
