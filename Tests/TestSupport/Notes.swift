import Synchronization

/// Collects what a writer says that it leaves out.
package final class Notes: Sendable {
  private let sentences = Mutex<[String]>([])

  package init() {}

  /// Keeps a sentence.
  package func add(_ sentence: String) { sentences.withLock { $0.append(sentence) } }

  /// All sentences so far.
  package var all: [String] { sentences.withLock { $0 } }
}
