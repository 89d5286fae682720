internal import ByteIO
internal import OptimizerCore
internal import Tensors
public import TrainingState

/// Writes `.weights.h5` files for states that came from one, or from a `.keras` archive.
///
/// Their specification is the article <doc:WeightsFiles>.
public enum KerasWeightsWriter: StateWriter {
  /// Writes a state into a file.
  public static func write(
    _ state: TrainingState,
    to path: String,
    options: WriteOptions
  ) throws {
    let note = options.note ?? { _ in }
    let current = try RateVariable.updated(state.withPlainRate, hasSchedule: nil)
    let layout = try WeightsLayout(current)
    let output = OutputSet(overwrite: options.overwrite)
    try output.add(path) { temporary in
      let file = try KerasOutput(temporary)
      try layout.fill(file)
      try file.finish(progress: options.progress)
    }
    if state.origin == StateFormat.kerasArchive.origin {
      note("a weights file has no place for the model's configuration")
    }
    try output.commit()
  }
}
