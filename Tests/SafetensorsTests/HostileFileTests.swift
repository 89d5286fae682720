import ByteIO
import Safetensors
import Tensors
import TestSupport
import Testing
import TrainingState

@Suite("SafetensorsReader on forged files")
struct HostileFileTests {
  static let attacks = Attack.all(of: "safetensors")

  @Test
  func attacksAreFound() {
    #expect(Self.attacks.count > 80)
  }

  @Test(arguments: attacks)
  func attackIsAnswered(_ attack: Attack) throws {
    let error = try stateError {
      let state = try SafetensorsReader.read(attack.path)
      do {
        try state.checkNames()
      } catch let error as StateError {
        throw error.inContext(file: attack.path)
      }
      _ = try TensorPass.sums(state.allTensors.map { NamedTensor($0.name, $0.tensor) })
    }
    if !attack.statuses.contains(0) {
      #expect(error?.code.concernsData == true)
      #expect(error?.file != nil)
    }
    if attack.statuses == [0] { #expect(error == nil) }
  }

  @Test(arguments: [
    ("hole", 26), ("trailing", 60), ("name-twice", 64), ("length-sign", 0), ("negative-size", 34),
    ("unknown-type", 22), ("fraction", 34),
  ])
  func errorHasTheOffset(_ name: String, _ least: Int) throws {
    let path = Fixtures.root + "/hostile/safetensors/\(name).safetensors"
    let error = try stateError { _ = try SafetensorsReader.read(path) }
    #expect(try #require(error?.offset) >= least)
    #expect(try #require(error?.offset) <= (try readFile(path)).count)
  }

  @Test(arguments: ["control", "empty-in-the-middle"])
  func everyPrefixIsRefused(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let intact = try readFile(Fixtures.root + "/hostile/safetensors/\(name).safetensors")
    for count in intact.indices {
      try writeFile(directory("x"), Array(intact[..<count]))
      let code = try errorCode { _ = try SafetensorsReader.read(directory("x")) }
      #expect(code?.concernsData == true, "\(count) bytes")
    }
  }

  @Test
  func everyFlippedBitOfAHeaderIsSurvived() throws {
    let directory = try TemporaryDirectory()
    let intact = try readFile(Fixtures.root + "/hostile/safetensors/control.safetensors")
    var refused = 0
    for bit in 0..<8 * (intact.count - 16) {
      var bytes = intact
      bytes[bit / 8] ^= 1 << (bit % 8)
      try writeFile(directory("x"), bytes)
      let code = try errorCode { _ = try SafetensorsReader.read(directory("x")) }
      if code != nil { refused += 1 }
    }
    #expect(refused > 4 * intact.count)
  }
}
