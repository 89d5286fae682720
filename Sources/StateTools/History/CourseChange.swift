#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A step at which a number of some variables left the course that it had kept.
public struct CourseChange: Sendable, Hashable {
  /// The checkpoint at which it is seen.
  public let step: Int64

  /// The checkpoint before it.
  public let lastStep: Int64

  /// What changed, such as `Effective learning rate`.
  public let measure: String

  /// The variables in which it did, that with the largest change first.
  public let variables: [String]

  /// Variables that have the number at all.
  public let variableCount: Int

  /// How many times what was expected it is in the first of them; 0 or infinite where it vanished or was not finite.
  public let factor: Double

  /// The change as a sentence, such as `Effective learning rate: 10 times what was expected, between steps 55 and 60, in all 14 variables`.
  public var sentence: String {
    let size =
      factor == 0
      ? "zero" : factor.isFinite ? "\(Numbers.short(factor)) times what was expected" : "no number"
    let place =
      variables.count == variableCount
      ? "in all \(variableCount) variables"
      : variables.count == 1
        ? "in \(variables[0])" : "in \(variables.count) of \(variableCount) variables"
    return "\(measure): \(size), between steps \(lastStep) and \(step), \(place)"
  }

  /// Least factor that counts, and how many times the usual deviation it has to be.
  private static let (leastFactor, leastScore) = (1.5, 6.0)

  /// Finds where series leave their courses, the earliest first.
  ///
  /// A course is the last number times the median of the last five changes; the usual deviation is the median of those before.
  /// What happens in the first four checkpoints, or in the four after a change, cannot be told from where a course begins.
  static func all(in series: [HistorySeries], steps: [Int64]) -> [CourseChange] {
    var found: [Key: [(name: String, deviation: Double)]] = [:]
    for one in series {
      for (place, deviation) in departures(one.values) {
        found[Key(place: place, measure: one.measure), default: []].append((one.name, deviation))
      }
    }
    let order = HistorySeries.Measure.allCases
    return found.map { key, parts in
      let sorted = parts.sorted { abs($0.deviation) > abs($1.deviation) }
      return CourseChange(
        step: steps[key.place],
        lastStep: steps[key.place - 1],
        measure: key.measure.title,
        variables: sorted.map(\.name),
        variableCount: series.count {
          $0.measure == key.measure && $0.values.contains { $0 != nil }
        },
        factor: exp(sorted[0].deviation)
      )
    }.sorted { one, other in
      func rank(_ change: CourseChange) -> Int {
        order.firstIndex { $0.title == change.measure } ?? order.count
      }
      return (one.step, rank(one)) < (other.step, rank(other))
    }
  }

  private struct Key: Hashable {
    let place: Int
    let measure: HistorySeries.Measure
  }

  /// Places at which a series leaves its course, and the logarithm of how far.
  private static func departures(_ values: [Double?]) -> [(place: Int, deviation: Double)] {
    var known: [(place: Int, logarithm: Double)] = []
    var residuals: [Double] = []
    var found: [(Int, Double)] = []
    for (place, value) in values.enumerated() {
      guard let value else { continue }
      guard value > 0, value.isFinite else {
        if known.count >= 4 { found.append((place, value == 0 ? -.infinity : .infinity)) }
        known = []
        residuals = []
        continue
      }
      let logarithm = log(value)
      if known.count >= 4 {
        let last = known.suffix(6).map(\.logarithm)
        let course = last[last.count - 1] + zip(last.dropFirst(), last).map { $0 - $1 }.median
        let residual = logarithm - course
        let usual = max(1.4826 * residuals.map(abs).median, log(1.1))
        if abs(residual) >= max(log(leastFactor), leastScore * usual) {
          found.append((place, residual))
          // What comes after has a course of its own.
          known = []
          residuals = []
        } else {
          residuals = residuals.suffix(9) + [residual]
        }
      }
      known.append((place, logarithm))
    }
    return found
  }
}
