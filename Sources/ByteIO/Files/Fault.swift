#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Synchronization

/// The seam at which tests make calls of the operating system fail.
///
/// In a release build nothing of it is left but the calls themselves.
package enum Fault {
  /// What is asked of the operating system.
  package enum Operation: Sendable {
    case create, open, read, write, sync, rename, link, exchange, remove, list
  }

  /// What happens in place of the call, or to it.
  package enum Effect: Sendable {
    /// It fails with an error number.
    case error(Int32)
    /// It moves no more than so many bytes.
    case atMost(Int)
  }

  /// Decides about each call that concerns a path; called from all threads.
  package typealias Plan = @Sendable (_ operation: Operation, _ path: String) -> Effect?

  #if DEBUG
  private static let plans = Mutex<[String: Plan]>([:])

  /// Follows a plan for every path in a folder while a body runs.
  package static func inject<Result>(
    in folder: String,
    _ plan: @escaping Plan,
    _ body: () throws -> Result
  ) rethrows -> Result {
    plans.withLock { $0[folder] = plan }
    defer { plans.withLock { $0[folder] = nil } }
    return try body()
  }

  private static func effect(_ operation: Operation, _ path: String) -> Effect? {
    let plan = plans.withLock { plans in
      plans.isEmpty ? nil : plans.first { path.hasPrefix($0.key) }?.value
    }
    return plan?(operation, path)
  }
  #endif

  /// A call whose negative result means that it failed.
  static func status(_ operation: Operation, _ path: String, _ call: () -> Int32) -> Int32 {
    #if DEBUG
    if case .error(let number) = effect(operation, path) {
      errno = number
      return -1
    }
    #endif
    return call()
  }

  /// A call that moves as many bytes as it is given, or fewer.
  static func transfer(
    _ operation: Operation,
    _ path: String,
    _ count: Int,
    _ call: (_ count: Int) -> Int
  ) -> Int {
    #if DEBUG
    switch effect(operation, path) {
    case .error(let number):
      errno = number
      return -1
    case .atMost(let limit): return call(min(limit, count))
    case nil: break
    }
    #endif
    return call(count)
  }
}
