internal import Dispatch
internal import Synchronization

/// Long work of this library for callers that must not block, such as a server's tasks.
///
/// All functions that read or write states block the thread that calls them and use all cores. A task that calls one
/// holds a thread of Swift's cooperative pool for as long; here the work gets a thread of its own:
///
/// ```swift
/// let verification = try await BackgroundWork.run { try Verification("state.h5") }
/// ```
public enum BackgroundWork {
  /// Told to work that a task waits for: that the task was cancelled.
  private final class Signal: Sendable {
    let isCancelled = Atomic(false)
  }

  @TaskLocal private static var signal: Signal?

  /// Runs work on a thread of its own and waits for it without blocking one of the pool.
  ///
  /// When the task is cancelled, work that passes over tensors ends within the megabyte that it is at, and what it was
  /// writing is removed.
  ///
  /// - Parameter work: What to do.
  /// - Returns: What the work returns.
  /// - Throws: What the work throws, `CancellationError` where it ended because the task was cancelled.
  public static func run<Result: Sendable>(
    _ work: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    let signal = Signal()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
          continuation.resume(
            with: Swift.Result {
              try $signal.withValue(signal) {
                try checkCancellation()
                return try work()
              }
            }
          )
        }
      }
    } onCancel: {
      signal.isCancelled.store(true, ordering: .relaxed)
    }
  }

  /// Ends work that nobody waits for any more.
  ///
  /// - Throws: `CancellationError` where the task that calls was cancelled, or the one that waits.
  package static func checkCancellation() throws {
    if signal?.isCancelled.load(ordering: .relaxed) == true { throw CancellationError() }
    try Task.checkCancellation()
  }
}
