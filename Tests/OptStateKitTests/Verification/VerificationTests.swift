import OptStateKit
import TestSupport
import Testing

@Suite("Verification")
struct VerificationTests {
  private let folder: TemporaryDirectory
  private let bert = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")

  init() throws {
    folder = try TemporaryDirectory()
  }

  @Test(arguments: Fixtures.bundles)
  func everythingThatTensorFlowWroteIsSound(_ prefix: String) throws {
    let verification = try Verification(Fixtures.tensorFlow(prefix))
    #expect(verification.isSound)
    #expect(verification.withoutChecksum.isEmpty)
  }

  @Test
  func reportCountsTensorsAndBytes() throws {
    let verification = try Verification(bert)
    #expect(verification.tensorCount == 139)
    #expect(verification.format == "tensorflow")
    guard case .object(let report) = verification.json else {
      Issue.record("the report is no object")
      return
    }
    #expect(
      Set(report.members.map(\.name)) == [
        "format", "sound", "tensors", "bytes", "failures", "without_checksum",
      ]
    )
    #expect(report["sound"] == .bool(true))
    #expect(report["tensors"] == .int(139))
  }

  @Test
  func everyDamagedTensorIsNamedAndNoOther() throws {
    let copy = try folder.copy(checkpoint: bert, as: "model.ckpt-20")
    var bytes = try readFile(copy + ".data-00000-of-00001")
    bytes[0] ^= 1
    bytes[bytes.count / 2] ^= 128
    try writeFile(copy + ".data-00000-of-00001", bytes)
    let verification = try Verification(copy)
    #expect(!verification.isSound)
    #expect(verification.failures.count == 2)
    #expect(verification.failures.first?.tensor == "bert/embeddings/LayerNorm/beta")
    #expect(verification.failures.allSatisfy { $0.message.contains("CRC-32C") })
  }

  @Test
  func damagedStepIsAFailureAndNoError() throws {
    let copy = try folder.copy(checkpoint: bert, as: "model.ckpt-20")
    let state = try StateFormats.open(copy).state
    let before = state.allTensors.filter {
      ($0.index ?? .max) < (state.globalStep?.tensor.index ?? 0)
    }
    let offset = before.reduce(0) { $0 + $1.tensor.byteCount }
    var bytes = try readFile(copy + ".data-00000-of-00001")
    bytes[offset] ^= 1
    try writeFile(copy + ".data-00000-of-00001", bytes)
    let verification = try Verification(copy)
    #expect(verification.failures.map(\.tensor) == ["global_step"])
    #expect(verification.format == nil)
  }

  @Test(arguments: [("strings", "data-00000-of-00001"), ("variants", "data-00000-of-00001")])
  func lastByteOfStringsAndVariantsCounts(_ name: String, _ file: String) throws {
    let copy = try folder.copy(checkpoint: Fixtures.bundle(name), as: name)
    var bytes = try readFile("\(copy).\(file)")
    bytes[bytes.count - 1] ^= 1
    try writeFile("\(copy).\(file)", bytes)
    #expect(try !Verification(copy).isSound)
  }

  @Test
  func stateThatCannotBeReadIsAnError() throws {
    #expect(try errorCode { _ = try Verification(folder("none")) } == .notFound)
    try writeFile(folder("text.h5"), "no state")
    #expect(try errorCode { _ = try Verification(folder("text.h5")) } == .unsupported)
  }
}
