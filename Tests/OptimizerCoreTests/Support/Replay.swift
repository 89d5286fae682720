import Tensors

@testable import OptimizerCore

/// A recorded case computed anew.
enum Replay {
  /// Replays all updates in a chain and counts what differs, by array.
  static func run<Number: TestNumber>(
    _ test: Recording.Case,
    _ recording: Recording,
    _: Number.Type,
    path: Trainer<Number>.Path = .parallel
  ) throws -> [String: Difference] {
    let trainer = try trainer(test.record, recording, Number.self)
    var result: [String: Difference] = [:]
    let schedule = try test.schedule.map { try Schedule(ScheduleRecord(spec: $0)) }
    for (index, after) in test.after.enumerated() {
      let arithmetic = trainer.optimizer.arithmetic
      let scheduled = try schedule?.learningRate(at: Int64(index), in: arithmetic)
      let context = try StepContext(
        step: Int64(index + 1),
        learningRate: test.rates?[index] ?? scheduled
      )
      try trainer.update(
        gradients(recording, index),
        context,
        path: path,
        clipping: trainer.optimizer.clipping
      )
      for name in Recording.order {
        for (key, bits) in after[name] ?? [:] where key != "root" {
          result[key, default: Difference()].add(trainer[name, key], Number.read(bits))
        }
      }
    }
    return result
  }

  static func trainer<Number: TestNumber>(
    _ record: OptimizerRecord,
    _ recording: Recording,
    _: Number.Type,
    names: [String: String] = [:]
  ) throws -> Trainer<Number> {
    try Trainer(
      Optimizer(record),
      Recording.order.map { name in
        (
          names[name] ?? name, recording.shapes[name] ?? [],
          recording.start[name].map { $0.floats.map { Number($0) } } ?? []
        )
      }
    )
  }

  static func gradients<Number: TestNumber>(
    _ recording: Recording,
    _ index: Int,
    names: [String: String] = [:]
  ) -> [String: [Number]] {
    let pairs = recording.gradients[index].map { name, bits in
      (names[name] ?? name, bits.floats.map { Number($0) })
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}
