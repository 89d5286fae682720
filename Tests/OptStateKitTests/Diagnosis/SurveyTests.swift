import OptimizerCore
import Testing

@testable import OptStateKit
@testable import StateConversion
@testable import StateSurgery
@testable import StateTools
@testable import StateTraining

/// Surveys beside plain loops, with every count of elements around the width of a vector.
@Suite("Surveys")
struct SurveyTests {
  private static let counts = Array(0...70) + [2047, 2048, 2049, 4097]

  private static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int64(bitPattern: state) >> 20) * 0x1p-40
    }
  }

  private static func special(_ numbers: [Float]) -> [Float] {
    var numbers = numbers
    for (index, value) in [Float.nan, .infinity, 0, -.infinity, -0.0].enumerated() {
      let place = index * 7 + numbers.count / 3
      if place < numbers.count { numbers[place] = value }
    }
    return numbers
  }

  @Test(arguments: counts, [false, true])
  func statisticsAreThoseOfAPlainLoop(count: Int, isSpecial: Bool) {
    let plain = Self.numbers(count, seed: UInt64(count))
    let numbers = isSpecial ? Self.special(plain) : plain
    let finite = numbers.filter(\.isFinite)
    for withSums in [true, false] {
      let survey = unsafe numbers.withUnsafeBytes { unsafe FloatSurvey($0, withSums: withSums) }
      #expect(survey.zeros == numbers.filter { $0 == 0 }.count)
      #expect(survey.nan == numbers.filter(\.isNaN).count)
      #expect(survey.inf == numbers.filter(\.isInfinite).count)
      if let least = finite.min(), let most = finite.max() {
        #expect(survey.min == least && survey.max == most)
      } else {
        #expect(survey.min > survey.max)
      }
      guard withSums else { continue }
      let sum = finite.reduce(0.0) { $0 + Double($1) }
      let squares = finite.reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(abs(survey.sum - sum) <= 1e-12 * squares.squareRoot() * Double(count))
      #expect(abs(survey.sumOfSquares - squares) <= 1e-13 * squares)
    }
  }

  @Test(arguments: counts)
  func ratiosAreThoseOfAPlainLoop(count: Int) {
    let m = Self.numbers(count, seed: 7)
    let v = Self.numbers(count, seed: 8).map { abs($0) + 1e-6 }
    let ratios = zip(m, v).map { abs($0) / ($1 + 1e-30).squareRoot() }
    for limit in [Float(0.5), 2, 1e9] {
      let found = unsafe m.withUnsafeBytes { m in
        unsafe v.withUnsafeBytes { v in
          unsafe MomentRatio(m, v, room: 1e-30, limit: limit)
        }
      }
      #expect(found.largest == ratios.max() ?? 0)
      #expect(found.beyond == ratios.filter { $0 > limit }.count)
    }
  }

  @Test func whatIsNoNumberTakesNoPartInRatios() {
    let m: [Float] = [.nan, 1, 1, .infinity, 2] + [Float](repeating: 0, count: 40)
    let v: [Float] = [1, -1, .nan, 1, 1] + [Float](repeating: 0, count: 40)
    let found = unsafe m.withUnsafeBytes { m in
      unsafe v.withUnsafeBytes { v in unsafe MomentRatio(m, v, room: 0, limit: 1) }
    }
    #expect(found.largest == 2 && found.beyond == 1)
  }

  @Test(arguments: [(4, 3), (5, 7), (100, 16)], [1, 3, 16, 64, 1000])
  func zeroRowsAreCountedAcrossPieces(shape: (rows: Int, length: Int), piece: Int) {
    var m = [Float](repeating: 0, count: shape.rows * shape.length)
    let v = m
    var wanted = shape.rows
    for row in stride(from: 1, to: shape.rows, by: 3) {
      m[row * shape.length + row % shape.length] = 1
      wanted -= 1
    }
    var rows = ZeroRows(rowLength: shape.length)
    for first in stride(from: 0, to: m.count, by: piece) {
      let range = first..<min(first + piece, m.count)
      unsafe Array(m[range]).withUnsafeBytes { m in
        unsafe Array(v[range]).withUnsafeBytes { v in
          rows.add(unsafe ZeroRows(m, v, first: first, rowLength: shape.length))
        }
      }
    }
    #expect(rows.count == wanted)
  }
}
