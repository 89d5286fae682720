import ByteIO
import Synchronization
import Tensors
import TestSupport
import Testing

@Suite("OrderedQueue", .timeLimit(.minutes(1)))
struct OrderedQueueTests {
  private final class Consumed: Sendable {
    let numbers = Mutex<[Int]>([])
  }

  @Test(arguments: [1, 2, 3, 8])
  func resultsAreConsumedInOrderWhoeverIsFaster(_ capacity: Int) throws {
    for round in 0..<20 {
      let consumed = Consumed()
      let count = 1000
      let queue = OrderedQueue<Int>(capacity: capacity) { number, result in
        #expect(result == 3 * number)
        consumed.numbers.withLock { $0.append(number) }
      }
      // A late signal that the wrong one takes would end this loop for ever.
      try Workers.forEach(count: count, makeState: { SeededGenerator(seed: UInt64(round)) }) {
        random,
        number in
        try queue.submit(number) {
          for _ in 0..<random.next() % 64 { _ = random.next() }
          return 3 * number
        }
      }
      #expect(consumed.numbers.withLock { $0 } == Array(0..<count))
    }
  }

  @Test(arguments: [0, 1, 499, 999])
  func failureOfOneReachesTheCallerAndStopsTheOthers(_ bad: Int) throws {
    let consumed = Consumed()
    let queue = OrderedQueue<Int>(capacity: 2) { number, _ in
      consumed.numbers.withLock { $0.append(number) }
    }
    let code = try errorCode {
      try Workers.forEach(count: 1000, makeState: {}) { _, number in
        try queue.submit(number) {
          if number == bad { throw StateError(.truncated, "bad") }
          return number
        }
      }
    }
    #expect(code == .truncated)
    // In order and nothing behind it; the one before it may still have been at work.
    let numbers = consumed.numbers.withLock { $0 }
    #expect(numbers == Array(0..<numbers.count))
    #expect((bad - 1...bad).contains(numbers.count))
  }

  @Test
  func failureOfTheConsumerReachesTheCaller() throws {
    let queue = OrderedQueue<Int>(capacity: 2) { number, _ in
      if number == 300 { throw StateError(.inputOutput, "full") }
    }
    let code = try errorCode {
      try Workers.forEach(count: 1000, makeState: {}) { _, number in
        try queue.submit(number) { number }
      }
    }
    #expect(code == .inputOutput)
  }
}
