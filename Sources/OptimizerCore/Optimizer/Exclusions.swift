import Tensors

/// Which variables are spared weight decay or layer adaptation, by their names.
struct Exclusions {
  private let fromDecay: [String]
  private let decayPattern: [String]?
  private let fromAdaptation: [String]

  init(_ kind: RuleKind, from reader: inout RecordReader) throws {
    let standard = kind == .bertAdamW ? ["LayerNorm", "layer_norm", "bias"] : nil
    fromDecay = try reader.words("exclude_from_weight_decay", default: standard) ?? []
    decayPattern =
      kind == .kerasBERTAdamW ? try reader.words("weight_decay_pattern") : nil
    fromAdaptation =
      kind == .lamb
      ? try reader.words("exclude_from_layer_adaptation") ?? fromDecay : []
    for pattern in fromDecay + fromAdaptation { _ = try Self.search(pattern, in: "") }
  }

  func excludesFromDecay(_ name: String) throws -> Bool {
    if let decayPattern, !decayPattern.contains(where: name.contains) { return true }
    return try fromDecay.contains { try Self.search($0, in: name) }
  }

  func excludesFromAdaptation(_ name: String) throws -> Bool {
    try fromAdaptation.contains { try Self.search($0, in: name) }
  }

  /// Whether a pattern is found anywhere in a name, as Python's `re.search` finds it.
  private static func search(_ pattern: String, in name: String) throws -> Bool {
    let regex: Regex<AnyRegexOutput>
    do {
      regex = try Regex(pattern).matchingSemantics(.unicodeScalar)
    } catch {
      throw StateError(.invalidArgument, "'\(pattern)' is no regular expression: \(error)")
    }
    return try regex.firstMatch(in: name) != nil
  }
}
