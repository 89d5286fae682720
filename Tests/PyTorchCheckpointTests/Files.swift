import Foundation
import TestSupport

/// The files that torch wrote.
enum Files {
  static let reference = Fixtures.root + "/reference/pytorch/2.13.0"
  static let hostile = Fixtures.root + "/hostile/pytorch"

  static let names = [
    "adam", "adam-1.8", "adamw-fused", "amsgrad", "momentum", "rmsprop", "adagrad", "adadelta",
    "adamax", "nadam", "radam", "adafactor", "bare-optimizer", "views", "types", "items-1000",
    "items-1001", "items-2001",
  ]

  static func path(_ name: String) -> String { "\(reference)/\(name).pt" }

  /// The rows of a table behind its heading.
  static func rows(_ path: String) throws -> [[String]] {
    String(decoding: try readFile(path), as: UTF8.self).split(separator: "\n").dropFirst().map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }
}
