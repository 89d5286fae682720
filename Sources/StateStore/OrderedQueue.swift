internal import Dispatch
internal import Synchronization

/// Hands the results of parallel work to a consumer in the order of their numbers.
///
/// At most `capacity` numbers are under way, so that one slow item cannot let the results of those
/// behind it pile up. Numbers must be begun in rising order, as ``Workers`` does.
final class OrderedQueue<Result: Sendable>: Sendable {
  private struct State {
    var next = 0
    var waiting: [Int: Result] = [:]
    var hasFailed = false
  }

  private let state = Mutex(State())
  private let places: DispatchSemaphore
  private let consume: @Sendable (Int, Result) throws -> Void

  /// - Parameters:
  ///   - capacity: Numbers that may be under way.
  ///   - consume: Called with one result at a time.
  init(capacity: Int, consume: @escaping @Sendable (Int, Result) throws -> Void) {
    places = DispatchSemaphore(value: capacity)
    self.consume = consume
  }

  /// Makes the result of a number and consumes all that have become next in order.
  func submit(_ number: Int, _ make: () throws -> Result) throws {
    places.wait()
    do {
      if state.withLock({ $0.hasFailed }) {
        places.signal()
        return
      }
      let result = try make()
      try state.withLock { state in
        state.waiting[number] = result
        while !state.hasFailed, let ready = state.waiting.removeValue(forKey: state.next) {
          try consume(state.next, ready)
          state.next += 1
          places.signal()
        }
      }
    } catch {
      // The numbers behind this one will never be next: let those who wait for a place go.
      let waiting = state.withLock { state in
        state.hasFailed = true
        return state.waiting.count
      }
      for _ in 0...waiting { places.signal() }
      throw error
    }
  }
}
