internal import ByteIO
internal import Tensors
public import TrainingState

/// Writes what flax' `serialization.from_bytes` and `msgpack_restore` read.
///
/// A state that came from such a file is written in that file's own layout, any other as a `TrainState` is.
public enum FlaxWriter: StateWriter {
  /// Writes a state into a file.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    let output = OutputSet(overwrite: options.overwrite)
    var parts = try parts(state, note: options.note)
    try parts.write(to: try output.add(path), progress: options.progress)
    try output.commit()
  }

  private static func parts(
    _ state: TrainingState,
    note: ((String) -> Void)?
  ) throws -> FlaxParts {
    let records = [("optimizer", state.optimizer != nil), ("schedule", state.schedule != nil)]
    let lost = records.filter(\.1).map(\.0)
    if !lost.isEmpty {
      note?(
        "left out the record of the \(lost.joined(separator: " and ")): flax has no place for it"
      )
    }
    if state.origin == StateFormat.flax.origin {
      if let template = try FlaxTemplate(state) { return try template.parts() }
      note?("the variables are no longer those of the file that they came from: its layout is left")
    }
    let names = (state.extras + state.optimizerTensors).map(\.name)
      .filter { $0 != FlaxReader.structure }
    WriteOptions.leaveOut(tensors: names, note)
    return try FlaxFresh(state, note: note).parts()
  }
}
