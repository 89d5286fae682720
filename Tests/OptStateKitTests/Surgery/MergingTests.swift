import OptStateKit
import TestSupport
import Testing

@Suite("Averaging and resizing")
struct MergingTests {
  @Test func parametersAreAveragedInDouble() throws {
    var states = try [Sample.adam(step: 1), Sample.adam(step: 3), Sample.adam(step: 2)]
    let numbers: [[Float]] = [[16_777_216, 1, 2, 3], [1, 2, 3, 4], [1, 5, 6, 8]]
    for place in states.indices {
      states[place].variables[0].value?.tensor = try floats(numbers[place], [2, 2])
    }
    let average = try Averaging.average(states)
    // In float32 16777216 + 1 + 1 would be 16777216.
    #expect(
      try Sample.numbers(average, "dense/kernel")
        == [Float(16_777_218.0 / 3), Float(8.0 / 3), Float(11.0 / 3), 5]
    )
    #expect(average.globalStep == nil)
    #expect(average.variables.allSatisfy { $0.slots.isEmpty })
    let full = try Averaging.average(states, withSlots: true)
    #expect(full.globalStep?.value == 3)
    #expect(try Sample.numbers(full, "dense/bias", .firstMoment) == Sample.first)
  }

  @Test func statesOfOtherShapesOrNamesAreRefused() throws {
    let source = try Sample.adam()
    var other = source
    other.variables[0].value?.tensor = try floats([1, 2, 3, 4])
    let error = try stateError { _ = try Averaging.average([source, other]) }
    #expect(error?.code == .malformed)
    #expect(error?.tensor == "dense/kernel")
    other = source
    other.variables[1].name = "dense/offset"
    #expect(try errorCode { _ = try Averaging.average([source, other]) } == .malformed)
    #expect(try errorCode { _ = try Averaging.average([source]) } == .invalidArgument)
  }

  @Test(arguments: [
    (Resizing.Fill.zero, [Float(0), 0]), (.mean, [2, 3]),
  ])
  func newRowsAreFilledAndTheirSlotsBegin(fill: Resizing.Fill, row: [Float]) throws {
    let (state, before) = try Resizing(rows: 4, fill: fill).apply(to: Sample.adam()) {
      $0 == "dense/kernel"
    }
    #expect(before == 2)
    #expect(try Sample.numbers(state, "dense/kernel") == [1, 2, 3, 4] + row + row)
    #expect(try Sample.numbers(state, "dense/kernel", .firstMoment) == Sample.first + [0, 0, 0, 0])
    let stretches = state.variables[0].slots[0].history.stretches
    #expect(stretches.map(\.firstRow) == [0, 2])
    #expect(stretches.map(\.start) == [0, 20])
    #expect(state.variables[1].slots.allSatisfy { $0.history.isPlain })
    // The new rows have seen no update: only the old ones are folded.
    let (folded, _) = try Debias(.fold).apply(to: state)
    let numbers = try Sample.numbers(folded, "dense/kernel", .firstMoment)
    #expect(numbers[4...].allSatisfy { $0 == 0 })
    #expect(abs(numbers[0] - Float(0.5 / (1 - Sample.power(0.9, 20)))) <= numbers[0].ulp)
    #expect(folded.variables[0].slots[0].history.stretches.map(\.isFolded) == [true, false])
  }

  @Test func normalRowsFollowFromTheirSeed() throws {
    func rows(_ seed: UInt64) throws -> [Float] {
      let fill = Resizing.Fill.normal(deviation: 0.5, seed: seed)
      let (state, _) = try Resizing(rows: 5000, fill: fill).apply(to: Sample.adam()) {
        $0 == "dense/kernel"
      }
      return Array(try Sample.numbers(state, "dense/kernel").dropFirst(4))
    }
    let numbers = try rows(7)
    #expect(try rows(7) == numbers)
    #expect(try rows(8) != numbers)
    let mean = numbers.reduce(0, +) / Float(numbers.count)
    let square = numbers.map { $0 * $0 }.reduce(0, +) / Float(numbers.count)
    #expect(abs(mean) < 0.02)
    #expect(abs(square.squareRoot() - 0.5) < 0.01)
  }

  @Test func rowsAreCutOffOnlyWhenForced() throws {
    let selection = { (name: String) in name == "dense/kernel" }
    let source = try Sample.adam()
    #expect(
      try errorCode { _ = try Resizing(rows: 1).apply(to: source, isSelected: selection) }
        == .unsupported
    )
    let (state, _) = try Resizing(rows: 1, allowsShrinking: true)
      .apply(to: source, isSelected: selection)
    #expect(try Sample.numbers(state, "dense/kernel") == [1, 2])
    #expect(try Sample.numbers(state, "dense/kernel", .secondMoment) == [0.01, 0.04])
  }
}
