internal import Dispatch
internal import Synchronization

/// Hands the results of parallel work to a consumer in the order of their numbers.
///
/// A number that is too far ahead of the one that is next waits, so that one slow item cannot let the
/// results of those behind it pile up; the next one never waits, so somebody always gets on.
package final class OrderedQueue<Result: Sendable>: Sendable {
  private struct State {
    var next = 0
    var results: [Int: Result] = [:]
    var waiting: [DispatchSemaphore] = []
    var hasFailed = false
  }

  private let state = Mutex(State())
  private let capacity: Int
  private let consume: @Sendable (Int, Result) throws -> Void

  /// Begins with the number 0.
  ///
  /// - Parameters:
  ///   - capacity: How far a number may be ahead of the next one.
  ///   - consume: Called with one result at a time.
  package init(capacity: Int, consume: @escaping @Sendable (Int, Result) throws -> Void) {
    self.capacity = capacity
    self.consume = consume
  }

  /// Makes the result of a number and consumes all that have become next in order.
  package func submit(_ number: Int, _ make: () throws -> Result) throws {
    while let turn = turn(of: number) { turn.wait() }
    do {
      let result = try make()
      try state.withLock { state in
        state.results[number] = result
        while !state.hasFailed, let ready = state.results.removeValue(forKey: state.next) {
          try consume(state.next, ready)
          state.next += 1
        }
        wakeAll(&state)
      }
    } catch {
      // The numbers behind this one will never be next: nobody may wait for that.
      state.withLock { state in
        state.hasFailed = true
        wakeAll(&state)
      }
      throw error
    }
  }

  /// What a number has to wait for, `nil` when it may begin.
  ///
  /// Everyone waits for a signal of their own: from a common one a thread that is far ahead could take
  /// the signal that was meant for the next in order, and then both would wait for ever.
  private func turn(of number: Int) -> DispatchSemaphore? {
    state.withLock { state in
      if state.hasFailed || number < state.next + capacity { return nil }
      let turn = DispatchSemaphore(value: 0)
      state.waiting.append(turn)
      return turn
    }
  }

  private func wakeAll(_ state: inout State) {
    for turn in state.waiting { turn.signal() }
    state.waiting = []
  }
}
