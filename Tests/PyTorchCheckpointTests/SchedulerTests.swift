import OptimizerCore
import TestSupport
import Tensors
import Testing
import TorchContainer
import TrainingState

@testable import PyTorchCheckpoint

@Suite("TorchScheduler and SchedulerUpdate")
struct SchedulerTests {
  private func dictionary(_ items: [(String, PickleValue)]) -> PickleValue {
    .dictionary(items.map { (.string($0.0), $0.1) })
  }

  /// What every scheduler has, after seven calls.
  private func scheduler(
    _ own: [(String, PickleValue)],
    base: Double = 0.1,
    rate: Double,
    calls: Int64 = 7
  ) -> PickleValue {
    dictionary(
      own + [
        ("base_lrs", .list([.double(base)])), ("last_epoch", .int(calls)),
        ("_step_count", .int(calls + 1)), ("_last_lr", .list([.double(rate)])),
      ]
    )
  }

  private func group(_ rate: Double) -> PickleValue {
    dictionary([("lr", .double(rate)), ("initial_lr", .double(0.1)), ("params", .list([.int(0)]))])
  }

  private func state(step: Int64, schedule: ScheduleRecord? = nil) -> TrainingState {
    TrainingState(
      globalStep: GlobalStep(step),
      schedule: schedule,
      origin: Origin(recorded: "pytorch")
    )
  }

  @Test
  func numbersThatGiveTheRateAreASchedule() throws {
    let rate = 0.1 * 0.5 * 0.5
    let read = TorchScheduler(
      scheduler([("step_size", .int(3)), ("gamma", .double(0.5))], rate: rate),
      groups: [group(rate)]
    )
    let record = try #require(read.record(at: 7).record)
    #expect(record.kind == "torch_step")
    #expect(record.parameters["step_size"] == .int(3))
    #expect(read.record(at: 8).record == nil)
    #expect(read.record(at: 8).unread?.contains("7 times in 8 updates") == true)
  }

  /// A class, a key that it has and a value that makes another rate of it.
  @Test(arguments: [
    ("gamma", 0.25, 0.025, 0.025, "do not give the rate"),
    ("gamma", 0.5, 0.025, 0.5, "not the one that the optimizer has"),
    ("delta", 0.5, 0.025, 0.025, "keys are its own"),
    ("lr_lambdas", 0.5, 0.025, 0.025, "function"),
  ])
  func whatIsNotBelievedIsSaid(
    _ key: String,
    _ value: Double,
    _ rate: Double,
    _ own: Double,
    _ why: String
  ) {
    let read = TorchScheduler(
      scheduler([("step_size", .int(3)), (key, .double(value))], rate: rate),
      groups: [group(own)]
    )
    #expect(read.record(at: 7).record == nil)
    #expect(read.record(at: 7).unread?.contains(why) == true, "\(read.record(at: 7))")
  }

  @Test
  func schedulerAndGroupMoveTogether() throws {
    let (value, own) = (
      scheduler([("gamma", .double(0.5))], rate: 0.1 / 128), group(0.1 / 128)
    )
    try SchedulerUpdate(value, groups: [own], state: state(step: 2), stepBefore: 7).apply()
    #expect(value["last_epoch"]?.int == 2)
    #expect(value["_step_count"]?.int == 3)
    #expect(value["_last_lr"]?.elements?.first?.number == 0.025)
    #expect(own["lr"]?.number == 0.025)
  }

  @Test
  func whatIsNotReadStaysAndDoesNotMove() throws {
    let lambdas: [(String, PickleValue)] = [("lr_lambdas", .list([.none]))]
    let (value, own) = (scheduler(lambdas, rate: 0.05), group(0.05))
    func update(_ state: TrainingState) -> SchedulerUpdate {
      SchedulerUpdate(value, groups: [own], state: state, stepBefore: 7)
    }
    try update(state(step: 7)).apply()
    #expect(value["last_epoch"]?.int == 7)
    #expect(try errorCode { try update(state(step: 9)).apply() } == .unsupported)
    #expect(own["lr"]?.number == 0.05)
    // Somebody's word is good where it gives the rate on record.
    let told = try ScheduleRecord(spec: "hf_linear:learning_rate=0.1,num_training_steps=14")
    try update(state(step: 9, schedule: told)).apply()
    #expect(value["last_epoch"]?.int == 9)
    #expect(own["lr"]?.number == 0.1 * (5.0 / 14))
  }

  @Test
  func aSchedulerOfEpochsOnlyStartsAnew() throws {
    let (value, own) = (
      scheduler([("gamma", .double(0.5))], rate: 0.1 / 128), group(0.1 / 128)
    )
    func update(_ step: Int64) -> SchedulerUpdate {
      SchedulerUpdate(value, groups: [own], state: state(step: step), stepBefore: 70)
    }
    #expect(try errorCode { try update(10).apply() } == .unsupported)
    try update(0).apply()
    #expect(value["last_epoch"]?.int == 0)
    #expect(own["lr"]?.number == 0.1)
  }

  @Test
  func callsWithoutEndAreNotFollowed() {
    for calls in [TorchPosition.limit + 1, .max, -1] {
      let read = TorchScheduler(
        scheduler([("gamma", .double(1))], rate: 0.1, calls: calls < .max ? calls : calls - 1),
        groups: [group(0.1)]
      )
      #expect(read.record(at: calls).record == nil)
    }
  }

  @Test
  func lightningsLoopsStartAnewAndNothingElse() throws {
    let progress = dictionary([("ready", .int(5)), ("is_last_batch", .bool(true))])
    let loops = dictionary([("fit_loop", dictionary([("epoch_progress", progress)]))])
    #expect(try errorCode { try LightningLoops(loops).set(3) } == .unsupported)
    #expect(progress["ready"]?.int == 5)
    try LightningLoops(loops).set(0)
    #expect(progress["ready"]?.int == 0)
    #expect(progress["is_last_batch"]?.bool == false)
  }

  @Test(arguments: [
    "torch_step:learning_rate=0.1,step_size=3",
    "torch_multi_step:learning_rate=0.1,milestones=[2;2;5]",
    "torch_cosine_restarts:learning_rate=0.1,T_0=3,T_mult=2",
    "torch_sequential:learning_rate=0.1,schedules=[torch_linear;torch_polynomial],milestones=[4]",
    "torch_chained:learning_rate=0.1,schedules=[torch_linear;torch_polynomial]",
  ])
  func aNewDictionaryIsReadAgain(_ spec: String) throws {
    let record = try Schedule(ScheduleRecord(spec: spec)).record
    let made = try #require(try FreshScheduler(record, base: 0.1, 6, 1, TorchNodes()))
    let rate = try Schedule(record).learningRate(at: 6)
    let read = TorchScheduler(made.value, groups: [group(rate)])
    let again = try #require(read.record(at: 6).record, "\(read.record(at: 6).unread ?? "")")
    for step in Int64(0)..<20 {
      #expect(
        try Schedule(again).learningRate(at: step) == Schedule(record).learningRate(at: step)
      )
    }
  }
}
