internal import OptimizerCore
import ByteIO
import TestSupport
import Tensors
import Testing
import TrainingState

@testable import PyTorchCheckpoint

@Suite("Slots that bitsandbytes keeps in eight bits")
struct EightBitTests {
  private static let folder = Fixtures.root + "/reference/pytorch/bitsandbytes-0.50.2"
  static let names = ["adamw8bit", "bare", "adamw"]

  private static func read(_ name: String) throws -> TrainingState {
    try PyTorchReader.read("\(folder)/\(name).pt")
  }

  @Test(arguments: names)
  func numbersAreThoseThatTheLibraryMakes(_ name: String) throws {
    let state = try Self.read(name)
    #expect(state.optimizer?.kind == "adamw")
    #expect(state.globalStep?.value == 3)
    let rows = try Files.rows("\(Self.folder)/\(name).numbers.tsv")
    var slots: [String: Slot] = [:]
    for variable in state.variables {
      for slot in variable.slots { slots["\(variable.name)\t\(slot.name)"] = slot }
    }
    #expect(slots.count == rows.count)
    for row in rows {
      let tensor = try #require(slots["\(row[0])\t\(row[1])"]).tensor.tensor
      #expect(tensor.shape.dimensions.map(String.init).joined(separator: ",") == row[2])
      #expect(CRC32.of(try tensor.bytes()).value == UInt32(row[3], radix: 16), "\(row)")
    }
    let kept = state.variables.flatMap(\.slots).count { $0.tensor.tensor.quantization != nil }
    #expect(kept == (name == "adamw" ? 0 : 2))
  }

  @Test(arguments: names)
  func aFileComesBackByteForByte(_ name: String) throws {
    let directory = try TemporaryDirectory()
    let state = try Self.read(name)
    try PyTorchWriter.write(state, to: directory("\(name).pt"), options: WriteOptions())
    #expect(try readFile(directory("\(name).pt")) == readFile("\(Self.folder)/\(name).pt"))
  }

  @Test
  func changedNumbersAreNotPutInThePlaceOfCodes() throws {
    var state = try Self.read("adamw8bit")
    let place = try #require(state.variables.firstIndex { $0.name == "0.weight" })
    let tensor = state.variables[place].slots[0].tensor.tensor
    state.variables[place].slots[0].tensor.tensor = try tensor.multiplied(by: 2)
    let directory = try TemporaryDirectory()
    let changed = state
    let error = try stateError {
      try PyTorchWriter.write(changed, to: directory("c.pt"), options: WriteOptions())
    }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("eight bits") == true)
  }
}
