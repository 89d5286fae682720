import ByteIO
import JAXCheckpoint
import Tensors
import TestSupport
import Testing
import TrainingState

@Suite("FlaxReader and OrbaxReader on forged files")
struct HostileFileTests {
  static let flax = Attack.all(of: "flax")
  static let orbax = Attack.all(of: "orbax")

  @Test
  func attacksAreFound() {
    #expect(Self.flax.count > 40)
    #expect(Self.orbax.count > 90)
  }

  @Test(arguments: flax + orbax)
  func attackIsAnswered(_ attack: Attack) throws {
    let error = try stateError {
      let probe = StateProbe(attack.path)
      let isFlax = try FlaxReader.recognizes(probe)
      guard try isFlax || OrbaxReader.recognizes(probe) else {
        throw StateError(.unsupported, "no state", file: attack.path)
      }
      let state =
        isFlax
        ? try FlaxReader.read(probe, options: ReadOptions())
        : try OrbaxReader.read(probe, options: ReadOptions())
      do {
        try state.checkNames()
      } catch let error as StateError {
        throw error.inContext(file: attack.path)
      }
      let tensors = state.allTensors.map { NamedTensor($0.name, $0.tensor) }
      try TensorPass.verifyOrigins(of: tensors)
      _ = try TensorPass.sums(tensors)
    }
    if attack.statuses == [0] {
      #expect(error == nil)
    } else {
      #expect(
        error?.code.concernsData == true || attack.statuses == [66],
        "\(String(describing: error))"
      )
      #expect(error != nil)
    }
  }

  @Test(arguments: ["control", "control-pieces"])
  func everyFlippedBitIsSurvived(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let intact = try readFile(Fixtures.root + "/hostile/flax/\(name).msgpack")
    var refused = 0
    for bit in 0..<8 * intact.count {
      var bytes = intact
      bytes[bit / 8] ^= 1 << (bit % 8)
      try writeFile(directory("x"), bytes)
      let code = try errorCode { _ = try FlaxReader.read(directory("x")) }
      if code != nil { refused += 1 }
    }
    #expect(refused > intact.count)
  }

  /// The frames have sums: behind them every flipped bit would be refused as damage, so each is made right again.
  @Test(arguments: ["manifest.ocdbt", "d/data"])
  func everyFlippedBitOfADatabaseIsSurvived(_ file: String) throws {
    let directory = try TemporaryDirectory()
    let source = Fixtures.root + "/hostile/orbax/control/"
    for name in ["_METADATA", "manifest.ocdbt"] {
      try writeFile(directory(name), try readFile(source + name))
    }
    _ = try FileSystem.createDirectory(directory("d"))
    try writeFile(directory("d/data"), try readFile(source + "d/data"))
    let intact = try readFile(source + file)
    var refused = 0
    for bit in 0..<8 * (intact.count - 4) {
      var bytes = Array(intact.dropLast(4))
      bytes[bit / 8] ^= 1 << (bit % 8)
      bytes += littleEndian([CRC32C.of(bytes).value])
      try writeFile(directory(file), bytes)
      let code = try errorCode {
        let state = try OrbaxReader.read(directory.path)
        for tensor in state.allTensors { _ = try tensor.tensor.bytes() }
      }
      if code != nil { refused += 1 }
    }
    #expect(refused > intact.count)
  }
}
