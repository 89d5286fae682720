public import ByteIO
public import StateConversion
internal import Tensors
public import TrainingState

extension Likeness {
  /// Reads a state and a template and pours the one into the other.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - template: A file, a directory or a prefix that the target's framework wrote.
  ///   - naming: By which names the state's variables go; `NamingChoice/automatic` for the template's.
  ///   - part: What the state gives.
  ///   - allowsPartial: Whether something may be left over on either side.
  ///   - note: Told what naming changed.
  /// - Returns: The target and the template's format.
  /// - Throws: `StateError` as ``init(_:in:part:allowsPartial:)``, and as `StateFormats.open` of the template.
  public static func pouring(
    _ state: TrainingState,
    into template: String,
    naming: NamingChoice = .automatic,
    part: StatePart = .all,
    allowsPartial: Bool = false,
    note: (@Sendable (String) -> Void)? = nil
  ) throws -> (likeness: Likeness, format: String) {
    let opened = try StateFormats.open(template)
    var choice = naming
    if case .automatic = naming {
      let names = [state.naming, opened.state.naming].compactMap(\.self)
      choice =
        names.count == 2 && names[0] != names[1] ? .convention(names[1]) : .unchanged
    }
    let named = try state.naming(choice, format: opened.format, note: note)
    do {
      let likeness = try Likeness(
        named,
        in: opened.state,
        part: part,
        allowsPartial: allowsPartial
      )
      return (likeness, opened.format)
    } catch let error as StateError {
      throw error.inContext(file: template)
    }
  }

  /// Refuses a state as its own template, which says nothing of the target.
  ///
  /// - Parameters:
  ///   - input: The state's path.
  ///   - template: The template's.
  /// - Throws: `StateError` with code `invalidArgument`.
  public static func checkApart(_ input: String, _ template: String) throws {
    guard
      FileSystem.isSame(input, template)
        || FileSystem.isSame(input + ".index", template + ".index")
    else { return }
    throw StateError(
      .invalidArgument,
      "the state is its own template",
      file: template,
      expected: "a file that the target's framework wrote of a fresh model"
    )
  }

  /// `[{"target", "source", "match"}]`, a source being null where the tensor is not the state's.
  public var json: JSONValue {
    .array(
      rows.map { row in
        .object([
          "target": .string(row.target), "source": JSONValue(row.source),
          "match": .string(row.match.rawValue),
        ])
      }
    )
  }
}
