import HDF5
import StateStore
import TestSupport
import Tensors
import Testing
import TrainingState

/// Where the step is in a store.
@Suite("Step of a store")
struct StepTests {
  @Test(arguments: ["global_step", "iter:0", "optimizer/iterations"], [false, true])
  func stepIsAtItsPlaceWhateverTheSourceCallsIt(_ name: String, _ hasVariable: Bool) throws {
    let directory = try TemporaryDirectory()
    var record = GlobalStep(7).tensor
    record.name = name
    let bytes = try record.tensor.bytes()
    var state = TrainingState(
      globalStep: try GlobalStep(record, bytes: bytes),
      origin: Origin(recorded: "keras-h5")
    )
    if hasVariable {
      let value = StateTensor("global_step", try floats([1], [1]))
      state.variables = [Variable("global_step", value: value)]
    }
    let path = directory("s.h5")
    try StateStoreWriter.write(state, to: path, options: WriteOptions())
    let paths = try HDF5Catalog.readInProcess(path).objects.map { $0.path.joined(separator: "/") }
    #expect(paths.contains(hasVariable ? "@global_step" : "global_step"))
    let back = try StateStoreReader.read(path)
    #expect(back.globalStep?.value == 7)
    #expect(back.globalStep?.tensor.name == name)
    #expect(back.variables.count == (hasVariable ? 1 : 0))
  }
}
