import Testing

@testable import OptimizerCore

@Suite("Frameworks")
struct FrameworkTests {
  static let torchFused = Recording.torch.updates.filter {
    $0.name.hasSuffix("fused") && $0.type == nil
  }
  static let all = Recording.torch.updates + Recording.keras.updates

  @Test(arguments: all.indices)
  func explore(_ index: Int) throws {
    let test = Self.all[index]
    let recording = index < Recording.torch.updates.count ? Recording.torch : Recording.keras
    if test.hyperparameters["accumulation_steps"] != nil { return }
    for path in 0..<2 {
      let result: [String: Difference]
      if test.type == "float64" {
        result = try Replay.run(test, recording, Double.self, path: path == 0 ? .parallel : .readable)
      } else {
        result = try Replay.run(test, recording, Float.self, path: path == 0 ? .parallel : .readable)
      }
      let bad = result.filter { $0.value.differing > 0 }.sorted { $0.key < $1.key }
      print("RESULT", path == 0 ? "par" : "read", test.name, bad.isEmpty ? "OK \(result.values.reduce(0) { $0 + $1.elements })" : "\(bad)")
    }
  }
}
