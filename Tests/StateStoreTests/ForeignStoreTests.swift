import HDF5
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import StateStore

/// Stores that another program made.
@Suite("StateStoreReader")
struct ForeignStoreTests {
  private func read(
    _ change: (HDF5Group) throws -> Void,
    header: [String: HDF5Value] = [:],
    without: String? = nil
  ) throws -> TrainingState {
    let directory = try TemporaryDirectory()
    do {
      let file = try HDF5File(creating: directory("s.h5"))
      var attributes: [String: HDF5Value] = [
        "format": .text("optstate"), "format_version": .integer(1), "source_format": .text("test"),
      ]
      attributes.merge(header) { $1 }
      for (name, value) in attributes where name != without {
        try file.root.setAttribute(name, value)
      }
      try change(file.root)
      try file.flush()
    }
    return try StateStoreReader.read(directory("s.h5"))
  }

  @Test
  func namesDecideTheOrderWhereNoIndexIsGiven() throws {
    let state = try read { root in
      for name in ["b", "a", "c"] {
        let group = try root.createGroup(name)
        _ = try group.createDataset("@value", .float32, [2])
        _ = try group.createDataset("momentum", .float32, [2])
      }
      _ = try root.createDataset("global_step", .int64, [])
    }
    #expect(state.variables.map(\.name) == ["a", "b", "c"])
    #expect(state.variables.allSatisfy { $0.slots.map(\.name) == [.momentum] })
    #expect(state.globalStep != nil)
  }

  @Test(arguments: [
    ("format", HDF5Value.text("other"), StateError.Code.unsupported),
    ("format", .integer(1), .unsupported), ("format_version", .integer(2), .unsupported),
    ("format_version", .integer(0), .unsupported), ("format_version", .text("1"), .malformed),
    ("format_version", .integers([1]), .malformed), ("source_format", .integer(1), .malformed),
  ])
  func headerThatIsNotOursIsRefused(
    _ name: String,
    _ value: HDF5Value,
    _ code: StateError.Code
  ) throws {
    #expect(try errorCode { _ = try read({ _ in }, header: [name: value]) } == code)
  }

  @Test(arguments: [
    ("format", StateError.Code.unsupported), ("format_version", .malformed),
    ("source_format", .malformed),
  ])
  func headerThatIsIncompleteIsRefused(_ name: String, _ code: StateError.Code) throws {
    #expect(try errorCode { _ = try read({ _ in }, without: name) } == code)
  }

  @Test
  func datasetWithoutAVariableIsRefused() throws {
    let error = try stateError {
      _ = try read { _ = try $0.createDataset("stray", .float32, [2]) }
    }
    #expect(error?.code == .malformed)
    #expect(error?.tensor == "/stray")
  }

  @Test(arguments: [HDF5Value.text("x"), .integers([1]), .real(1), .integer(-1), .integer(1 << 32)])
  func checksumThatIsNoneIsRefused(_ value: HDF5Value) throws {
    let error = try stateError {
      _ = try read { root in
        let group = try root.createGroup("w")
        try group.setAttribute("index", .integer(0))
        try group.createDataset("@value", .float32, [1]).setAttribute("crc32c", value)
      }
    }
    #expect(error?.code == .malformed)
    #expect(error?.tensor == "/w/@value")
  }

  @Test(arguments: [("bfloat16", ElementType.uint8), ("float64", .uint8), ("string", .uint8)])
  func declaredTypeThatDoesNotFitIsRefused(_ word: String, _ type: ElementType) throws {
    let code = try errorCode {
      _ = try read { root in
        let group = try root.createGroup("w")
        try group.setAttribute("index", .integer(0))
        try group.createDataset("@value", type, [3], chunk: nil).setAttribute("dtype", .text(word))
      }
    }
    #expect(code == .malformed)
  }

  @Test
  func unknownElementTypeIsNamed() throws {
    let error = try stateError {
      _ = try read { root in
        let group = try root.createGroup("w")
        try group.setAttribute("index", .integer(0))
        try group.createDataset("@value", .uint8, [3]).setAttribute("dtype", .text("float7"))
      }
    }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("float7") == true)
  }

  @Test(arguments: [([2], ElementType.int64), ([], .int32), ([], .float64)])
  func stepThatIsNoScalarIntegerIsRefused(_ dimensions: [Int], _ type: ElementType) throws {
    let code = try errorCode {
      _ = try read { _ = try $0.createDataset("global_step", type, dimensions) }
    }
    #expect(code == .malformed)
  }

  @Test
  func otherFilesAreNotRecognized() throws {
    let directory = try TemporaryDirectory()
    try writeFile(directory("empty"), [])
    try writeFile(directory("short"), [0x89, 0x48])
    try writeFile(directory("text"), "not an HDF5 file")
    for name in ["empty", "short", "text", "absent", ""] {
      #expect(try !StateStoreReader.recognizes(directory(name)), "\(name)")
    }
  }
}
