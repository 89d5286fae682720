internal import ByteIO
internal import Tensors

/// The text file `checkpoint` of a directory, which names the latest checkpoint and those before it.
///
/// Source: tensorflow/python/checkpoint/checkpoint_management.py and `CheckpointState` in
/// tensorflow/python/training/checkpoint_state.proto.
struct CheckpointStateFile {
  static let name = "checkpoint"

  private static let latestField = "model_checkpoint_path"
  private static let allField = "all_model_checkpoint_paths"

  /// Prefix of the latest checkpoint, relative to the file's directory or absolute.
  private(set) var latest: String?

  /// All prefixes on record, oldest first.
  private(set) var all: [String] = []

  /// The lines that are neither, such as timestamps, as they stand.
  private var others: [String] = []

  /// Whether it names a checkpoint, or is empty: any file may have its name.
  var isList: Bool { latest != nil || !all.isEmpty || others.isEmpty }

  static func read(_ path: String) throws -> CheckpointStateFile {
    let bytes = try PositionalFile.contents(
      of: path,
      within: .textBytes,
      "the checkpoint state file"
    )
    do {
      return try CheckpointStateFile(bytes)
    } catch let error as StateError {
      throw error.inContext(file: path)
    }
  }

  /// Describes a directory without checkpoints.
  init() {}

  /// Reads the bytes of a file.
  init(_ bytes: [UInt8]) throws {
    // By scalars: a carriage return before the line's end would make it another character.
    for line in String(decoding: bytes, as: UTF8.self).unicodeScalars.split(separator: "\n") {
      let line = Substring(line)
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count == 2 ? Self.unquoted(parts[1]) : nil
      switch (parts[0], value) {
      case (Self.latestField[...], let value?): latest = value
      case (Self.allField[...], let value?): all.append(value)
      case (Self.latestField[...], nil), (Self.allField[...], nil):
        throw StateError(.malformed, "a path in the state file is no quoted text")
      default: others.append(String(line))
      }
    }
  }

  /// The same file with a checkpoint added as the latest one.
  ///
  /// Timestamps are dropped when they would no longer be as many as the paths, as TensorFlow demands.
  func adding(_ prefix: String) -> CheckpointStateFile {
    var copy = self
    copy.latest = prefix
    copy.all = all.filter { $0 != prefix } + [prefix]
    copy.others = []
    return copy
  }

  /// The same file without the checkpoints for which a test holds.
  ///
  /// The latest one of those that are left becomes the latest; `nil` when none is left.
  func removing(where isGone: (_ prefix: String) -> Bool) -> CheckpointStateFile? {
    var copy = self
    copy.all = all.filter { !isGone($0) }
    if let latest, isGone(latest) { copy.latest = copy.all.last }
    copy.others = copy.all.count == all.count ? others : []
    return copy.latest == nil ? nil : copy
  }

  var text: String {
    var lines = latest.map { ["\(Self.latestField): \(Self.quoted($0))"] } ?? []
    lines += all.map { "\(Self.allField): \(Self.quoted($0))" }
    return (lines + others).map { $0 + "\n" }.joined()
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): result += "\\\""
      case UInt8(ascii: "\\"): result += "\\\\"
      case 0x20..<0x7F: result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 8)
        result += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
      }
    }
    return result + "\""
  }

  /// The text between quotes, with the escapes of protobuf's text format undone; no path has a NUL.
  private static func unquoted(_ field: Substring) -> String? {
    let characters = Array(field.utf8.drop { $0 == UInt8(ascii: " ") })
    guard let quote = characters.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
    else {
      return nil
    }
    var bytes: [UInt8] = []
    var position = 1
    while position < characters.count, characters[position] != quote {
      if characters[position] == UInt8(ascii: "\\"), position + 1 < characters.count {
        position += 1
        let digits = characters[position...].prefix(3).prefix { (0x30..<0x38).contains($0) }
        if digits.isEmpty {
          bytes.append(characters[position])
          position += 1
        } else {
          bytes.append(UInt8(truncatingIfNeeded: digits.reduce(0) { $0 * 8 + Int($1 - 0x30) }))
          position += digits.count
        }
      } else {
        bytes.append(characters[position])
        position += 1
      }
    }
    guard position < characters.count, !bytes.contains(0) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
