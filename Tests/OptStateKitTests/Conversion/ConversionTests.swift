import Foundation
import OptStateKit
import TestSupport
import Testing

@Suite("Conversion")
struct ConversionTests {
  private let folder: TemporaryDirectory
  private let bert = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")

  init() throws {
    folder = try TemporaryDirectory()
  }

  @Test
  func stateSurvivesTheDetour() throws {
    try Conversion.run(from: bert, to: folder("s.h5"))
    let state = try StateFormats.open(folder("s.h5")).state
    #expect(try Fingerprint(state) == Fingerprint(StateFormats.open(bert).state))
  }

  @Test
  func errorSaysForEveryCallerWhatHappened() throws {
    let error = try #require(
      try stateError { _ = try Conversion.run(from: folder("none.h5"), to: folder("s.h5")) }
    )
    #expect((error as any Error).localizedDescription == error.description)
    #expect(error.description.contains("none.h5"))
  }

  @Test
  func changeIsAppliedOnTheWay() throws {
    let result = try Conversion.run(from: bert, to: folder("s.h5")) { state, _ in
      var copy = state
      copy.globalStep?.value = 77
      return copy
    }
    #expect(result.format == "optstate")
    #expect(result.state.globalStep?.value == 77)
    #expect(try StateFormats.open(folder("s.h5")).state.globalStep?.value == 77)
  }

  @Test
  func formatIsKeptOnlyWhereThatIsAskedFor() throws {
    #expect(
      try errorCode { _ = try Conversion.run(from: bert, to: folder("copy")) } == .invalidArgument
    )
    #expect(
      try Conversion.run(from: bert, to: folder("copy"), keepsFormat: true).format == "tensorflow"
    )
  }

  /// Names of outputs that are one of three data files, the index, the list, or a way to them.
  private static let names: [(output: String, format: String)] = [
    ("merged", "tensorflow"), ("merged.index", "tensorflow"), ("merged.index", "optstate"),
    ("merged.data-00000-of-00003", "optstate"), ("merged.data-00001-of-00003", "optstate"),
    ("merged.data-00002-of-00003", "optstate"), ("link.h5", "optstate"), ("hard.h5", "optstate"),
    ("folder/../merged.data-00001-of-00003", "optstate"), ("checkpoint", "optstate"),
  ]

  @Test(arguments: names)
  func noFileOfTheInputIsReplaced(_ output: String, _ format: String) throws {
    let prefix = try folder.copy(checkpoint: Fixtures.bundle("merged"), as: "merged")
    try writeFile(folder("checkpoint"), "model_checkpoint_path: \"merged\"\n")
    try FileManager.default.createDirectory(
      atPath: folder("folder"),
      withIntermediateDirectories: false
    )
    try FileManager.default.createSymbolicLink(
      atPath: folder("link.h5"),
      withDestinationPath: prefix + ".data-00001-of-00003"
    )
    try FileManager.default.linkItem(atPath: prefix + ".index", toPath: folder("hard.h5"))
    let names = try folder.names
    let files = names.filter { $0 != "folder" }
    let before = try files.map { try readFile(folder($0)) }
    // The list counts as input where the state was found by it.
    let input = output == "checkpoint" ? folder.path : prefix
    let error = try stateError {
      try Conversion.run(
        from: input,
        to: folder(output),
        format: format,
        options: WriteOptions(overwrite: true)
      )
    }
    #expect(error?.code == .invalidArgument)
    #expect(try folder.names == names)
    #expect(try files.map { try readFile(folder($0)) } == before)
  }

  @Test
  func filesThatAChangeReadsAreInputToo() throws {
    try writeFile(folder("spec.h5"), #"{"kind": "adamw", "learning_rate": 1}"#)
    let error = try stateError {
      try Conversion.run(
        from: bert,
        to: folder("spec.h5"),
        options: WriteOptions(overwrite: true)
      ) { state, _ in
        var copy = state
        copy.optimizer = try RecordSource.optimizer(folder("spec.h5"))
        return copy
      }
    }
    #expect(error?.code == .invalidArgument)
    #expect(try folder.names == ["spec.h5"])
  }

  @Test
  func checkpointBesideTheInputIsAddedToTheList() throws {
    let prefix = try folder.copy(checkpoint: bert, as: "model.ckpt-20")
    try writeFile(folder("checkpoint"), "model_checkpoint_path: \"model.ckpt-20\"\n")
    try Conversion.run(from: folder.path, to: folder("model.ckpt-21"))
    let list = String(decoding: try readFile(folder("checkpoint")), as: UTF8.self)
    #expect(list.hasPrefix("model_checkpoint_path: \"model.ckpt-21\"\n"))
    #expect(try readFile(folder("model.ckpt-21.index")) == readFile(prefix + ".index"))
  }

  @Test
  func listThatIsDamagedIsFoundOutBeforeAnythingIsWritten() throws {
    try writeFile(folder("checkpoint"), "model_checkpoint_path: \"open")
    let error = try stateError { try Conversion.run(from: bert, to: folder("model.ckpt-1")) }
    #expect(error?.code == .malformed)
    #expect(error?.file == folder("checkpoint"))
    #expect(try folder.names == ["checkpoint"])
  }

  @Test
  func replacedCheckpointKeepsItsPlaceInTheList() throws {
    for name in ["model.ckpt-1", "model.ckpt-2"] {
      try Conversion.run(from: bert, to: folder(name))
    }
    try Conversion.run(from: bert, to: folder("model.ckpt-1"), options: .init(overwrite: true))
    #expect(
      try readFile(folder("checkpoint"))
        == Array(
          """
          model_checkpoint_path: "model.ckpt-1"
          all_model_checkpoint_paths: "model.ckpt-2"
          all_model_checkpoint_paths: "model.ckpt-1"

          """.utf8
        )
    )
  }
}
