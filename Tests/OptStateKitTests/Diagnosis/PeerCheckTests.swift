import OptStateKit
import TestSupport
import Testing

@Suite("PeerCheck")
struct PeerCheckTests {
  private static func tensor(_ name: String, _ numbers: [Float], _ shape: [Int]) throws
    -> StateTensor
  {
    StateTensor(name, try floats(numbers, shape))
  }

  /// A variable with these second moments, by the element's number, and first ones half as large as can be.
  private static func variable(
    _ name: String,
    _ shape: [Int],
    square: (Int) -> Float
  ) throws -> Variable {
    let count = shape.reduce(1, *)
    let squares = (0..<count).map(square)
    let first = squares.enumerated().map { $1.squareRoot() * ($0 % 2 == 0 ? 0.5 : -0.5) }
    return Variable(
      name,
      value: try tensor(name, [Float](repeating: 1, count: count), shape),
      slots: [
        Slot(.firstMoment, try tensor("\(name)/adam_m", first, shape)),
        Slot(.secondMoment, try tensor("\(name)/adam_v", squares, shape)),
      ]
    )
  }

  private static func found(_ variables: [Variable], _ framework: String = "tensorflow") throws
    -> [Finding]
  {
    let state = TrainingState(
      variables: variables,
      globalStep: GlobalStep(200),
      optimizer: try OptimizerRecord(spec: "adam:learning_rate=0.001"),
      origin: Origin(recorded: framework)
    )
    let path = Fixtures.tensorFlow("2.21.0/bert/model.ckpt-20")
    return try Diagnosis(path) { _ in state }.findings
  }

  private static func many(_ count: Int, large: Set<Int>, by factor: Float = 10_000) throws
    -> [Variable]
  {
    try (0..<count).map { number in
      var variable = try variable("layer_\(number)/kernel", [4, 8]) { 1e-6 * Float($0 % 7 + 1) }
      if large.contains(number) {
        let numbers = (0..<32).map { 1e-6 * factor * Float($0 % 7 + 1) }
        variable.slots[1].tensor = try tensor("v", numbers, [4, 8])
      }
      return variable
    }
  }

  @Test func aSecondMomentThatIsTooLargeStandsOut() throws {
    #expect(try Self.found(Self.many(8, large: [])).isEmpty)
    let findings = try Self.found(Self.many(8, large: [5]))
    #expect(findings.map(\.code) == [.unlikePeers])
    #expect(findings.first?.variable == "layer_5/kernel")
    #expect(findings.first?.remedy?.contains("reset") == true)
  }

  @Test func whatIsWithinTheUsualSpreadOrCommonDoesNot() throws {
    // A fifth of the usual ratio was seen in sound runs.
    #expect(try Self.found(Self.many(8, large: [5], by: 25)).isEmpty)
    #expect(try Self.found(Self.many(8, large: [1, 3, 5])).isEmpty)
    #expect(try Self.found(Self.many(4, large: [1])).isEmpty)
  }

  /// Squares of gradients go with the outputs, whose biases have the same.
  @Test(arguments: [false, true])
  func momentsThatLieAcrossAreFound(_ isTurned: Bool) throws {
    let scale: (Int) -> Float = { [1e-8, 1e-4, 1e-7, 1e-5, 1e-6, 1e-3, 1e-8, 1e-5][$0] }
    // Inputs differ as well, in another way.
    let input: (Int) -> Float = { [2, 1, 8, 4, 1, 2, 1, 1][$0] }
    let square = try Self.variable("dense/kernel", [8, 8]) { place in
      let (row, column) = (place / 8, place % 8)
      return isTurned ? scale(row) * input(column) : scale(column) * input(row)
    }
    let bias = try Self.variable("dense/bias", [8]) { scale($0) }
    let findings = try Self.found([square, bias])
    #expect(findings.map(\.code) == (isTurned ? [.unlikePeers] : []))
    if isTurned { #expect(findings.first?.message.contains("lie across") == true) }
  }
}
