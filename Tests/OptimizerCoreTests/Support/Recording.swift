import Foundation
import OptimizerCore
import Tensors

/// What a generator in `Fixtures/generators` recorded of a framework.
struct Recording: Decodable {
  struct Case: Decodable, CustomStringConvertible {
    let name: String
    let kind: String
    let hyperparameters: [String: JSONValue]
    let rates: [Double]?
    let schedule: String?
    let type: String?
    let after: [[String: [String: Bits]]]

    var description: String { name }
    var record: OptimizerRecord {
      OptimizerRecord(kind: kind, hyperparameters: hyperparameters.mapValues(\.value))
    }
  }

  struct Clipped: Decodable {
    let bound: Double
    let norm: Bits
    let gradients: [String: Bits]
  }

  struct BERT: Decodable {
    let names: [String: String]
    let schedule: String
    let norms: [Bits]
    let rates: [Bits]
    let after: [[String: [String: Bits]]]
  }

  struct Rates: Decodable {
    let spec: String
    let steps: [Int64]
    let rates: Bits
  }

  let producer: String
  let shapes: [String: [Int]]
  let start: [String: Bits]
  let gradients: [[String: Bits]]
  let updates: [Case]
  let clipped: [Clipped]?
  let bert: BERT?
  let schedules: [Rates]?

  static let torch: Recording = load("optimizers-torch/2.13.0/optimizers")
  static let keras: Recording = load("optimizers-keras/3.15.1/optimizers")
  static let kerasBERT: Recording = load("optimizers-keras/keras-bert-0.89.0/optimizers")

  /// Rates of transformers' schedules, `float64`.
  static let transformers = (load("optimizers-torch/transformers-4.30.2/schedules") as Schedules)
    .schedules

  private struct Schedules: Decodable {
    let schedules: [Rates]
  }

  /// The variables in the order in which the frameworks had them.
  static let order = ["kernel", "bias", "block", "tensor"]

  private static func load<Content: Decodable>(_ name: String) -> Content {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../Fixtures/reference/\(name).json")
    do {
      return try JSONDecoder().decode(Content.self, from: Data(contentsOf: file))
    } catch {
      fatalError("\(file.path): \(error)")
    }
  }
}

/// An array as the hexadecimal bits of its elements.
struct Bits: Decodable {
  let text: String

  init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
  }

  var floats: [Float] {
    split(8).map { Float(bitPattern: UInt32($0, radix: 16) ?? 0) }
  }

  var doubles: [Double] {
    split(16).map { Double(bitPattern: UInt64($0, radix: 16) ?? 0) }
  }

  private func split(_ digits: Int) -> [Substring] {
    let characters = Array(text.utf8)
    return stride(from: 0, to: characters.count, by: digits).map {
      Substring(decoding: characters[$0..<$0 + digits], as: UTF8.self)
    }
  }
}

/// A hyper-parameter as JSON has it.
struct JSONValue: Decodable {
  let value: HyperparameterValue

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let flag = try? container.decode(Bool.self) {
      value = .bool(flag)
    } else if let number = try? container.decode(Double.self) {
      value = .double(number)
    } else {
      value = .string(try container.decode(String.self))
    }
  }
}
