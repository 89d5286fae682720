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

  private func start() throws -> TrainingRun {
    try TrainingRun(
      parameters: [("a", floats([0.5, -1]))],
      optimizer: OptimizerRecord(spec: "adamw:learning_rate=0.01,arithmetic=pytorch")
    )
  }
}
