public import ByteIO
internal import OptimizerCore
internal import Tensors

/// The rates of one or two schedules, as a table and for programs.
public struct ScheduleReport: Sendable {
  private let samples: [ScheduleSamples]
  private let current: Int64?

  /// Describes a report.
  ///
  /// - Parameters:
  ///   - samples: One schedule, or two at the same steps.
  ///   - current: The step of a state, which is marked.
  public init(_ samples: [ScheduleSamples], current: Int64? = nil) {
    self.samples = samples
    self.current = current
  }

  /// The table, a line per step.
  public var lines: [String] {
    guard let first = samples.first else { return [] }
    let width = max(4, first.points.map { "\($0.step)".count }.max() ?? 0)
    func line(_ step: String, _ rates: [String], _ mark: String) -> String {
      let columns = rates.map { $0 + String(repeating: " ", count: max(0, 14 - $0.count)) }
      let text =
        String(repeating: " ", count: width - step.count) + step + "  "
        + columns.joined(separator: "  ") + mark
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    let heading = samples.count > 1 ? ["rate", "compared"] : ["rate"]
    return samples.map { "\($0.record)" } + [line("step", heading, "")]
      + first.points.indices.map { place in
        let point = first.points[place]
        let rates = samples.map { "\(Float($0.points[place].rate))" }
        return line("\(point.step)", rates, point.step == current ? "<- now" : "")
      }
  }

  /// The report for programs.
  public var json: JSONValue {
    .object([
      "schedule": samples.first.map(describe) ?? .null,
      "step": JSONValue(current),
      "learning_rate": JSONValue(rate(samples.first)),
      "points": samples.first.map(points) ?? .null,
      "compare": samples.count < 2
        ? .null
        : .object([
          "schedule": describe(samples[1]), "learning_rate": JSONValue(rate(samples[1])),
          "points": points(samples[1]),
        ]),
    ])
  }

  private func rate(_ samples: ScheduleSamples?) -> Double? {
    samples?.points.first { $0.step == current }?.rate
  }

  private func describe(_ samples: ScheduleSamples) -> JSONValue {
    .object([
      "kind": .string(samples.record.kind),
      "parameters": .object(JSONObject(samples.record.parameters.mapValues(JSONValue.init))),
    ])
  }

  private func points(_ samples: ScheduleSamples) -> JSONValue {
    .array(
      samples.points.map {
        .object(["step": .int($0.step), "learning_rate": .double($0.rate)])
      }
    )
  }
}
