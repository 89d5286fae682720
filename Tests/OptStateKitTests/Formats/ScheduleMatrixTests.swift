import ByteIO
import OptStateKit
import OptimizerCore
import TestSupport
import Testing

/// Every schedule through every format that is written: the file opens again, and the schedule comes back the same, or a
/// note or a refusal says that it does not.
///
/// A new schedule or format needs no line here.
@Suite("Schedules by formats")
struct ScheduleMatrixTests {
  private static let formats = StateFormats.all.filter { $0.writer != nil }

  private static func state(_ kind: ScheduleKind) throws -> TrainingState {
    let record = OptimizerRecord(
      kind: "adamw",
      hyperparameters: [
        "learning_rate": .double(0.001), "beta1": .double(0.9), "beta2": .double(0.999),
        "epsilon": .double(1e-8), "weight_decay": .double(0.01),
      ]
    )
    func tensor(_ name: String, _ sizes: [Int]) throws -> StateTensor {
      let count = sizes.reduce(1, *)
      return StateTensor(name, try floats((0..<count).map { Float($0) / 64 }, sizes))
    }
    return TrainingState(
      variables: try [("dense/kernel", [6, 4]), ("dense/bias", [4])].map { name, sizes in
        Variable(
          name,
          value: try tensor(name, sizes),
          slots: [
            Slot(.firstMoment, try tensor("\(name)/m", sizes)),
            Slot(.secondMoment, try tensor("\(name)/v", sizes)),
          ]
        )
      },
      globalStep: GlobalStep(7),
      optimizer: record,
      schedule: try Schedule(kind.example).record,
      origin: Origin(recorded: "optstate")
    )
  }

  @Test(arguments: ScheduleKind.allCases, formats.map(\.name))
  func aScheduleComesBackOrIsSaidNotTo(_ kind: ScheduleKind, _ name: String) throws {
    let format = try #require(StateFormats.named(name))
    let folder = try TemporaryDirectory()
    let state = try Self.state(kind)
    let mark = format.marks.first.map { $0 + "-7" }
    let output = folder("m" + (mark ?? format.suffixes.first ?? "-7"))
    let notes = Notes()
    let error = try stateError {
      try StateFormats.write(
        state,
        to: output,
        format: name,
        options: WriteOptions(note: notes.add)
      )
    }
    if let error {
      #expect(error.code == .unsupported || error.code == .invalidArgument, "\(error)")
      #expect(FileSystem.kind(of: output) == nil)
      return
    }
    let (again, found) = try StateFormats.open(output)
    #expect(found == name)
    // Where PyTorch makes each rate out of the one before, others have a formula of the step.
    // A value that a record means without naming it may go.
    if let own = again.schedule {
      let meant = try [state.schedule, state.schedule?.formula].compactMap {
        try $0.map(Schedule.init)?.record
      }
      if meant.contains(try Schedule(own).record) { return }
    }
    // One rate for all updates is a rate without a schedule.
    if kind == .constant, again.schedule == nil,
      again.optimizer?.hyperparameters["learning_rate"]
        == state.schedule?.parameters["learning_rate"]
    {
      return
    }
    #expect(again.schedule == nil, "\(again.schedule.map { "\($0)" } ?? "")")
    let isSaid = notes.all.contains { note in
      ["schedule", "records of optimizer", "'\(kind.rawValue)'"].contains { note.contains($0) }
    }
    #expect(isSaid, "\(notes.all)")
  }
}
