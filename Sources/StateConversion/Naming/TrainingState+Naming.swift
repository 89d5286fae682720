internal import ByteIO
internal import Tensors
internal import TrainerCheckpoint
public import TrainingState

extension TrainingState {
  private static let listed = 5

  /// The state under the names of another convention.
  ///
  /// - Parameters:
  ///   - choice: The names to have.
  ///   - format: The format that the state is to be written in, which ``NamingChoice/automatic`` and
  ///     second names of tied tensors depend on.
  ///   - note: Told what changed and what has no counterpart.
  /// - Returns: The state.
  /// - Throws: `StateError` when the names cannot be mapped, or when what one convention keeps as one
  ///   tensor differs in the other.
  public func naming(
    _ choice: NamingChoice,
    format: String? = nil,
    note: (@Sendable (String) -> Void)? = nil
  ) throws -> TrainingState {
    var state = try unwrapped(choice, format, note)
    let maps = try choice.maps(for: state, format: format)
    for map in maps {
      let renaming = try Renaming(
        state,
        by: map,
        addsTied: format.flatMap(StateFormats.named)?.abilities.contains(.tiedNames) == true
      )
      for tied in renaming.tied { try Self.check(tied) }
      if !renaming.kept.isEmpty {
        note?(
          "no counterpart in \(map.target), kept as they are: \(NameList.text(renaming.kept, limit: Self.listed))"
        )
      }
      let leftOut = renaming.leftOut + renaming.tied.map(\.copy.name)
      if !leftOut.isEmpty {
        note?(
          "\(map.target) has no use for, and leaves out: \(NameList.text(leftOut, limit: Self.listed))"
        )
      }
      state = renaming.state
    }
    if choice.isTheProgramsOwn, let format, format == StateFormat.huggingFace.name,
      origin != StateFormat.huggingFace.origin
    {
      try Self.refuseUnknown(state)
    }
    if let first = maps.first, let last = maps.last {
      note?("names changed from \(first.source) to \(last.target)")
    }
    return state
  }

  /// The state without what wrappers put in front of its names, where these are to be a convention's or a format's own.
  private func unwrapped(
    _ choice: NamingChoice,
    _ format: String?,
    _ note: (@Sendable (String) -> Void)?
  ) throws -> TrainingState {
    let prefix = WrapperPrefix.common(variables.lazy.filter { $0.value != nil }.map(\.name))
    guard !prefix.isEmpty else { return self }
    switch choice {
    case .unchanged: return self
    case .map(let map) where map.direction(for: variables.map(\.name)) != nil: return self
    case .automatic:
      guard let target = format.flatMap(StateFormats.named), target.naming != nil,
        !target.abilities.contains(.wrappedNames)
      else { return self }
    case .convention, .map: break
    }
    let wrappers = WrapperPrefix.wrappers(prefix).joined(separator: " and ")
    note?("left out '\(prefix)', which \(wrappers) puts in front of all names")
    return try Renaming(self, without: prefix).state
  }

  /// Refuses names that transformers would not find: it makes a fresh model, and says so in a warning at most.
  private static func refuseUnknown(_ state: TrainingState) throws {
    let unknown = ModelNames.unknown(in: state)
    guard let first = unknown.first else { return }
    throw StateError(
      .unsupported,
      unknown.count == state.variables.count
        ? "the names are those of no model of transformers that is known, which would start from nothing"
        : "\(unknown.count) of the names are none of the model's in transformers, which would drop them",
      tensor: first,
      remedy:
        "pass --naming with a naming map of your own, a JSON file, or --naming keep where the model's "
        + "class has these names"
    )
  }

  /// Two names of one tensor may become one only while they hold the same bytes.
  private static func check(_ tied: Renaming.Tied) throws {
    let (copy, original) = (tied.copy.tensor, tied.original.tensor)
    guard copy.source !== original.source else { return }
    var areEqual = copy.elementType == original.elementType && copy.shape == original.shape
    if areEqual {
      let pair = [NamedTensor(tied.copy.name, copy)]
      areEqual = unsafe try TensorPass.map(pair) { _, offset, bytes in
        let buffer = WorkBuffer(byteCount: bytes.count)
        unsafe try original.read(into: buffer.bytes, at: offset)
        return unsafe bytes.hasSameBytes(as: UnsafeRawBufferPointer(buffer.bytes))
      }
      .allSatisfy { $0.pieces.allSatisfy { $0 } }
    }
    guard areEqual else {
      throw StateError(
        .unsupported,
        "is tied to another tensor in the target's naming, but differs from it",
        tensor: tied.copy.name,
        expected: "the same values as \(tied.original.name)",
        remedy: "pass --naming keep to write the names as they are"
      )
    }
  }
}
