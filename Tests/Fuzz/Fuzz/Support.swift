import ByteIO
import Foundation
import OptimizerCore
import StateStore
import TensorFlowCheckpoint
import Tensors
import TrainingState

/// The fixtures, from which the seeds are taken.
enum Fixtures {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures").path

  /// The files below a folder whose names end in a certain way and that are not too large to be seeds.
  static func files(_ folder: String, endingIn suffix: String) -> [String] {
    let names = FileManager.default.enumerator(atPath: "\(root)/\(folder)")?.compactMap {
      $0 as? String
    }
    return (names ?? []).filter { $0.hasSuffix(suffix) }.sorted().map { "\(root)/\(folder)/\($0)" }
      .filter { path in
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        return (size ?? .max) < 100_000
      }
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path)))
  }
}

/// A folder in memory for what has to be a file.
enum Scratch {
  static let folder: String = {
    let base = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
    let path = "\(base)/optstate-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }()

  /// Makes or changes a file; making a new one for each input would take longer than parsing it.
  static func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = "\(folder)/\(name)"
    let isThere = unsafe truncate(path, 0) == 0
    let file = try isThere ? PositionalFile.openForWriting(path) : PositionalFile.create(path)
    try file.write(bytes, at: 0)
    return path
  }
}

/// Reads fields from an input, zeros where it has ended.
struct Input {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var isEmpty: Bool { rest.isEmpty }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  mutating func number() -> Int { Int(byte()) << 8 | Int(byte()) }

  mutating func bytes(_ count: Int) -> [UInt8] {
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  mutating func all() -> [UInt8] { bytes(rest.count) }
}

/// What every command does with a state, whoever made it.
enum Use {
  /// Reads all tensors and computes what records say.
  static func state(_ state: TrainingState) throws {
    _ = Account(state)
    let tensors = state.allTensors.map { NamedTensor($0.name, $0.tensor) }
    // One tensor at a time and on one core, for speed.
    _ = NamingConvention.recognize(state.variables.map(\.name))
    records(state.optimizer, state.schedule, at: state.globalStep?.value ?? 1)
    for tensor in tensors { _ = try? TensorPass.verifiedBytes(of: tensor, limit: 1 << 20) }
  }

  /// Makes of records what they stand for.
  static func records(_ optimizer: OptimizerRecord?, _ schedule: ScheduleRecord?, at step: Int64) {
    if let schedule, let real = try? Schedule(schedule) {
      for step in [step, 0, 1, 99, 1 << 40, Int64.max - 1, -1] {
        _ = try? real.learningRate(at: step)
        _ = try? real.roundedLearningRate(at: step)
      }
      _ = real.end
    }
    guard let optimizer, let real = try? Optimizer(optimizer, convention: .tensorflow) else {
      return
    }
    for dimensions in [[], [3], [2, 3], [0]] {
      guard let shape = try? Shape(dimensions) else { continue }
      _ = try? real.plan(
        for: "a/b",
        shape: shape,
        types: UpdateTypes(parameter: .float32, slots: nil)
      )
    }
  }

  /// Writes a state in both families of formats.
  static func write(_ state: TrainingState) {
    let options = WriteOptions(overwrite: true)
    try? TensorFlowWriter.write(state, to: Scratch.folder + "/out.ckpt", options: options)
    try? StateStoreWriter.write(state, to: Scratch.folder + "/out.h5", options: options)
  }
}
