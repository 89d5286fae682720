import ByteIO
import Tensors
import TestSupport
import Testing
import TrainingState

@testable import DeepSpeedCheckpoint

@Suite("ZeroReader and UniversalReader on forged directories")
struct HostileFileTests {
  static let attacks = Attack.all(of: "sharded").filter { !$0.description.hasPrefix("dcp-") }

  @Test
  func attacksAreFound() {
    #expect(Self.attacks.count > 60)
  }

  @Test(arguments: attacks)
  func attackIsAnswered(_ attack: Attack) throws {
    let error = try stateError {
      let isUniversal = attack.description.hasPrefix("universal-")
      let state =
        isUniversal ? try UniversalReader.read(attack.path) : try ZeroReader.read(attack.path)
      try TensorPass.verifyOrigins(of: state.allTensors.map { NamedTensor($0.name, $0.tensor) })
    }
    if attack.statuses == [0] {
      #expect(error == nil)
    } else if attack.statuses.contains(0) {
      #expect(error?.code.concernsData != false)
    } else {
      #expect(
        error.map { $0.code.concernsData || $0.code == .notFound }
          == true,
        "\(String(describing: error))"
      )
    }
  }

  private func fault(_ name: String) throws -> StateError? {
    let path = Fixtures.root + "/hostile/sharded/" + name
    return try stateError { _ = try ZeroReader.read(path) }
  }

  /// Missing, cut, surplus and foreign: the file, its rank and the parameters in it.
  @Test(arguments: [
    ("zero-two-first-none", 0), ("zero-two-second-none", 1), ("zero-two-cut", 1),
    ("zero-two-empty", 1), ("zero-two-world", 1), ("zero-two-longer", 1), ("zero-two-step", 1),
    ("zero-two-rate", 1), ("zero-pieces-model-none", 1), ("zero-pieces-optimizer-none", 1),
    ("zero-pieces-steps", 1), ("zero-pieces-step", 1), ("zero-pieces-longer", 1),
  ])
  func rankAndParametersAreNamed(_ name: String, _ rank: Int) throws {
    let error = try fault(name)
    #expect(error?.file?.contains("zero_pp_rank_\(rank)_mp_rank_00") == true)
    #expect(error?.message.hasSuffix("rank \(rank) holds parts of w") == true)
  }

  /// What is wrong with the optimizer's files of stage 2 leaves the parameters.
  @Test(arguments: ["zero-two-second-none", "zero-two-cut", "zero-two-step", "zero-two-none"])
  func parametersAreLeft(_ name: String) throws {
    let probe = StateProbe(Fixtures.root + "/hostile/sharded/" + name)
    let state = try ZeroReader.read(probe, options: ReadOptions())
    #expect(state.fault != nil)
    #expect(state.variables.map(\.name) == ["w"])
    #expect(state.variables[0].slots.isEmpty)
  }

  /// Bytes of every file changed: an answer, never a trap.
  @Test(arguments: ["zero-two-control", "zero-pieces-control", "universal-control"])
  func changedBytesNeverTrap(_ name: String) throws {
    let source = Fixtures.root + "/hostile/sharded/" + name
    let directory = try TemporaryDirectory()
    let names = try FileSystem.files(below: source)
    for file in names {
      _ = try FileSystem.createDirectory(FileSystem.directory(of: directory(file)))
      try writeFile(directory(file), try readFile(FileSystem.path(source, file)))
    }
    for file in names {
      let sound = try readFile(directory(file))
      for place in stride(from: 0, to: sound.count, by: 37) {
        var forged = sound
        forged[place] ^= place % 2 == 0 ? 0xFF : 0x01
        try writeFile(directory(file), forged)
        let code = try errorCode {
          let state =
            name.hasPrefix("universal")
            ? try UniversalReader.read(directory.path) : try ZeroReader.read(directory.path)
          _ = state.allTensors.count
        }
        #expect(code == nil || code == .notFound || code?.concernsData == true, "\(file) \(place)")
      }
      try writeFile(directory(file), sound)
    }
  }
}
