internal import Dispatch
internal import Synchronization

/// A line on the terminal that shows how far long work has come; nothing on a pipe.
final class ProgressBar: Sendable {
  private let label: String
  private let countsBytes: Bool
  private let start = DispatchTime.now()
  private let lastDrawn = Mutex<Double>(0)

  /// - Parameters:
  ///   - label: What is being done.
  ///   - countsBytes: Whether the work is counted in bytes, whose speed is shown.
  init(_ label: String, countsBytes: Bool = true) {
    self.label = label
    self.countsBytes = countsBytes
  }

  /// What a pass calls, `nil` when there is no terminal to draw on.
  var handler: (@Sendable (Int, Int) -> Void)? {
    guard Output.isTerminal else { return nil }
    return { done, total in self.draw(done, total) }
  }

  private func draw(_ done: Int, _ total: Int) {
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
    let isFinished = done == total
    let isDue = lastDrawn.withLock { last in
      // Short work shows nothing; a bar that was shown is wiped in the end.
      guard isFinished ? last > 0 : seconds > 0.5 && seconds - last > 0.1 else { return false }
      last = seconds
      return true
    }
    guard isDue, total > 0 else { return }
    if isFinished {
      Output.write("\r\u{1B}[K")
      return
    }
    let filled = 30 * done / total
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
    let rate = countsBytes ? "  \(Units.bytes(Int(Double(done) / seconds)))/s" : ""
    Output.write(
      "\r\u{1B}[K\(label) \(bar) \(100 * done / total) %\(rate)  \(left(done, total, seconds))"
    )
  }

  /// The time that the rest takes at the speed so far, once that says something.
  private func left(_ done: Int, _ total: Int, _ seconds: Double) -> String {
    guard done > 0, seconds > 2 else { return "" }
    let rest = Int((seconds * Double(total - done) / Double(done)).rounded(.up))
    let (minutes, last) = (rest / 60, rest % 60)
    return "\(minutes):\(last < 10 ? "0" : "")\(last) left"
  }
}
