import StateStore
import TestSupport
import Testing
import TrainingState

/// A state written to a store and read back.
func stored(_ state: TrainingState, deflateLevel: Int? = nil) throws -> TrainingState {
  // The open file outlives its directory.
  let directory = try TemporaryDirectory()
  let path = directory("s.h5")
  try StateStoreWriter.write(state, to: path, options: WriteOptions(deflateLevel: deflateLevel))
  return try StateStoreReader.read(path)
}

extension Tag {
  /// Takes more than a few seconds; run when `OPTSTATE_SLOW_TESTS` is set.
  @Tag static var slow: Self
}
