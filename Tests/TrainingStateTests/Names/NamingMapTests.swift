import Tensors
import TestSupport
import Testing

@testable import TrainingState

@Suite("NamingMap")
struct NamingMapTests {
  private static func map(_ variables: String, rest: String = "") throws -> NamingMap {
    try NamingMap(
      json: Array(
        #"{"naming_map": 1, "from": "a", "to": "b", "variables": [\#(variables)]\#(rest)}"#.utf8
      )
    )
  }

  /// The conventions for BERT, between which maps lead both ways.
  private static let ofBERT = [
    NamingConvention.googleBERT, NamingConvention.huggingFace, "keras-bert", "bert4keras",
    NamingConvention.flaxBERT,
  ]

  @Test(arguments: ofBERT)
  func everyConventionLeadsToEveryOtherAndBack(_ source: String) throws {
    let google = Self.googleNames(layers: 3)
    let names = try google.map { name in
      try NamingConvention.maps(from: "google-bert", to: source).reduce(name) {
        try #require($1.target(of: $0), "\($0)").name
      }
    }
    #expect(Set(names).count == google.count)
    #expect(NamingConvention.recognize(names) == source)
    for target in NamingConvention.known where !Self.ofBERT.contains(target) {
      let code = try errorCode {
        _ = try NamingConvention.maps(from: source, to: target, for: names)
      }
      #expect(code == .unsupported, "\(source) to \(target)")
    }
    for target in Self.ofBERT {
      let maps = try NamingConvention.maps(from: source, to: target)
      let back = try NamingConvention.maps(from: target, to: source)
      for name in names {
        let there = try maps.reduce(name) { try #require($1.target(of: $0)).name }
        #expect(try back.reduce(there) { try #require($1.target(of: $0)).name } == name)
      }
    }
  }

  @Test func aMisspelledKeyIsRefusedByName() throws {
    let error = try stateError {
      _ = try Self.map(#"{"from": "x", "to": "y", "transposed": true}"#)
    }
    #expect(error?.code == .malformed)
    #expect(error?.message.contains("'transposed'") == true)
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"naming_map": 1}"#,
    #"{"naming_map": 1, "from": "a", "to": "b", "variables": [{"from": "x"}]}"#,
    #"{"naming_map": 1, "from": "a", "to": "b", "variables": [{"from": "x{n}", "to": "y"}]}"#,
    #"{"naming_map": 1, "from": "a", "to": "b", "variables": [{"from": [], "to": "y"}]}"#,
    #"{"naming_map": 1, "from": "a", "to": "b", "variables": [{"from": 1, "to": "y"}]}"#,
    #"{"naming_map": "1", "from": "a", "to": "b", "variables": []}"#,
    "\u{0}", #"{"naming_map": 1,"#,
  ])
  func whatIsNoMapIsRefused(_ json: String) throws {
    #expect(try errorCode { _ = try NamingMap(json: Array(json.utf8)) } == .malformed)
  }

  @Test func anUnknownVersionIsUnsupported() throws {
    let json = #"{"naming_map": 2, "from": "a", "to": "b", "variables": []}"#
    #expect(try errorCode { _ = try NamingMap(json: Array(json.utf8)) } == .unsupported)
  }

  @Test func oneNameTwiceOnASideIsRefused() throws {
    let error = try errorCode {
      _ = try Self.map(#"{"from": "x", "to": "y"}, {"from": "z", "to": "y"}"#)
    }
    #expect(error == .malformed)
  }

  @Test func theDirectionFollowsTheNames() throws {
    let map = try Self.map(#"{"from": "x", "to": "y"}"#)
    #expect(map.direction(for: ["x"])?.target == "b")
    #expect(map.direction(for: ["y"])?.target == "a")
    #expect(map.direction(for: ["z"]) == nil)
  }

  /// What google-research/bert's pre-training names its variables.
  static func googleNames(layers: Int) -> [String] {
    let norm = ["LayerNorm/gamma", "LayerNorm/beta"]
    let dense = ["dense/kernel", "dense/bias"]
    let layer =
      ["query", "key", "value"].flatMap { part in
        ["kernel", "bias"].map { "attention/self/\(part)/\($0)" }
      } + (dense + norm).map { "attention/output/\($0)" } + dense.map { "intermediate/\($0)" }
      + (dense + norm).map { "output/\($0)" }
    return ["word_embeddings", "position_embeddings", "token_type_embeddings"]
      .map { "bert/embeddings/\($0)" } + norm.map { "bert/embeddings/\($0)" }
      + (0..<layers).flatMap { number in layer.map { "bert/encoder/layer_\(number)/\($0)" } }
      + dense.map { "bert/pooler/\($0)" } + ["cls/predictions/output_bias"]
      + (dense + norm).map { "cls/predictions/transform/\($0)" }
      + ["cls/seq_relationship/output_weights", "cls/seq_relationship/output_bias"]
  }
}
