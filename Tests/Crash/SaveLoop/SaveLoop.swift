import Foundation
import OptStateKit

/// Trains and saves without end, to be killed: checkpoints in the background, and the run by itself.
///
///     SaveLoop DIRECTORY MEGABYTES
///
/// Goes on from the latest checkpoint of the directory. Beside the checkpoints it keeps `run.h5` and
/// `run.ckpt`, replaced again and again.
@main
enum SaveLoop {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let megabytes = Int(arguments[2]) else {
      FileHandle.standardError.write(Data("usage: SaveLoop DIRECTORY MEGABYTES\n".utf8))
      exit(64)
    }
    let directory = arguments[1]
    let policy = CheckpointManager.Policy(everySteps: 1, keepLatest: 2, keepBest: true)
    let manager = try CheckpointManager(directory, policy: policy)
    let run: TrainingRun
    if let latest = try manager.latest() {
      run = try TrainingRun(resuming: StateFormats.open(latest).state)
    } else {
      run = try start(megabytes)
    }
    let gradient = try floats([1, 2, 3, 4])
    while true {
      try run.apply(["counter": gradient])
      try manager.saveIfDue(run, score: Double(run.globalStep % 7))
      let options = WriteOptions(overwrite: true)
      try run.save(to: directory + "/run.h5", options: options)
      try run.save(to: directory + "/run.ckpt", options: options)
    }
  }

  private static func start(_ megabytes: Int) throws -> TrainingRun {
    let bulk = (0..<megabytes).map { number in
      (name: "layer_\(number)", elements: (0..<87_381).map { Float($0 &* (number + 1) % 1000) })
    }
    var parameters = try bulk.map { (name: $0.name, value: try floats($0.elements)) }
    parameters.append((name: "counter", value: try floats([0, 0, 0, 0])))
    return try TrainingRun(
      parameters: parameters,
      optimizer: OptimizerRecord(spec: "adamw:learning_rate=0.01,arithmetic=pytorch_fused")
    )
  }

  private static func floats(_ elements: [Float]) throws -> Tensor {
    let bytes = elements.flatMap { element in
      (0..<4).map { UInt8(truncatingIfNeeded: element.bitPattern >> (8 * $0)) }
    }
    return try Tensor(.float32, .vector(elements.count), bytes: bytes)
  }
}
