import JAXCheckpoint
import OptimizerCore
import Tensors
import TestSupport
import Testing
import TrainingState

@Suite
struct FlaxReaderTests {
  private func state(
    _ bytes: [UInt8],
    optimizer: OptimizerRecord? = nil
  ) throws -> TrainingState {
    let directory = try TemporaryDirectory()
    let path = directory("s.msgpack")
    try writeFile(path, bytes)
    let state = try FlaxReader.read(path, options: ReadOptions(optimizer: optimizer))
    for tensor in state.allTensors { _ = try tensor.tensor.bytes() }
    return state
  }

  @Test
  func momentsBelongToTheirParameters() throws {
    let state = try state(FlaxFile.bytes)
    #expect(state.globalStep?.value == 3)
    #expect(state.variables.map(\.name) == ["dense/bias", "dense/kernel", "half"])
    for variable in state.variables {
      #expect(variable.step == 3)
      #expect(variable.slots.map(\.name) == [.firstMoment, .secondMoment])
    }
    #expect(state.variables[2].value?.tensor.elementType == .bfloat16)
    #expect(state.optimizerTensors.map(\.name) == ["opt_state/1/2/count"])
    #expect(state.extras.map(\.name) == ["~msgpack"])
  }

  @Test
  func whatSharesAStateIsToldByTheOptimizer() throws {
    let state = try state(FlaxFile.bytes, optimizer: OptimizerRecord(kind: "adamax"))
    #expect(state.variables[0].slots.map(\.name) == [.firstMoment, .infinityNorm])
  }

  @Test
  func everyPrefixIsRefused() throws {
    let directory = try TemporaryDirectory()
    for count in FlaxFile.bytes.indices {
      try writeFile(directory("x"), Array(FlaxFile.bytes[..<count]))
      let code = try errorCode { _ = try FlaxReader.read(directory("x")) }
      #expect(code?.concernsData == true, "\(count) bytes")
    }
  }

  static let forged: [(String, [UInt8], StateError.Code)] = [
    ("a count of members that cannot be there", [0xDF, 0xFF, 0xFF, 0xFF, 0xFF], .truncated),
    ("a key twice", [0x82, 0xA1, 0x61, 0x01, 0xA1, 0x61, 0x01], .malformed),
    ("a byte that begins nothing", [0x81, 0xA1, 0x61, 0xC1], .malformed),
    ("bytes behind the value", [0x81, 0xA1, 0x61, 0x01, 0x00], .malformed),
    ("a text that is no UTF-8", [0x81, 0xA1, 0xFF, 0x01], .malformed),
    ("maps in maps", deep([0x81, 0xA1, 0x61]), .limitExceeded),
    ("keys that are maps", deep([0x81]), .limitExceeded),
    (
      "extensions in extensions",
      [0x81, 0xA1, 0x61] + deep([0xC7, 0xFF, 2, 0x92]),
      .limitExceeded
    ),
    ("a short array", array([0x91, 4, 0xA7] + float + [0xC4, 4, 0, 0, 0, 0]), .malformed),
    ("a negative size", array([0x91, 0xFF, 0xA7] + float + [0xC4, 0]), .malformed),
    (
      "a shape that overflows",
      array([0x92] + most + most + [0xA7] + float + [0xC4, 0]),
      .malformed
    ),
    (
      "an extension that is longer than its array",
      [0x81, 0xA1, 0x61, 0xC7, 17, 1, 0x93, 0x90, 0xA7] + float + [0xC4, 4, 0, 0, 0, 0, 0],
      .malformed
    ),
    (
      "pieces without a shape",
      [0x81, 0xA1, 0x61, 0x81, 0xB9] + Array("__msgpack_chunked_array__".utf8) + [0xC3],
      .malformed
    ),
  ]

  private static let float = Array("float32".utf8)
  private static let most: [UInt8] = [0xCF, 0x7F] + [UInt8](repeating: 0xFF, count: 7)

  private static func deep(_ level: [UInt8]) -> [UInt8] {
    Array(repeatElement(level, count: 5000).joined())
  }

  private static func array(_ inside: [UInt8]) -> [UInt8] {
    [0x81, 0xA1, 0x61, 0xC7, UInt8(inside.count + 1), 1, 0x93] + inside
  }

  @Test(arguments: forged)
  func forgedFileIsRefused(_ attack: String, _ bytes: [UInt8], _ code: StateError.Code) throws {
    #expect(try errorCode { _ = try state(bytes) } == code, "\(attack)")
  }
}
