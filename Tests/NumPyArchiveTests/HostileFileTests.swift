import ByteIO
import NumPyArchive
import Tensors
import TestSupport
import Testing
import TrainingState

@Suite("NumPyReader on forged files")
struct HostileFileTests {
  static let attacks = Attack.all(of: "numpy")

  @Test
  func attacksAreFound() {
    #expect(Self.attacks.count > 55)
  }

  @Test(arguments: attacks)
  func attackIsAnswered(_ attack: Attack) throws {
    let directory = try TemporaryDirectory()
    let error = try stateError {
      let state = try NumPyReader.read(attack.path)
      try NumPyWriter.write(state, to: directory("x.npz"), options: WriteOptions())
    }
    if !attack.statuses.contains(0) {
      #expect(error?.code.concernsData == true)
      #expect(error?.file != nil)
      #expect(try directory.names.isEmpty)
    }
    if attack.statuses == [0] { #expect(error == nil) }
  }

  @Test(arguments: ["control.npy", "control.npz", "deflated.npz"])
  func everyPrefixIsRefused(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let intact = try readFile(Fixtures.root + "/hostile/numpy/" + name)
    for count in intact.indices {
      try writeFile(directory("x"), Array(intact[..<count]))
      let code = try errorCode { _ = try NumPyReader.read(directory("x")) }
      #expect(code?.concernsData == true, "\(count) bytes")
    }
  }

  @Test(arguments: ["control.npz", "deflated.npz"])
  func everyFlippedBitOfContentIsNoticedOrOfNoAccount(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let sound = try NumPyReader.read(Fixtures.root + "/hostile/numpy/" + name)
    try NumPyWriter.write(sound, to: directory("sound.npz"), options: WriteOptions())
    let intact = try readFile(Fixtures.root + "/hostile/numpy/" + name)
    let file = try PositionalFile.open(Fixtures.root + "/hostile/numpy/" + name)
    for member in try ZipArchive(file).members {
      for bit in 8 * member.offset..<8 * (member.offset + member.storedByteCount) {
        var bytes = intact
        bytes[bit / 8] ^= 1 << (bit % 8)
        try writeFile(directory("x"), bytes)
        let error = try stateError {
          let state = try NumPyReader.read(directory("x"))
          try NumPyWriter.write(
            state,
            to: directory("y.npz"),
            options: WriteOptions(overwrite: true)
          )
        }
        // A deflated stream has bits that nobody reads.
        let isSame =
          try error == nil && readFile(directory("y.npz")) == readFile(directory("sound.npz"))
        #expect(error?.code.concernsData ?? (isSame && member.isDeflated), "\(member.name), \(bit)")
      }
    }
  }
}
