internal import ByteIO
internal import Tensors

/// The JSON text at the start of a file, checked step by step.
struct SafetensorsHeader {
  /// What the header says of one tensor.
  private struct Entry {
    let name: String
    let place: Int
    var type: SafetensorsType?
    var shape: Shape?
    var begin: Int?
    var end: Int?
  }

  private var entries: [Entry] = []
  private(set) var metadata: [(name: String, text: String)]?

  /// Reads the text, which begins at byte 8 of its file.
  mutating func read(_ text: [UInt8]) throws {
    guard let first = text.first, ![0x00, 0xEF].contains(first) else {
      throw StateError(.malformed, "the header is no JSON object", offset: 8)
    }
    var reader = JSONReader(text, base: 8)
    var entries: [Entry] = []
    var metadata: [(name: String, text: String)]?
    try reader.object { reader, name in
      if name == SafetensorsFile.metadataName {
        metadata = try Self.texts(&reader)
        return
      }
      guard entries.count < Limits[.tensors] else {
        throw StateError.exceeded(.tensors, "too many tensors", offset: reader.offset)
      }
      guard name.utf8.count <= Limits[.nameBytes] else {
        throw StateError.exceeded(.nameBytes, "too long a name", offset: reader.offset)
      }
      do {
        entries.append(try Self.entry(&reader, name))
      } catch let error as StateError {
        throw error.inContext(tensor: name)
      }
    }
    try reader.finish()
    self.entries = entries
    self.metadata = metadata
  }

  /// The tensors in the order of their data, which must be covered without a gap.
  func tensors(in file: PositionalFile, from base: Int, count: Int) throws -> [SafetensorsTensor] {
    var covered = 0
    var tensors: [SafetensorsTensor] = []
    let ordered = entries.enumerated().sorted {
      ($0.element.begin ?? 0, $0.element.end ?? 0, $0.offset) < (
        $1.element.begin ?? 0, $1.element.end ?? 0, $1.offset
      )
    }
    for (_, entry) in ordered {
      do {
        guard let type = entry.type, let shape = entry.shape, let begin = entry.begin,
          let end = entry.end
        else {
          throw StateError(
            .malformed,
            "the entry lacks one of dtype, shape and data_offsets",
            offset: entry.place
          )
        }
        guard begin == covered else {
          throw StateError(
            .malformed,
            begin < covered
              ? "the tensor's bytes overlap another's"
              : "there is a hole before the tensor's bytes",
            offset: entry.place,
            expected: "data from \(covered)",
            found: "\(begin)"
          )
        }
        guard end <= count else {
          throw StateError(
            .truncated,
            "the file ends before the tensor's bytes do",
            offset: base + count,
            expected: "data to \(end)",
            found: "\(count) bytes"
          )
        }
        let expected = try SafetensorsTensor.byteCount(of: type, shape)
        guard end >= begin, end - begin == expected else {
          throw StateError(
            .malformed,
            "data_offsets do not fit \(type.rawValue)\(shape)",
            offset: entry.place,
            expected: "\(expected) bytes",
            found: "\(begin) to \(end)"
          )
        }
        let source = FileSource(file, at: base + begin)
        let stored = Tensor(.uint8, .vector(expected), byteCount: expected, source: source)
        tensors.append(try SafetensorsTensor(entry.name, type, shape, stored: stored))
        covered = end
      } catch let error as StateError {
        throw error.inContext(tensor: entry.name)
      }
    }
    guard covered == count else {
      throw StateError(
        .malformed,
        "bytes that belong to no tensor follow the data",
        offset: base + covered,
        found: "\(count - covered) bytes"
      )
    }
    return tensors
  }

  private static func texts(_ reader: inout JSONReader) throws -> [(name: String, text: String)]? {
    var probe = reader
    if case .null = try probe.value() {
      reader = probe
      return nil
    }
    var texts: [(name: String, text: String)] = []
    try reader.object { reader, name in
      texts.append((name, try reader.string("a value of __metadata__")))
    }
    return texts
  }

  private static func entry(_ reader: inout JSONReader, _ name: String) throws -> Entry {
    var entry = Entry(name: name, place: reader.offset)
    try reader.object { reader, field in
      let start = reader.offset
      switch field {
      case "dtype":
        let word = try reader.string("dtype")
        guard let type = SafetensorsType(rawValue: word) else {
          throw StateError(
            .unsupported,
            "the element type '\(word)' is unknown",
            offset: start
          )
        }
        entry.type = type
      case "shape":
        var dimensions: [Int] = []
        try reader.array { reader in
          // A shape of a million axes is refused before it is held.
          guard dimensions.count <= Limits.rank else {
            throw StateError(.limitExceeded, "too many axes", offset: start)
          }
          dimensions.append(try reader.count("a dimension"))
        }
        do {
          entry.shape = try Shape(dimensions)
        } catch var error as StateError {
          error.offset = start
          throw error
        }
      case "data_offsets":
        var offsets: [Int] = []
        try reader.array { reader in
          guard offsets.count < 2 else { throw reader.malformed("data_offsets are two numbers") }
          offsets.append(try reader.count("a data offset"))
        }
        guard offsets.count == 2 else {
          throw reader.malformed("data_offsets are two numbers", at: start)
        }
        (entry.begin, entry.end) = (offsets[0], offsets[1])
      default: try reader.skip()
      }
    }
    return entry
  }
}
