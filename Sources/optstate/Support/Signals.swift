internal import OptStateKit

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What an interrupted run leaves behind: nothing.
enum Signals {
  /// Removes unfinished files when a signal ends the program.
  ///
  /// A thread of its own waits for signals, which all other threads block: no work on all cores can keep it
  /// from answering. To be called before any other thread is made.
  static func removeTemporaryFilesOnExit() {
    // A limit on the size of files is then an error of the write that meets it.
    signal(SIGXFSZ, SIG_IGN)
    // Whole languages ignore that a reader has gone away, and mean it for none of their children.
    signal(SIGPIPE, SIG_DFL)
    block(SIG_BLOCK, handled)
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread,
      nil,
      { _ in
        var signals = Signals.set(of: Signals.handled)
        var number: Int32 = 0
        while unsafe sigwait(&signals, &number) != 0 {}
        Signals.end(by: number)
        return nil
      },
      nil
    )
    // Without a thread that waits for them, signals end the program as they always do.
    if status != 0 { block(SIG_UNBLOCK, handled) }
  }

  /// Ends with a signal's own status, as if it had never been caught, but for unfinished files.
  static func end(by number: Int32) {
    TemporaryFiles.removeAll {
      signal(number, SIG_DFL)
      block(SIG_UNBLOCK, [number])
      raise(number)
    }
  }

  /// The signals that end the program, but for those that it was started to ignore: nohup, and a shell that runs a
  /// script's program in the background, want it to outlive them.
  private static let handled: [Int32] =
    [SIGPIPE] + [SIGINT, SIGTERM, SIGHUP].filter { !isIgnored($0) }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    let handler = unsafe action.__sigaction_handler.sa_handler
    return unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Blocks signals for this thread and those that it makes, or lets them through.
  private static func block(_ how: Int32, _ numbers: [Int32]) {
    var signals = set(of: numbers)
    unsafe pthread_sigmask(how, &signals, nil)
  }

  private static func set(of numbers: [Int32]) -> sigset_t {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for number in numbers { unsafe sigaddset(&signals, number) }
    return signals
  }
}
