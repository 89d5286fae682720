import Synchronization

/// Counts from 0, asked by any thread.
package final class Counter: Sendable {
  private let value = Atomic<Int>(0)

  package init() {}

  /// The next number.
  package func next() -> Int { value.add(1, ordering: .relaxed).oldValue }

  /// How many numbers were taken.
  package var count: Int { value.load(ordering: .relaxed) }
}
