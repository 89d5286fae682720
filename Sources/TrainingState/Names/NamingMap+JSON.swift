internal import Tensors

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension NamingMap {
  /// Reads a map from its JSON.
  ///
  /// - Parameter json: UTF-8 text of the form that <doc:NamingMaps> describes.
  /// - Throws: `StateError` with code `malformed`, naming the entry at fault.
  public init(json: [UInt8]) throws {
    let document: Document
    do {
      document = try JSONDecoder().decode(Document.self, from: Data(json))
    } catch let error as StateError {
      throw error
    } catch {
      throw StateError(.malformed, "the naming map is not of the form: \(Self.reason(error))")
    }
    from = document.from
    to = document.to
    entries = try document.variables.map { entry in
      let all = try [entry.from, entry.to, entry.tied].map { try $0.map(NamePattern.init) }
      guard let letters = all[0].first?.variables, !all[1].isEmpty,
        all.joined().allSatisfy({ Set($0.variables) == Set(letters) })
      else {
        throw StateError(
          .malformed,
          "the sides of '\(entry.from.first ?? "")' do not name the same numbers"
        )
      }
      let axes = entry.permute ?? (entry.transpose ? [1, 0] : nil)
      guard axes.map({ $0.sorted() == Array($0.indices) }) ?? true,
        entry.permute == nil || !entry.transpose
      else {
        throw StateError(
          .malformed,
          "'permute' of '\(entry.from.first ?? "")' does not name each axis once, or stands beside 'transpose'"
        )
      }
      return Entry(from: all[0], to: all[1], tied: all[2], axes: axes)
    }
    order = PatternOrder(entries.map { $0.to.first?.variables ?? [] })
    leftOut = (
      try document.leftOut.from.map(NamePattern.init), try document.leftOut.to.map(NamePattern.init)
    )
    try Self.checkUniqueness(entries.map { $0.from.map(\.text) })
    try Self.checkUniqueness(entries.map { ($0.to + $0.tied).map(\.text) })
  }

  private static func checkUniqueness(_ sides: [[String]]) throws {
    var seen: Set<ExactName> = []
    for text in sides.joined() where !seen.insert(ExactName(text)).inserted {
      throw StateError(.malformed, "the naming map has '\(text)' twice on one side")
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "'\(key.stringValue)' is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' has another type"
    case DecodingError.dataCorrupted(let context): context.debugDescription
    default: "\(error)"
    }
  }
}

/// The JSON as it stands; a key that is none of these is an error, since a misspelled `transpose`
/// would otherwise ruin a state in silence.
private struct Document: Decodable {
  struct Entry: Decodable {
    let from: [String]
    let to: [String]
    let tied: [String]
    let transpose: Bool
    let permute: [Int]?

    init(from decoder: any Decoder) throws {
      let values = try StrictContainer(
        decoder,
        keys: ["from", "to", "tied", "transpose", "permute"]
      )
      from = try values.names("from")
      to = try values.names("to")
      tied = try values.optional([String].self, "tied") ?? []
      transpose = try values.optional(Bool.self, "transpose") ?? false
      permute = try values.optional([Int].self, "permute")
    }
  }

  struct LeftOut: Decodable {
    let from: [String]
    let to: [String]

    init(from: [String] = [], to: [String] = []) {
      self.from = from
      self.to = to
    }

    init(from decoder: any Decoder) throws {
      let values = try StrictContainer(decoder, keys: ["from", "to"])
      from = try values.optional([String].self, "from") ?? []
      to = try values.optional([String].self, "to") ?? []
    }
  }

  let from: String
  let to: String
  let variables: [Entry]
  let leftOut: LeftOut

  init(from decoder: any Decoder) throws {
    let values = try StrictContainer(
      decoder,
      keys: ["naming_map", "about", "from", "to", "variables", "left_out"]
    )
    let version = try values.required(Int.self, "naming_map")
    guard version == 1 else {
      throw StateError(
        .unsupported,
        "the naming map has another version",
        expected: "\"naming_map\": 1",
        found: "\(version)"
      )
    }
    from = try values.required(String.self, "from")
    to = try values.required(String.self, "to")
    variables = try values.required([Entry].self, "variables")
    leftOut = try values.optional(LeftOut.self, "left_out") ?? LeftOut()
  }
}

/// The keys of an object, none of which may be unknown.
private struct StrictContainer {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private let values: KeyedDecodingContainer<Key>

  init(_ decoder: any Decoder, keys: Set<String>) throws {
    values = try decoder.container(keyedBy: Key.self)
    for key in values.allKeys where !keys.contains(key.stringValue) {
      throw StateError(
        .malformed,
        "the naming map has an unknown key '\(key.stringValue)'",
        expected: keys.sorted().joined(separator: ", ")
      )
    }
  }

  func required<Value: Decodable>(_ type: Value.Type, _ key: String) throws -> Value {
    try values.decode(type, forKey: Key(stringValue: key))
  }

  func optional<Value: Decodable>(_ type: Value.Type, _ key: String) throws -> Value? {
    try values.decodeIfPresent(type, forKey: Key(stringValue: key))
  }

  /// One name, or a list of spellings.
  func names(_ key: String) throws -> [String] {
    if let name = try? required(String.self, key) { return [name] }
    return try required([String].self, key)
  }
}
