internal import ByteIO
internal import Tensors
public import TrainingState

/// By which names the variables of a converted state go.
public enum NamingChoice: Sendable {
  /// The target format's own where there is one and the source's names are known: google-bert in
  /// TensorFlow's checkpoints, those of transformers in PyTorch's files, keras-bert in Keras'.
  case automatic
  /// The names that the state has.
  case unchanged
  /// A convention of `NamingConvention`.
  case convention(String)
  /// A map of the user's own, from a JSON file.
  case map(NamingMap)

  /// Reads a choice as the command line spells it.
  ///
  /// - Parameter text: A convention, `keep`, or the path of a JSON file.
  /// - Throws: `StateError` with code `invalidArgument` when it is none of these, `malformed` when
  ///   the file is no naming map.
  public init(_ text: String) throws {
    if text == "keep" {
      self = .unchanged
    } else if NamingConvention.known.contains(text) {
      self = .convention(text)
    } else if FileSystem.kind(of: text) == .file {
      let json = try PositionalFile.contents(of: text, within: .textBytes, "the naming map")
      do {
        // The map's own decoder takes keys that are there twice.
        _ = try JSONReader.value(of: json)
        self = .map(try NamingMap(json: json))
      } catch let error as StateError {
        throw error.inContext(file: text)
      }
    } else {
      throw StateError(
        .invalidArgument,
        "there is no naming '\(text)' and no such file",
        expected: NamingConvention.known.joined(separator: ", ") + ", keep, or a JSON file"
      )
    }
  }

  /// Whether the program chooses the names, or knows them.
  var isTheProgramsOwn: Bool {
    switch self {
    case .automatic, .convention: true
    case .unchanged, .map: false
    }
  }

  /// The maps to apply to a state that is to be written in a format.
  func maps(for state: TrainingState, format: String?) throws -> [NamingMap.Direction] {
    let names = state.variables.map(\.name)
    switch self {
    case .unchanged: return []
    case .automatic:
      guard let source = Self.known(state), let target = format.flatMap(StateFormats.named)?.naming
      else {
        return []
      }
      do {
        return try NamingConvention.maps(from: source, to: target, for: names, anyOriginal: true)
      } catch let error as StateError where error.code == .unsupported {
        // Nobody asked for another library's names, and this model has none there.
        return []
      }
    case .convention(let target):
      guard let source = Self.known(state) else {
        throw StateError(
          .unsupported,
          "the variables' names follow no convention that is known",
          expected: NamingConvention.known.joined(separator: ", "),
          remedy: "pass --naming with a naming map of your own, a JSON file"
        )
      }
      return try NamingConvention.maps(from: source, to: target, for: names)
    case .map(let map):
      guard let direction = map.direction(for: names) else {
        throw StateError(
          .unsupported,
          "the naming map has no entry for any of the variables",
          expected: "names of \(map.from) or \(map.to)"
        )
      }
      return [direction]
    }
  }

  /// The convention of a state's names; a file may say one that nobody knows.
  private static func known(_ state: TrainingState) -> String? {
    state.naming.flatMap { NamingConvention.known.contains($0) ? $0 : nil }
  }
}
