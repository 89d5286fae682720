internal import OptStateKit

/// A diagnosis as a person reads it.
struct DiagnosisText {
  /// Findings of one kind that are shown; the rest are in the JSON.
  private static let shown = 8

  private let diagnosis: Diagnosis

  init(_ diagnosis: Diagnosis) {
    self.diagnosis = diagnosis
  }

  var lines: [String] {
    diagnosis.findings.isEmpty ? healthy : findings
  }

  private var healthy: [String] {
    var lines = ["healthy: nothing was found in \(diagnosis.tensorCount) tensors"]
    let bounded = diagnosis.tightness.compactMap { entry in
      entry.bound.map { (entry, $0, entry.largestRatio / $0) }
    }
    if let (entry, bound, _) = bounded.max(by: { $0.2 < $1.2 }) {
      lines.append(
        "tightest moments: \(Units.number(entry.largestRatio)) of at most \(Units.number(bound)), "
          + entry.variable
      )
      lines.append("the bound is for " + diagnosis.decays)
    }
    let untouched = diagnosis.tightness.filter { $0.untouchedRows ?? 0 > 0 }
    for entry in untouched.prefix(Self.shown) {
      let rows = entry.untouchedRows ?? 0
      lines.append("no gradient has reached \(rows) rows of \(entry.variable)")
    }
    return lines
  }

  private var findings: [String] {
    var lines: [String] = []
    var counts: [Finding.Code: Int] = [:]
    for finding in diagnosis.findings {
      counts[finding.code, default: 0] += 1
      guard counts[finding.code] ?? 0 <= Self.shown else { continue }
      let place = [finding.variable, finding.slot].compactMap(\.self).joined(separator: "/")
      lines.append(
        [finding.optimizer, place.isEmpty ? nil : place, finding.message].compactMap(\.self)
          .joined(separator: ": ")
      )
      let parts: [(String, String?)] = [
        ("evidence", finding.evidence), ("consequence", finding.consequence),
        ("advice", finding.advice), ("remedy", finding.remedy),
      ]
      for (label, text) in parts {
        guard let text else { continue }
        lines.append(
          "  \(label)\(String(repeating: " ", count: 13 - label.count))\(text)"
        )
      }
    }
    for code in Finding.Code.allCases {
      let more = (counts[code] ?? 0) - Self.shown
      if more > 0 { lines.append("and \(more) more of \(code.rawValue): see --json") }
    }
    let count = diagnosis.findings.count
    lines.append("\(count) finding\(count == 1 ? "" : "s")")
    return lines
  }
}
