import TestSupport
import Testing

@testable import ByteIO

@Suite("WindowPlan")
struct WindowPlanTests {
  enum Sharing: CaseIterable {
    case always, never, afterEven
    func mayShare(_ previous: Int) -> Bool {
      switch self {
      case .always: true
      case .never: false
      case .afterEven: previous % 2 == 0
      }
    }
  }

  /// All lists of up to four of these sizes, around a capacity of eight.
  private static let sizes: [[Int]] = {
    var lists: [[Int]] = [[]]
    var all = lists
    for _ in 0..<4 {
      lists = lists.flatMap { list in [0, 1, 5, 8, 9, 17].map { list + [$0] } }
      all += lists
    }
    return all
  }()

  @Test(arguments: Sharing.allCases)
  func everyListOfSizesIsCoveredOnceInOrderWithinCapacity(_ sharing: Sharing) {
    for sizes in Self.sizes {
      let plan = WindowPlan(sizes, capacity: 8) { tensor, previous in
        #expect(tensor == previous + 1)
        return sharing.mayShare(previous)
      }
      check(plan, sizes, sharing)
    }
  }

  private func check(_ plan: WindowPlan, _ sizes: [Int], _ sharing: Sharing) {
    var ends = [Int](repeating: 0, count: sizes.count)
    var seen: Set<Int> = []
    for (piece, next) in zip(plan.pieces, plan.pieces.dropFirst()) {
      #expect(piece.tensor <= next.tensor)
    }
    for piece in plan.pieces {
      #expect(piece.offset == ends[piece.tensor])
      // Cuts fall on whole windows, so on whole elements.
      #expect(piece.offset % 8 == 0)
      ends[piece.tensor] += piece.count
      #expect(piece.count > 0 || sizes[piece.tensor] == 0)
      seen.insert(piece.tensor)
    }
    #expect(ends == sizes)
    #expect(seen.count == sizes.count)
    #expect(plan.windows.flatMap { Array($0) } == Array(plan.pieces.indices))
    for window in plan.windows {
      #expect(plan.pieces[window].reduce(0) { $0 + $1.count } <= 8)
      #expect(!window.isEmpty)
      for index in window.dropFirst() {
        let (previous, tensor) = (plan.pieces[index - 1].tensor, plan.pieces[index].tensor)
        #expect(tensor == previous + 1 && sharing.mayShare(previous))
      }
    }
  }

  @Test
  func smallTensorsShareWindows() {
    let plan = WindowPlan([Int](repeating: 4, count: 100_000), capacity: 1 << 20) { _, _ in true }
    #expect(plan.windows.count == 1)
  }
}
