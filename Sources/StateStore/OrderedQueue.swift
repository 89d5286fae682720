#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Hands the results of parallel work to a consumer in the order of their numbers.
///
/// A number that is too far ahead of the one that is next waits, so that one slow item cannot let the
/// results of those behind it pile up; the next one never waits, so somebody always gets on.
@safe final class OrderedQueue<Result: Sendable>: @unchecked Sendable {
  // Sendable because everything mutable is touched with `mutex` held.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let hasAdvanced = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var next = 0
  private var results: [Int: Result] = [:]
  private var hasFailed = false

  private let capacity: Int
  private let consume: @Sendable (Int, Result) throws -> Void

  /// Makes a queue that begins with number 0.
  ///
  /// - Parameters:
  ///   - capacity: How far a number may be ahead of the next one.
  ///   - consume: Called with one result at a time.
  init(capacity: Int, consume: @escaping @Sendable (Int, Result) throws -> Void) {
    self.capacity = capacity
    self.consume = consume
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(hasAdvanced, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(hasAdvanced)
    unsafe pthread_mutex_destroy(mutex)
    unsafe hasAdvanced.deallocate()
    unsafe mutex.deallocate()
  }

  /// Makes the result of a number and consumes all that have become next in order.
  func submit(_ number: Int, _ make: () throws -> Result) throws {
    locked {
      while !hasFailed, number >= next + capacity {
        _ = unsafe pthread_cond_wait(hasAdvanced, mutex)
      }
    }
    do {
      let result = try make()
      try locked {
        results[number] = result
        while !hasFailed, let ready = results.removeValue(forKey: next) {
          try consume(next, ready)
          next += 1
        }
        unsafe pthread_cond_broadcast(hasAdvanced)
      }
    } catch {
      // The numbers behind this one will never be next: nobody may wait for that.
      locked {
        hasFailed = true
        unsafe pthread_cond_broadcast(hasAdvanced)
      }
      throw error
    }
  }

  private func locked(_ body: () throws -> Void) rethrows {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    try body()
  }
}
