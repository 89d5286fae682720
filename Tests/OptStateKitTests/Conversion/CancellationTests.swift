import Foundation
import OptStateKit
import Synchronization
import TestSupport
import Testing

@Suite("Cancellation")
struct CancellationTests {
  private struct Enough: Error {}

  private static let source = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")

  /// Names that tell the formats, each of which writes in a way of its own.
  private static let outputs = [
    "s.h5", "s.ckpt-20", "s.safetensors", "s.npz", "s.pt", "s.msgpack",
  ]

  private static func convert(_ output: String, _ progress: TensorProgress? = nil) throws {
    try Conversion.run(
      from: source,
      to: output,
      options: WriteOptions(overwrite: true, progress: progress)
    ) { state, _ in
      var complete = state
      complete.optimizer = try OptimizerRecord(spec: "bert_adamw:learning_rate=0.001")
      return complete
    }
  }

  private typealias TensorProgress = @Sendable (Int, Int) throws -> Void

  @Test(arguments: outputs)
  func progressThatThrowsEndsTheWorkAndLeavesWhatWasThere(_ name: String) throws {
    let folder = try TemporaryDirectory()
    #expect(throws: Enough.self) { try Self.convert(folder(name)) { _, _ in throw Enough() } }
    #expect(try folder.names == [])
    try Self.convert(folder(name))
    let before = try contents(folder)
    #expect(throws: Enough.self) { try Self.convert(folder(name)) { _, _ in throw Enough() } }
    #expect(try contents(folder) == before)
  }

  @Test(arguments: outputs)
  func cancelledTaskEndsTheWorkAndLeavesNothing(_ name: String) async throws {
    let folder = try TemporaryDirectory()
    let task = Task {
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      try Self.convert(folder(name))
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try folder.names == [])
  }

  @Test func workInTheBackgroundHearsOfTheTask() async throws {
    let folder = try TemporaryDirectory()
    let isCancelled = Mutex(false)
    let task = Task {
      try await BackgroundWork.run {
        while !isCancelled.withLock({ $0 }) { usleep(100) }
        try Self.convert(folder("s.h5"))
      }
    }
    task.cancel()
    isCancelled.withLock { $0 = true }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try folder.names == [])
  }

  @Test func workInTheBackgroundReturnsWhatItFinds() async throws {
    let found = try await BackgroundWork.run { try Verification(Self.source) }
    #expect(found.isSound)
    await #expect(throws: StateError.self) {
      try await BackgroundWork.run { try Verification("/no/such/state") }
    }
  }

  @Test func everyReaderEndsWhereProgressThrows() throws {
    let enough: TensorProgress = { _, _ in throw Enough() }
    let source = Self.source
    #expect(throws: Enough.self) { try Verification(source, progress: enough) }
    #expect(throws: Enough.self) { try Diagnosis(source, progress: enough) }
    #expect(throws: Enough.self) { try Comparison(source, source, progress: enough) }
    #expect(throws: Enough.self) { try StateReport(source, progress: enough) }
    let folder = Fixtures.tensorFlow("2.21.0/bert")
    #expect(throws: Enough.self) { try StateHistory(folder, progress: enough) }
  }

  /// Every file in a folder with its bytes.
  private func contents(_ folder: TemporaryDirectory) throws -> [String: Data] {
    try folder.names.reduce(into: [:]) { result, name in
      result[name] = try Data(contentsOf: URL(filePath: folder(name)))
    }
  }
}
