import OptStateKit
import TestSupport
import Testing

@Suite("StateFormats")
struct StateFormatsTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
  }

  @Test(arguments: [
    ("a.h5", "optstate"), ("a.hdf5", "optstate"), ("model.ckpt-20", "tensorflow"),
    ("x.index", "tensorflow"), ("dir.h5/model.ckpt", "tensorflow"),
  ])
  func nameTellsTheFormat(_ name: String, _ format: String) throws {
    #expect(try StateFormats.output(folder(name), requested: nil) == format)
  }

  @Test
  func requestBeatsTheNameAndTheNameBeatsTheFallback() throws {
    #expect(try StateFormats.output("a.h5", requested: "tensorflow") == "tensorflow")
    #expect(try StateFormats.output("a.h5", requested: nil, fallback: "tensorflow") == "optstate")
    #expect(try StateFormats.output("a", requested: nil, fallback: "tensorflow") == "tensorflow")
  }

  @Test
  func archiveOfTorchMayBeCalledACheckpoint() throws {
    let output = { try StateFormats.output("last.ckpt", requested: nil, fallback: $0) }
    #expect(try output("pytorch") == "pytorch")
    #expect(try output("tensorflow") == "tensorflow")
    #expect(try output("optstate") == "tensorflow")
    #expect(try output(nil) == "tensorflow")
  }

  @Test
  func whatStaysUnclearListsTheChoices() throws {
    for (requested, fallback) in [("fax", nil), (nil, nil), (nil, "fax")] as [(String?, String?)] {
      let error = try stateError {
        _ = try StateFormats.output(folder("a"), requested: requested, fallback: fallback)
      }
      #expect(error?.code == .invalidArgument)
      let text = try #require(error).description
      for format in StateFormats.writable { #expect(text.contains(format)) }
    }
  }

  @Test
  func everyWritableFormatHasANameOfItsOwn() {
    #expect(Set(StateFormats.writable).count == StateFormats.writable.count)
    #expect(StateFormats.writable.contains("optstate"))
  }

  @Test
  func contentDecidesAndNotTheName() throws {
    let source = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")
    try StateFormats.write(
      try StateFormats.open(source).state,
      to: folder("model.ckpt-1.index"),
      format: "optstate"
    )
    let opened = try StateFormats.open(folder("model.ckpt-1.index"))
    #expect(opened.format == "optstate")
    #expect(opened.state.origin.format == "tensorflow")
  }

  @Test
  func whatIsThereButNoStateIsToldFromWhatIsNotThere() throws {
    try writeFile(folder("text"), "no state")
    try writeFile(folder("empty"), "")
    #expect(try errorCode { _ = try StateFormats.open(folder("text")) } == .unsupported)
    #expect(try errorCode { _ = try StateFormats.open(folder("empty")) } == .unsupported)
    #expect(try errorCode { _ = try StateFormats.open(folder.path) } == .unsupported)
    #expect(try errorCode { _ = try StateFormats.open("/dev/null") } == .unsupported)
    for path in [folder("nothing"), "", folder("text/below")] {
      #expect(try errorCode { _ = try StateFormats.open(path) } == .notFound, "\(path)")
    }
  }

  @Test
  func formatThatNobodyWritesIsRefused() throws {
    let state = TrainingState(origin: Origin(recorded: "test"))
    let code = try errorCode { try StateFormats.write(state, to: folder("a"), format: "fax") }
    #expect(code == .invalidArgument)
    #expect(try folder.names.isEmpty)
  }
}
