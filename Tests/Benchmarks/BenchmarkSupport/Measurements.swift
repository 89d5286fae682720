/// What was measured, by name, in the order in which names first came up.
package struct Measurements {
  private var names: [String] = []
  private var seconds: [String: [Double]] = [:]

  /// Nothing yet.
  package init() {}

  /// Adds a duration.
  package mutating func add(_ name: String, _ duration: Duration) {
    if seconds[name] == nil { names.append(name) }
    seconds[name, default: []].append(duration / .seconds(1))
  }

  /// The middle one of what was measured under a name.
  package func median(_ name: String) -> Double {
    let sorted = (seconds[name] ?? []).sorted()
    return sorted.isEmpty ? .nan : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// A line per name: median and range in milliseconds.
  package func printTable() {
    for name in names {
      let all = seconds[name] ?? []
      let range = [all.min(), all.max()].map { Self.milliseconds($0 ?? .nan) }
      Report.line(name, "\(Self.milliseconds(median(name))) ms   (\(range[0]) to \(range[1]))")
    }
  }

  private static func milliseconds(_ seconds: Double) -> String {
    "\((seconds * 10_000).rounded() / 10)"
  }
}

/// Lines of the report.
package enum Report {
  /// A result.
  package static func line(_ label: String, _ text: String) {
    let padding = String(repeating: " ", count: max(1, 34 - label.count))
    print(label + padding + text)
  }

  /// A figure beside what it is to be.
  package static func figure(_ label: String, _ value: Double, _ unit: String = "", target: String)
  {
    line(label, "\((value * 100).rounded() / 100)\(unit)   target \(target)")
  }
}
