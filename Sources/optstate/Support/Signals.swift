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
    for number in handled {
      // Whoever starts a program with nohup wants it to outlive the terminal.
      let before = signal(number, SIG_DFL)
      if number == SIGHUP, isIgnoring(before) { signal(number, SIG_IGN) }
    }
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

  private static func isIgnoring(_ handler: __sighandler_t?) -> Bool {
    unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Ends with a signal's own status, as if it had never been caught, but for unfinished files.
  static func end(by number: Int32) {
    TemporaryFiles.removeAll {
      signal(number, SIG_DFL)
      block(SIG_UNBLOCK, [number])
      raise(number)
    }
  }

  private static let handled = [SIGINT, SIGTERM, SIGHUP, SIGPIPE]

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
