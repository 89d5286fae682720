import ByteIO
import TestSupport
import Tensors
import Testing
import TorchContainer
import TrainingState

@testable import PyTorchCheckpoint

@Suite("Forged PyTorch files")
struct HostileTests {
  private static let attacks = (try? Files.rows(Files.hostile + "/attacks.tsv")) ?? []

  @Test
  func thereAreAttacks() { #expect(Self.attacks.count > 90) }

  @Test(arguments: attacks.map { $0[0] })
  func attackIsAnsweredByAnErrorThatConcernsTheData(_ name: String) throws {
    let row = try #require(Self.attacks.first { $0[0] == name })
    let allowed = Set(row[1].split(separator: ",").map(String.init))
    let path = "\(Files.hostile)/\(name)"
    let error = try stateError {
      guard try PyTorchReader.recognizes(path) else {
        throw StateError(.unsupported, "is not recognized", file: path)
      }
      let state = try PyTorchReader.read(path)
      for tensor in state.allTensors {
        _ = try TensorPass.verifiedBytes(of: NamedTensor(tensor.name, tensor.tensor))
      }
    }
    if allowed == ["0"] {
      #expect(error == nil)
    } else {
      #expect(error?.code.concernsData == true, "\(row[2])")
      #expect(error?.file == path)
    }
  }

  private static let refusals: [(name: String, word: String)] = [
    ("reduce.pt", "GLOBAL names 'os.system'"), ("inst.pt", "INST"), ("obj.pt", "os.system"),
    ("newobj.pt", "NEWOBJ"), ("newobj-ex.pt", "NEWOBJ_EX"),
    ("stack-global.pt", "STACK_GLOBAL names 'os.system'"), ("ext1.pt", "EXT1"),
    ("ext2.pt", "EXT2"), ("ext4.pt", "EXT4"), ("build.pt", "BUILD"), ("persid.pt", "PERSID"),
  ]

  @Test(arguments: refusals)
  func refusalNamesOperationAndOffset(_ name: String, _ word: String) throws {
    let error = try stateError { _ = try PyTorchReader.read("\(Files.hostile)/\(name)") }
    #expect(error?.message.contains(word) == true)
    #expect((error?.offset ?? 0) > 40)
    #expect(error?.tensor == "r/data.pkl")
  }

  @Test(arguments: ["adam", "views", "legacy"])
  func everyCutIsRefused(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let whole = try readFile(Files.path(name))
    for length in stride(from: 0, to: whole.count, by: max(1, whole.count / 400)) {
      try writeFile(directory("cut.pt"), Array(whole[..<length]))
      let code = try errorCode {
        guard try PyTorchReader.recognizes(directory("cut.pt")) else {
          throw StateError(.unsupported, "is not recognized")
        }
        _ = try PyTorchReader.read(directory("cut.pt"))
      }
      #expect(code?.concernsData == true, "\(length) bytes")
    }
  }

  @Test
  func flippedBitsNeverTrap() throws {
    let directory = try TemporaryDirectory()
    let whole = try readFile(Files.path("adam"))
    var random = SeededGenerator(seed: 5)
    for _ in 0..<300 {
      var forged = whole
      let place = Int.random(in: 0..<whole.count, using: &random)
      forged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      try writeFile(directory("f.pt"), forged)
      _ = try stateError {
        if try PyTorchReader.recognizes(directory("f.pt")) {
          let state = try PyTorchReader.read(directory("f.pt"))
          try PyTorchWriter.write(
            state,
            to: directory("o.pt"),
            options: WriteOptions(overwrite: true)
          )
        }
      }
    }
  }

  @Test
  func flippedBitsOfAPickleNeverTrap() throws {
    let pickle = try TorchFile.open(Files.path("adam"), allowing: .torch).pickle
    var random = SeededGenerator(seed: 6)
    for _ in 0..<4000 {
      var forged = pickle
      forged[Int.random(in: 2..<pickle.count, using: &random)] = UInt8.random(
        in: 0...255,
        using: &random
      )
      _ = try stateError {
        var reader = PickleReader(BlockCursor(forged, base: 0), allowing: .torch)
        let tree = try reader.read().value
        _ = PickleWriter.encode(tree)
        _ = try TorchSurvey(tree)
      }
    }
  }
}
