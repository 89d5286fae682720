internal import ByteIO
internal import Tensors
public import TrainingState

/// Writes NumPy's `.npz` archives, and `.npy` files for states of one tensor.
public enum NumPyWriter: StateWriter {
  /// Writes a state, as one array where the path ends in `.npy`.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    if let level = options.deflateLevel, !(1...9).contains(level) {
      throw StateError(.invalidArgument, "gzip has no level \(level)", expected: "1 to 9")
    }
    let members = try members(state, note: options.note)
    let output = OutputSet(overwrite: options.overwrite)
    if path.hasSuffix(NumPyReader.suffix) {
      guard members.count == 1, options.deflateLevel == nil else {
        throw StateError(
          .unsupported,
          "an .npy file holds one array, and never a compressed one",
          file: path,
          found: "\(members.count) tensors",
          remedy: "write an .npz archive"
        )
      }
      let file = try output.add(path)
      var offset = 0
      let placements = members[0].parts.map { part in
        defer { offset += part.tensor.byteCount }
        return TensorPass.Placement(part, file: file, offset: offset)
      }
      _ = try TensorPass.copy(placements, progress: options.progress)
    } else {
      let writer = ZipWriter(
        try output.add(path),
        layout: .numpy,
        deflateLevel: options.deflateLevel
      )
      for member in members { try writer.add(member.name, parts: member.parts) }
      try writer.finish(progress: options.progress)
    }
    try output.commit()
  }

  /// The members of the archive in their order.
  private static func members(
    _ state: TrainingState,
    note: (@Sendable (String) -> Void)?
  ) throws -> [(name: String, parts: [NamedTensor])] {
    let isOurs = state.origin == StateFormat.numPy.origin
    var (_, tensors) = try FlatLayout.of(state, format: StateFormat.numPy.name)
    if isOurs {
      tensors += state.extras
    } else if !state.extras.isEmpty {
      note?(
        "left out what belongs to \(state.origin.format) alone: "
          + state.extras.map(\.name).joined(separator: ", ")
      )
    }
    let records = [("optimizer", state.optimizer != nil), ("schedule", state.schedule != nil)]
    let lost = records.filter(\.1).map(\.0)
    if !lost.isEmpty {
      note?(
        "left out the record of the \(lost.joined(separator: " and ")): npz has no place for it"
      )
    }
    let ordered = tensors.enumerated().sorted {
      (isOurs ? $0.element.index ?? Int.max : 0, $0.offset) < (
        isOurs ? $1.element.index ?? Int.max : 0, $1.offset
      )
    }
    return try ordered.map { _, tensor in
      if isOurs, tensor.attributes[NumPyLayout.isFile] == .bool(true) {
        return (tensor.name, [NamedTensor(tensor.name, tensor.tensor)])
      }
      do {
        let array = try NumPyArray(tensor, isOurs: isOurs)
        return (tensor.name + NumPyReader.suffix, try array.parts(tensor.name))
      } catch let error as StateError {
        throw error.inContext(tensor: tensor.name)
      }
    }
  }
}
