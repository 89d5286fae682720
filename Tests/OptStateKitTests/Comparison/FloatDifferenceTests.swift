import OptimizerCore
import Testing

@testable import OptStateKit
@testable import StateConversion
@testable import StateSurgery
@testable import StateTools
@testable import StateTraining

@Suite("FloatDifference")
struct FloatDifferenceTests {
  private func difference(
    _ first: [Float],
    _ second: [Float],
    ulp: UInt64 = 0,
    relative: Double? = nil
  ) -> FloatDifference {
    unsafe first.withUnsafeBytes { one in
      unsafe second.withUnsafeBytes { other in
        unsafe FloatDifference(one, other, ulp: ulp, relative: relative)
      }
    }
  }

  @Test(arguments: [1, 15, 16, 17, 33, 2048, 5000])
  func oneElementIsFoundWhereverItIs(count: Int) {
    let first = (0..<count).map { Float($0) + 0.5 }
    for place in [0, count / 2, count - 1] {
      var second = first
      second[place] = second[place].nextUp.nextUp
      let found = difference(first, second)
      #expect(found.count == 1 && found.largestULP == 2 && found.place == place)
      #expect(difference(first, second, ulp: 2).count == 0)
      #expect(difference(first, second, relative: 1e-6).count == 0)
      #expect(difference(first, second, relative: 1e-9).count == 1)
    }
  }

  @Test func theWorstOfManyIsPlaced() {
    var first = [Float](repeating: 1, count: 6000)
    var second = first.map(\.nextUp)
    second[4321] = 1.5
    first[17] = -1
    let found = difference(first, second)
    #expect(found.count == 6000 && found.place == 17 && found.largestRelative ?? 0 > 1.9)
  }

  @Test func zerosOfBothSignsDifferInBitsAlone() {
    let found = difference([0], [-0.0])
    #expect(found.count == 1 && found.largestULP == 0 && found.largestRelative == 0)
    #expect(difference([0], [-0.0], ulp: 1).count == 0)
    #expect(difference([0], [-0.0], relative: 0).count == 0)
  }

  @Test func equalBitsOfNaNAreEqualAndANumberNeverIs() {
    #expect(difference([.nan], [.nan]).count == 0)
    let padding = [Float](repeating: 1, count: 40)
    let found = difference(padding + [.nan], padding + [1], relative: 1e30)
    #expect(found.count == 1 && found.hasNaN && found.place == 40 && found.largestULP == nil)
  }

  @Test func infinityIsInfinitelyFar() {
    let padding = [Float](repeating: 1, count: 16)
    let found = difference(padding + [.infinity], padding + [3e38], relative: 1e30)
    #expect(found.count == 1 && found.largestRelative == .infinity)
  }

  @Test func valuesOfAllMagnitudesGiveTheDistanceOfAPlainLoop() {
    let first = (0..<4096).map {
      Float(sign: $0 % 3 == 0 ? .minus : .plus, exponent: $0 % 250 - 125, significand: 1.25)
    }
    let second = first.enumerated().map { $0.offset % 5 == 0 ? $0.element : -$0.element * 1.5 }
    let found = difference(first, second)
    var (count, largest) = (0, 0.0)
    for (one, other) in zip(first, second) where one != other {
      count += 1
      largest = max(largest, abs(Double(one) - Double(other)) / Double(max(abs(one), abs(other))))
    }
    #expect(found.count == count && found.largestRelative == largest)
  }
}
