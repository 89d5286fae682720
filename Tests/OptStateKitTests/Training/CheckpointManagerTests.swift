import OptStateKit
import TestSupport
import Testing

@Suite("CheckpointManager")
struct CheckpointManagerTests {
  @Test func latestCheckpointsAreKept() throws {
    let folder = try TemporaryDirectory()
    let manager = try CheckpointManager(folder.path, policy: .init(everySteps: 2, keepLatest: 2))
    #expect(try manager.latest() == nil)
    let run = try start()
    for _ in 0..<9 {
      try run.apply(["a": floats([1, 2])])
      try manager.saveIfDue(run)
    }
    try manager.wait()
    #expect(try folder.names == ["checkpoint-6.h5", "checkpoint-8.h5"])
    #expect(try manager.latest() == folder("checkpoint-8.h5"))
  }

  @Test func latestIsByNumberAndNotByName() throws {
    let folder = try TemporaryDirectory()
    let manager = try CheckpointManager(folder.path, policy: .init(everySteps: 1, keepLatest: 5))
    let run = try start()
    for _ in 0..<11 {
      try run.apply(["a": floats([1, 2])])
      try manager.saveIfDue(run)
    }
    try manager.wait()
    #expect(try manager.latest() == folder("checkpoint-11.h5"))
  }

  @Test func runThatGoesBackIsTheLatest() throws {
    let folder = try TemporaryDirectory()
    let first = try CheckpointManager(folder.path, policy: .init(everySteps: 2, keepLatest: 3))
    let run = try start()
    for _ in 0..<6 {
      try run.apply(["a": floats([1, 2])])
      try first.saveIfDue(run)
    }
    try first.wait()
    let early = try StateFormats.open(folder("checkpoint-2.h5")).state
    let again = try TrainingRun(resuming: early)
    let second = try CheckpointManager(folder.path, policy: .init(everySteps: 1, keepLatest: 3))
    #expect(try second.latest() == folder("checkpoint-6.h5"))
    try again.apply(["a": floats([1, 2])])
    try second.saveIfDue(again)
    try second.wait()
    #expect(try second.latest() == folder("checkpoint-3.h5"))
    #expect(try folder.names == ["checkpoint-3.h5", "checkpoint-4.h5", "checkpoint-6.h5"])
    // Even where nothing else is kept.
    let third = try CheckpointManager(folder.path, policy: .init(keepLatest: 1))
    try third.save(again)
    try third.wait()
    #expect(try folder.names == ["checkpoint-3.h5"])
  }

  @Test func bestIsTheOneWithTheLowestScore() throws {
    let folder = try TemporaryDirectory()
    let policy = CheckpointManager.Policy(keepLatest: 1, keepBest: true)
    let manager = try CheckpointManager(folder.path, policy: policy)
    let run = try start()
    for score in [3.0, 1.0, 2.0] {
      try run.apply(["a": floats([1, 2])])
      try manager.save(run, score: score)
    }
    try manager.wait()
    #expect(try folder.names == ["best.h5", "checkpoint-3.h5"])
    #expect(try StateFormats.open(folder("best.h5")).state.globalStep?.value == 2)
  }

  @Test func unfinishedFilesAreNoCheckpoints() throws {
    let folder = try TemporaryDirectory()
    try writeFile(
      folder(".checkpoint-9.h5.\(TemporaryFiles.origin).99999999.1.optstate-partial"),
      "cut off"
    )
    try writeFile(folder("checkpoint-x.h5"), "of another program")
    let manager = try CheckpointManager(folder.path, policy: .init())
    #expect(try manager.latest() == nil)
    try manager.save(start())
    try manager.wait()
    #expect(try folder.names == ["checkpoint-0.h5", "checkpoint-x.h5"])
  }

  @Test func failureOfABackgroundSaveReachesTheNextCall() throws {
    let folder = try TemporaryDirectory()
    let manager = try CheckpointManager(folder("sub"), policy: .init())
    let run = try start()
    // A directory in the checkpoint's place cannot be replaced.
    _ = try CheckpointManager(folder("sub/checkpoint-0.h5"), policy: .init())
    try manager.save(run)
    #expect(try errorCode { try manager.wait() } == .cannotCreate)
    try manager.wait()
  }

  /// Training goes on under the writer; from each of its checkpoints it must still end with the same bits.
  @Test(arguments: [1, 3])
  func backgroundSaveIsOfOneMoment(_ accumulation: Int) throws {
    let folder = try TemporaryDirectory()
    let manager = try CheckpointManager(folder.path, policy: .init(keepLatest: .max))
    let values = (0..<300_001).map { Float($0 % 251) - 125 }
    // Large and made before, so that an update is under way while a snapshot could be.
    let gradients = try [1, -2, 3].map { scale in
      ["a": try floats(values.map { $0 * scale }), "b": try floats([scale, 2])]
    }
    let run = try TrainingRun(
      parameters: [("a", floats(values)), ("b", floats([1, 2]))],
      optimizer: OptimizerRecord(
        spec: "adamw:learning_rate=0.01,arithmetic=pytorch,accumulation_steps=\(accumulation)"
      )
    )
    func train(_ run: TrainingRun, _ numbers: Range<Int>) throws {
      for number in numbers { try run.apply(gradients[number % gradients.count]) }
    }
    // One ahead, so that sums of gradients are in flight at every save.
    try train(run, 0..<1)
    let first = run.globalStep
    let saves = 8
    let end = 1 + saves * accumulation
    for save in 0..<saves {
      try manager.save(run)
      try train(run, 1 + save * accumulation..<1 + (save + 1) * accumulation)
    }
    try manager.wait()
    #expect(try folder.names.count == saves)
    for save in 0..<saves {
      let path = folder("checkpoint-\(first + Int64(save)).h5")
      let resumed = try TrainingRun(resuming: StateFormats.open(path).state)
      #expect(resumed.accumulatedGradients == (accumulation == 1 ? 0 : 1))
      try train(resumed, 1 + save * accumulation..<end)
      #expect(resumed.globalStep == run.globalStep)
      for name in run.parameterNames {
        #expect(try resumed.parameter(name) == run.parameter(name), "save \(save), \(name)")
      }
    }
  }

  private func start() throws -> TrainingRun {
    try TrainingRun(
      parameters: [("a", floats([0.5, -1]))],
      optimizer: OptimizerRecord(spec: "adamw:learning_rate=0.01,arithmetic=pytorch")
    )
  }
}
