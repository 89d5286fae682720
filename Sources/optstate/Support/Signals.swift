internal import Dispatch
internal import OptStateKit

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What an interrupted run leaves behind: nothing.
enum Signals {
  /// Removes unfinished files when a signal ends the program.
  static func removeTemporaryFilesOnExit() {
    // Whoever started this program may have blocked signals, and a child inherits that.
    unblock(handled)
    // A limit on the size of files is then an error of the write that meets it.
    signal(SIGXFSZ, SIG_IGN)
    for number in handled {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        // The handler keeps the source that calls it.
        withExtendedLifetime(source) { end(by: number) }
      }
      source.resume()
    }
  }

  /// Ends with a signal's own status, as if it had never been caught, but for unfinished files.
  static func end(by number: Int32) {
    TemporaryFiles.removeAll {
      signal(number, SIG_DFL)
      unblock([number])
      raise(number)
    }
  }

  private static let handled = [SIGINT, SIGTERM, SIGHUP, SIGPIPE]

  /// Lets signals through to this thread.
  private static func unblock(_ numbers: [Int32]) {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for number in numbers { unsafe sigaddset(&signals, number) }
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}
