import Tensors
import TestSupport
import Testing
import TrainingState

@Suite("States, variables and tensors by name and number")
struct AccessTests {
  @Test func floatsComeBackAsTheyWere() throws {
    let numbers: [Float] = [1, -0.0, .leastNonzeroMagnitude, .infinity, 3.5, -7]
    let tensor = try Tensor(numbers, shape: [2, 3])
    #expect(tensor.elementType == .float32 && tensor.shape.dimensions == [2, 3])
    #expect(try tensor.floats().map(\.bitPattern) == numbers.map(\.bitPattern))
    #expect(try Tensor([], shape: [0, 4]).floats().isEmpty)
    #expect(try Tensor([2.5], shape: []).floats() == [2.5])
  }

  @Test func otherTypesAreConverted() throws {
    let halves = try Tensor(.bfloat16, .vector(2), bytes: [0x80, 0x3F, 0x00, 0xC0])
    #expect(try halves.floats() == [1, -2])
    #expect(try Tensor.scalar(41).floats() == [41])
    #expect(throws: StateError.self) { try Tensor(.string, .scalar, bytes: [1, 65]).floats() }
  }

  @Test func numbersThatDoNotFitTheShapeAreRefused() {
    #expect(throws: StateError.self) { try Tensor([1, 2, 3], shape: [2, 2]) }
    #expect(throws: StateError.self) { try Tensor([1], shape: [-1]) }
  }

  @Test func damagedNumbersAreNotHandedOut() throws {
    let sound = try Tensor([1, 2], shape: [2])
    let damaged = Tensor(.float32, sound.shape, byteCount: 8, checksum: 1, source: sound.source)
    #expect(throws: StateError.self) { try damaged.floats() }
  }

  @Test func variablesAndSlotsAreReachedByName() throws {
    func tensor(_ number: Float) throws -> StateTensor {
      StateTensor("t", try Tensor([number], shape: [1]))
    }
    var state = TrainingState(
      variables: [
        Variable("a", value: try tensor(1), slots: [Slot(.firstMoment, try tensor(2))]),
        Variable("b", value: try tensor(3)),
      ],
      origin: Origin(recorded: "test")
    )
    #expect(try state["a"]?[.firstMoment]?.tensor.tensor.floats() == [2])
    #expect(state["c"] == nil && state["b"]?[.firstMoment] == nil)
    state["a"]?[.firstMoment]?.tensor.tensor = try Tensor([9], shape: [1])
    state["b"]?[.secondMoment] = Slot(.secondMoment, try tensor(4))
    #expect(try state.variables[0].slots[0].tensor.tensor.floats() == [9])
    #expect(state.variables[1].slots.map(\.name) == [.secondMoment])
    state["a"]?[.firstMoment] = nil
    state["c"] = Variable("c", value: try tensor(5))
    state["b"] = nil
    #expect(state.variables.map(\.name) == ["a", "c"] && state.variables[0].slots.isEmpty)
  }

  @Test func namesAreTheSameOnlyByteForByte() throws {
    var state = TrainingState(
      variables: [Variable("caf\u{E9}", value: nil)],
      origin: Origin(recorded: "test")
    )
    #expect(state["cafe\u{301}"] == nil)
    state["cafe\u{301}"] = Variable("cafe\u{301}", value: nil)
    #expect(state.variables.count == 2)
  }
}
