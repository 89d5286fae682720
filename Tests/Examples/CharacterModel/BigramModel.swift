import Foundation
import OptStateKit

/// Predicts a character from the two before it: the logits are a row of one table, a row of another,
/// and a bias.
struct BigramModel {
  /// The vocabulary is the ASCII range; every other character counts as character 0.
  static let characters = 128

  static let names = ["last/table", "before/table", "bias"]

  /// Small fixed numbers to begin with, the same on every machine.
  static func start() throws -> [(name: String, value: Tensor)] {
    var seed: UInt64 = 1
    return try names.map { name in
      let shape = shape(of: name)
      let numbers = (0..<shape.reduce(1, *)).map { _ in
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (Float(seed >> 40) / Float(1 << 24) - 0.5) * 0.1
      }
      return (name, try Tensor(numbers, shape: shape))
    }
  }

  /// The mean loss over some places of a text, and the gradients of the parameters.
  static func gradients(
    _ run: TrainingRun,
    _ text: [UInt8],
    places: [Int]
  ) throws -> (loss: Float, gradients: [String: Tensor]) {
    let parameters = try names.map { try run.floats($0) }
    var sums = parameters.map { [Float](repeating: 0, count: $0.count) }
    var loss: Float = 0
    for place in places {
      let rows = [Int(text[place + 1]), Int(text[place]), 0].map { $0 * characters }
      let logits = (0..<characters).map { character in
        parameters[0][rows[0] + character] + parameters[1][rows[1] + character]
          + parameters[2][character]
      }
      let largest = logits.max() ?? 0
      let exponentials = logits.map { exp($0 - largest) }
      let total = exponentials.reduce(0, +)
      let target = Int(text[place + 2])
      loss -= log(exponentials[target] / total)
      for character in 0..<characters {
        let error = exponentials[character] / total - (character == target ? 1 : 0)
        for (index, row) in rows.enumerated() {
          sums[index][row + character] += error / Float(places.count)
        }
      }
    }
    var gradients: [String: Tensor] = [:]
    for (name, sum) in zip(names, sums) {
      gradients[name] = try Tensor(sum, shape: shape(of: name))
    }
    return (loss / Float(places.count), gradients)
  }

  private static func shape(of name: String) -> [Int] {
    name == "bias" ? [characters] : [characters, characters]
  }
}
