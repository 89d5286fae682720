internal import OptStateKit

/// A comparison as a person reads it.
struct ComparisonText {
  /// Representable numbers beyond which their count says nothing: an eighth of a number of 24 bits.
  private static let tellingULP: UInt64 = 1 << 20

  private let comparison: Comparison

  init(_ comparison: Comparison) {
    self.comparison = comparison
  }

  var lines: [String] {
    let count = comparison.differences.count
    var lines = comparison.differences.map(line)
    if let prefix = comparison.prefix {
      let which = prefix.isOfFirst ? "first" : "second"
      lines.append(
        "all names of the \(which) state begin with '\(prefix.text)', which is left out here"
      )
    }
    guard count > 0 else { return lines + ["equal"] }
    var kinds: [(kind: Difference.Kind, count: Int)] = []
    for difference in comparison.differences {
      if let place = kinds.firstIndex(where: { $0.kind == difference.kind }) {
        kinds[place].count += 1
      } else {
        kinds.append((difference.kind, 1))
      }
    }
    lines.append(
      "\(count) difference\(count == 1 ? "" : "s"): "
        + kinds.map { "\($0.count) \($0.kind.rawValue)" }.joined(separator: ", ")
        + "; \(comparison.differingCount) of \(comparison.variableCount) variables"
    )
    return lines
  }

  private func line(_ difference: Difference) -> String {
    var text = difference.kind.rawValue
    if let variable = difference.variable {
      text += "  " + variable + (difference.slot.map { "/\($0)" } ?? "")
    }
    text += "  " + difference.message
    let tells = difference.largestULP ?? .max <= Self.tellingULP
    if tells, let ulp = difference.largestULP { text += ", by up to \(ulp) ULP" }
    if let relative = difference.largestRelative {
      text += tells ? " (relative \(Units.number(relative)))" : ", \(words(relative))"
    }
    if let index = difference.index { text += " at \(index)" }
    return text
  }

  /// What a difference relative to the larger of two numbers says of them.
  private func words(_ relative: Double) -> String {
    switch relative {
    case .infinity: "one of two is infinite"
    case let far where far > 1: "one of two has the other sign"
    case 1: "one of two is zero"
    default: "one of two is \(Units.number(1 / (1 - relative))) times the other"
    }
  }
}
