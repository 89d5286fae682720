import Foundation
import OptimizerCore

/// Times of updates, taken in turns.
struct StepMeasurements {
  private static let rounds = 7

  private let model = Model()
  private let engine = ParallelStep()
  private var times: [String: [Double]] = [:]

  /// Measures and prints all.
  ///
  /// - Parameters:
  ///   - torch: A Python with torch.
  ///   - tensorflow: A Python with TensorFlow and the original BERT.
  /// - Returns: Whether every ratio is what it has to be.
  /// - Throws: What the optimizer or a framework's process says.
  mutating func run(torch: String?, tensorflow: String?) throws -> Bool {
    try timeOurs()
    if let python = torch {
      let torch = try Competitor(python: python, script: "torch_steps.py", shapes: Model.shapes)
      print(torch.title)
      try takeTurns(torch, ["fused", "clip"], rounds: Self.rounds)
      try takeTurns(torch, ["foreach"], rounds: 3)
    }
    if let python = tensorflow {
      let script = "tensorflow_steps.py"
      let bert = try Competitor(python: python, script: script, shapes: Model.shapes)
      print(bert.title)
      try takeTurns(bert, ["bert", "bert clip"], rounds: Self.rounds)
    }
    if torch == nil, tensorflow == nil { for _ in 1..<Self.rounds { try timeOurs() } }
    report()
    return [
      isMet("streaming loop", "our adamw", atLeast: 0.8),
      isMet("fused", "our adamw", atLeast: 0.95),
      isMet("clip", "our adamw clip", atLeast: 1.2),
      isMet("foreach", "our adamw", atLeast: 4),
      isMet("bert", "our bert", atLeast: 1),
      isMet("bert clip", "our bert clip", atLeast: 1),
    ].allSatisfy { $0 }
  }

  private mutating func takeTurns(
    _ competitor: Competitor,
    _ tasks: [String],
    rounds: Int
  ) throws {
    for _ in 0..<rounds {
      try timeOurs()
      for task in tasks { note(task, try competitor.seconds(task)) }
    }
  }

  private mutating func timeOurs() throws {
    note("streaming loop", Self.seconds { model.stream() })
    for (name, spec) in [
      ("our adamw", "adamw:arithmetic=pytorch_fused"),
      ("our bert", "bert_adamw:arithmetic=tensorflow"),
    ] {
      let optimizer = try Optimizer(OptimizerRecord(spec: spec))
      let steps = unsafe try model.steps(optimizer)
      let arithmetic = optimizer.arithmetic
      let plain = try Self.seconds {
        _ = try unsafe engine.update(steps, arithmetic: arithmetic)
      }
      let clipped = try Self.seconds {
        _ = try unsafe engine.update(steps, clipping: .globalNorm(1), arithmetic: arithmetic)
      }
      note(name, plain)
      note(name + " clip", clipped)
    }
  }

  private static func seconds(_ body: () throws -> Void) rethrows -> Double {
    let time = try ContinuousClock().measure(body).components
    return Double(time.seconds) + Double(time.attoseconds) * 1e-18
  }

  private mutating func note(_ name: String, _ seconds: Double) {
    times[name, default: []].append(seconds)
  }

  private func median(_ name: String) -> Double? {
    times[name].map { $0.sorted()[$0.count / 2] }
  }

  private func report() {
    print("\(Model.count) parameters, medians of \(Self.rounds) rounds")
    for name in times.keys.sorted() {
      guard let time = median(name) else { continue }
      // An update reads four arrays and writes three; clipping reads the gradients once more.
      let bytes = Double(Model.count) * (name.hasSuffix("clip") ? 32 : 28)
      let padded = name.padding(toLength: 16, withPad: " ", startingAt: 0)
      print(String(format: "%@ %8.2f ms %7.2f GB/s", padded, time * 1e3, bytes / time / 1e9))
    }
  }

  private func isMet(_ theirs: String, _ ours: String, atLeast threshold: Double) -> Bool {
    guard let a = median(theirs), let b = median(ours) else { return true }
    let isMet = a / b >= threshold
    let verdict = isMet ? "ok" : "BELOW"
    print(
      String(format: "%@ / %@ = %.2f (at least %.2f) %@", theirs, ours, a / b, threshold, verdict)
    )
    return isMet
  }
}
