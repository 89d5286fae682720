internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The same work on every core.
package enum Workers {
  /// Cores that the machine has online.
  package static let count = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  /// Hands the numbers from 0 to `count` - 1 to all cores, each number once, in rising order.
  ///
  /// - Parameters:
  ///   - count: How many items there are.
  ///   - makeState: Makes what one worker keeps for its whole life, such as its buffer.
  ///   - body: Treats one item.
  /// - Throws: The first error of any worker; no further items are begun after it. `CancellationError` where the task
  ///   that calls is cancelled, and items are left.
  package static func forEach<State>(
    count: Int,
    makeState: @Sendable () throws -> State,
    body: @Sendable (inout State, Int) throws -> Void
  ) throws {
    // Other threads may be done with all items before the caller's begins.
    if count > 0 { try BackgroundWork.checkCancellation() }
    let next = Atomic<Int>(0)
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: min(Workers.count, count)) { _ in
      do {
        var state = try makeState()
        while true {
          // The caller's thread is one of the workers, and alone knows of its task. An item that was taken is always
          // treated: others may wait for it.
          if next.load(ordering: .relaxed) < count { try BackgroundWork.checkCancellation() }
          let item = next.add(1, ordering: .relaxed).oldValue
          if item >= count { break }
          try body(&state, item)
        }
      } catch {
        next.store(count, ordering: .relaxed)
        failure.withLock { $0 = $0 ?? error }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
