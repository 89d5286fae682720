import ByteIO
import HDF5
import TestSupport
import TrainingState

@testable import KerasCheckpoint

/// Files of Keras, opened as the program opens them.
enum KerasFiles {
  /// Everything in `reference/keras` that has a list of slots beside it.
  static let reference = [
    "2.3.1-adam.h5", "2.3.1-nadam.h5", "2.3.1-sgd.h5", "3-adam-amsgrad-average.keras",
    "3-adam-schedule.keras", "3-adam.h5", "3-adam.keras", "3-adam.weights.h5",
    "3-loss-scale.keras", "3-rmsprop.keras", "tf-legacy-adam.h5", "tf-legacy-rmsprop.h5",
    "tf-new-adam.h5",
  ]

  /// The path of a reference file.
  static func path(_ name: String) -> String { "\(Fixtures.root)/reference/keras/\(name)" }

  /// The path of a forged file.
  static func hostile(_ name: String) -> String { "\(Fixtures.root)/hostile/keras/\(name)" }

  /// The state in a file.
  static func read(_ path: String) throws -> TrainingState {
    if try KerasArchiveReader.recognizes(path) {
      return try KerasArchiveReader.read(path, options: ReadOptions())
    }
    let probe = StateProbe(path)
    _ = try probe.finding { () -> HDF5Catalog? in try HDF5Catalog.readInProcess(path) }
    let state =
      try KerasLegacyReader.recognizes(probe)
      ? KerasLegacyReader.read(probe, options: ReadOptions())
      : KerasWeightsReader.read(probe, options: ReadOptions())
    return try state.sound(ReadOptions())
  }

  /// Writes a state in the format that it came from.
  static func write(
    _ state: TrainingState,
    to path: String,
    note: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    let options = WriteOptions(note: note)
    switch state.origin.format {
    case StateFormat.kerasArchive.name:
      try KerasArchiveWriter.write(state, to: path, options: options)
    case StateFormat.kerasWeights.name:
      try KerasWeightsWriter.write(state, to: path, options: options)
    default: try KerasLegacyWriter.write(state, to: path, options: options)
    }
  }
}
